//! Which client asks: by a secret, by an assertion, or only by its name (RFC 6749, 2.3).

use aws_lc_rs::{constant_time, digest};

use super::{AuthMethod, Client, GrantType, assertion};
use crate::{
    Error,
    app::{App, OWN_CLIENT},
    store::{Tx, client_secrets, clients as rows},
};

/// What each secret begins with: whoever looks for secrets where none should be can tell what it is.
pub(super) const PREFIX: &str = "rcs_";

/// By what a client says that it is one.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// By its name alone.
    Name,
    /// By a secret in a Basic header.
    Basic(&'a str),
    /// By a secret in the form.
    Post(&'a str),
    /// By an assertion that it signed.
    Assertion(&'a str),
}

impl Credential<'_> {
    fn method(self) -> AuthMethod {
        match self {
            Credential::Name => AuthMethod::None,
            Credential::Basic(_) => AuthMethod::ClientSecretBasic,
            Credential::Post(_) => AuthMethod::ClientSecretPost,
            Credential::Assertion(_) => AuthMethod::PrivateKeyJwt,
        }
    }
}

/// A client that has proved who it is, as far as it can.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// `None`: the built-in one.
    client: Option<Client>,
    /// The secret that it was.
    secret: Option<String>,
}

impl Authenticated {
    /// The built-in client: public and first-party.
    pub const BUILT_IN: Authenticated = Authenticated { client: None, secret: None };

    /// `client_id`.
    pub fn id(&self) -> &str {
        self.client.as_ref().map_or(OWN_CLIENT, |client| &client.id)
    }

    /// What is known of it; of the built-in one, nothing need be.
    pub fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    /// Whether it only says who it is, which anybody can (RFC 6749, 2.1).
    pub fn is_public(&self) -> bool {
        self.client.as_ref().is_none_or(|client| client.auth_method == AuthMethod::None)
    }

    /// Whether it may ask for tokens by this grant. The built-in one may for people, by all there are.
    pub fn may(&self, grant: GrantType) -> bool {
        match &self.client {
            Some(client) => client.grant_types.contains(&grant),
            None => grant != GrantType::ClientCredentials,
        }
    }

    /// The client as of this transaction, since between the proof and here others had their turn; `None` when it would
    /// not prove any more who it is. That it is called something else now, say, does not matter.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be read.
    pub async fn as_of(&self, tx: &mut Tx) -> Result<Option<Authenticated>, Error> {
        let Some(before) = &self.client else { return Ok(Some(self.clone())) };
        let Some(client) = rows::find(tx, &before.id).await? else { return Ok(None) };
        if client.disabled || client.auth_method != before.auth_method || client.jwks != before.jwks {
            return Ok(None);
        }
        if let Some(secret) = &self.secret {
            let known = client_secrets::of_client(tx, &client.id).await?;
            if known.iter().all(|known| known.id != *secret) {
                return Ok(None);
            }
        }
        Ok(Some(Authenticated { client: Some(client), secret: self.secret.clone() }))
    }
}

/// Who proves that it is this client; `None` for one that is unknown or disabled, a wrong secret, and another way to
/// prove it than the one that is registered. Nothing is counted: nobody guesses 256 bits.
///
/// # Errors
/// [`Error::Store`] when it cannot be read now.
pub async fn authenticate(app: &App, id: &str, by: Credential<'_>) -> Result<Option<Authenticated>, Error> {
    if id == OWN_CLIENT {
        return Ok(matches!(by, Credential::Name).then_some(Authenticated::BUILT_IN));
    }
    // A text that is no id of ours is nobody's. PostgreSQL does not even compare some of them.
    if uuid::Uuid::try_parse(id).is_err() {
        return Ok(None);
    }
    let mut tx = app.store.glance().await?;
    let found = rows::find(&mut tx, id).await?;
    let Some(client) = found.filter(|client| !client.disabled && client.auth_method == by.method()) else {
        return Ok(None);
    };
    let secret = match by {
        Credential::Name => None,
        Credential::Basic(secret) | Credential::Post(secret) => {
            let sent = hash(secret);
            let is_sent = |hash: &[u8]| constant_time::verify_slices_are_equal(hash, &sent).is_ok();
            let known = client_secrets::of_client(&mut tx, id).await?;
            let Some(known) = known.into_iter().find(|known| is_sent(&known.hash)) else { return Ok(None) };
            Some(known.id)
        }
        Credential::Assertion(sent) => {
            // To write that it was used takes another transaction.
            drop(tx);
            if !assertion::holds(app, &client, sent).await? {
                return Ok(None);
            }
            None
        }
    };
    Ok(Some(Authenticated { client: Some(client), secret }))
}

/// What is stored of a secret. It has 256 random bits: nothing slower is needed.
pub(super) fn hash(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.as_bytes()).as_ref().to_vec()
}
