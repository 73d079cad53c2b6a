//! What is said of a client, member by member (RFC 7591, 2), and what of it can be true together.

use rolecall_core::{Algorithm, KeySet, jwk::VerifyingKey};
use serde_json::Value;

use super::{AuthMethod, Client, GrantType};
use crate::{Error, apis, app::App, names, store::Tx, uris};

/// Most entries of a list, and most keys.
const MOST: usize = 20;
const MOST_KEYS: usize = 8;

/// What an administrator says of a client, by the names of RFC 7591; `None` stays as it is, or as a new one has it.
#[derive(Debug, Default)]
pub struct Said {
    /// What people call it.
    pub client_name: Option<String>,
    /// How it proves who it is; by a secret in a Basic header, if nobody says.
    pub token_endpoint_auth_method: Option<String>,
    /// By what it may ask for tokens; for itself, if nobody says and it can prove who it is.
    pub grant_types: Option<Vec<String>>,
    /// Where people may be sent back to.
    pub redirect_uris: Option<Vec<String>>,
    /// Its public keys, or none.
    pub jwks: Option<Option<Value>>,
    /// Whether people type their passwords into it.
    pub first_party: Option<bool>,
    /// The API that its tokens are for when it names none, or what is so for everybody.
    pub default_audience: Option<Option<String>>,
    /// Whose tokens it may ask about.
    pub apis: Option<Vec<String>>,
    /// From which origins browsers may call for it.
    pub cors_origins: Option<Vec<String>>,
    /// Whether it gets nothing, and nothing that was issued to it counts.
    pub disabled: Option<bool>,
}

impl Said {
    /// A client of which all this is so.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the member.
    pub fn of_a_new_one(mut self, id: String, created_at: i64) -> Result<Client, Error> {
        self.client_name.get_or_insert_default();
        let nothing = Client {
            id,
            name: String::new(),
            auth_method: AuthMethod::ClientSecretBasic,
            jwks: None,
            first_party: false,
            default_audience: None,
            disabled: false,
            created_at,
            grant_types: vec![],
            redirect_uris: vec![],
            cors_origins: vec![],
            apis: vec![],
        };
        let says_grants = self.grant_types.is_some();
        let mut client = self.applied(nothing)?;
        if !says_grants && client.auth_method != AuthMethod::None {
            client.grant_types.push(GrantType::ClientCredentials);
        }
        Ok(client)
    }

    /// The client as it is then.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the member.
    pub fn applied(self, mut client: Client) -> Result<Client, Error> {
        if let Some(name) = self.client_name {
            client.name = names::shown("client_name", &name)?;
        }
        if let Some(method) = self.token_endpoint_auth_method {
            client.auth_method = method.parse().map_err(|_| {
                let all = AuthMethod::ALL.map(AuthMethod::as_str).join("`, `");
                Error::Invalid(format!("`token_endpoint_auth_method` is one of `{all}`"))
            })?;
        }
        if let Some(grants) = self.grant_types {
            client.grant_types = each("grant_types", grants, |grant| {
                grant.parse().map_err(|_| {
                    let all = GrantType::ALL.map(GrantType::as_str).join("`, `");
                    Error::Invalid(format!("`grant_types` has some of `{all}`"))
                })
            })?;
        }
        if let Some(jwks) = self.jwks {
            client.jwks = jwks.as_ref().map(key_set).transpose()?;
        }
        if let Some(uris) = self.redirect_uris {
            client.redirect_uris = each("redirect_uris", uris, uris::redirect_uri)?;
        }
        if let Some(origins) = self.cors_origins {
            client.cors_origins = each("cors_origins", origins, uris::origin)?;
        }
        if let Some(apis) = self.apis {
            client.apis = each("apis", apis, uris::api_identifier)?;
        }
        if let Some(api) = self.default_audience {
            client.default_audience = api.as_deref().map(uris::api_identifier).transpose()?;
        }
        client.first_party = self.first_party.unwrap_or(client.first_party);
        client.disabled = self.disabled.unwrap_or(client.disabled);
        Ok(client)
    }
}

/// A list, parsed: in order, each once.
fn each<T: Ord>(member: &str, said: Vec<String>, parse: impl Fn(&str) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    if said.len() > MOST {
        return Err(Error::Invalid(format!("`{member}` has at most {MOST} entries")));
    }
    let mut parsed = said.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    parsed.sort_unstable();
    parsed.dedup();
    Ok(parsed)
}

/// Public keys that can verify, and nothing else, as we write them. One that cannot be read is no key to be left out:
/// its owner counts on it.
fn key_set(jwks: &Value) -> Result<String, Error> {
    let invalid = |why: String| Error::Invalid(format!("`jwks`: {why}"));
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or_else(|| invalid("`keys` is a list of keys".into()))?;
    if keys.is_empty() || keys.len() > MOST_KEYS {
        return Err(invalid(format!("there are 1 to {MOST_KEYS} keys")));
    }
    let key = |(number, jwk): (usize, &Value)| {
        let key = VerifyingKey::from_jwk(jwk).map_err(|why| invalid(format!("key {}: {why}", number + 1)))?;
        match key.algorithm() {
            Algorithm::Hs256 => Err(invalid(format!("key {}: a shared secret is no public key", number + 1))),
            _ => Ok(key),
        }
    };
    let keys = keys.iter().enumerate().map(key).collect::<Result<Vec<_>, _>>()?;
    KeySet::new(keys).map(|keys| keys.to_jwks().to_string()).map_err(|why| invalid(why.to_string()))
}

/// The keys of a client, as they were stored.
pub fn keys_of(client: &Client) -> Result<KeySet, Error> {
    let Some(text) = &client.jwks else { return Ok(KeySet::default()) };
    let jwks = serde_json::from_str(text).map_err(Error::internal)?;
    KeySet::from_jwks(&jwks).map_err(Error::internal)
}

/// By which names its assertions call them.
pub fn key_ids(client: &Client) -> Vec<String> {
    keys_of(client).map(|keys| keys.iter().map(|key| key.kid().to_owned()).collect()).unwrap_or_default()
}

/// Whether what is said of a client can be true together, and the APIs that it names beside those of `before` are there.
///
/// # Errors
/// [`Error::Invalid`] says what cannot be.
pub async fn hold_together(app: &App, tx: &mut Tx, client: &Client, before: Option<&Client>) -> Result<(), Error> {
    let invalid = |why: &str| Err(Error::Invalid(why.into()));
    let may = |grant| client.grant_types.contains(&grant);
    if client.auth_method == AuthMethod::None && may(GrantType::ClientCredentials) {
        return invalid("`grant_types`: a client that cannot prove who it is (`none`) gets no token for itself");
    }
    if may(GrantType::Password) && !client.first_party {
        return invalid(
            "`grant_types`: `password` is for clients that are `first_party`: others see nobody's password",
        );
    }
    match (client.auth_method == AuthMethod::PrivateKeyJwt, client.jwks.is_some()) {
        (true, false) => return invalid("`jwks` is missing: `private_key_jwt` takes the public keys of the client"),
        (false, true) => {
            return invalid(
                "`jwks` is for `private_key_jwt`; set `token_endpoint_auth_method` to it, or `jwks` to null",
            );
        }
        _ => {}
    }
    let named = |client: &'_ Client| client.apis.iter().chain(&client.default_audience).cloned().collect::<Vec<_>>();
    let known = before.map(named).unwrap_or_default();
    for api in named(client).iter().filter(|api| !known.contains(api)) {
        if !apis::is_known(app, tx, api).await? {
            return invalid(
                "`apis` and `default_audience` name APIs by their `identifier`; make it first, at `/admin/apis`",
            );
        }
    }
    Ok(())
}
