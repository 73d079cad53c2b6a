//! Keys from elsewhere, so that an issuer can move in with its own: as a JWK (RFC 7517) or in PEM (RFC 7468).
//!
//! Who has the key can sign whatever he likes, so bringing one in is handing out everything.

use rolecall_core::{Subject, json, jwk::AnyKey};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Keys, NewKey, Ring, Shown, life::AHEAD};
use crate::{Error, actor::Actor, audit::Act, change::Change, ids, rbac};

/// From so many bits on, an RSA key signs here: as strong as the other kinds, 128 bits (NIST SP 800-57 part 1, 5.6.1).
const STRONG: usize = 3072;
/// Characters of a `kid`. It is in every token.
const LONGEST_KID: usize = 128;

/// A key as somebody handed it over. It is overwritten when it has been read.
pub enum Handed {
    /// One JWK.
    Jwk(Value),
    /// One key in PEM.
    Pem(Zeroizing<String>),
}

impl Drop for Handed {
    fn drop(&mut self) {
        match self {
            Handed::Jwk(jwk) => json::wipe(jwk),
            Handed::Pem(_) => {}
        }
    }
}

impl Handed {
    /// Whatever a file has, told apart by how it begins.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no text, or no good JSON.
    pub fn read(bytes: &[u8]) -> Result<Handed, Error> {
        if bytes.trim_ascii_start().starts_with(b"{") {
            let jwk = json::parse(bytes).map_err(|error| Error::Invalid(format!("this is no good JSON: {error}")))?;
            return Ok(Handed::Jwk(jwk));
        }
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains("-----BEGIN"));
        let text = text.ok_or_else(|| {
            Error::Invalid(
                "this is neither a JWK nor a key in PEM; one in DER becomes PEM by `openssl pkey -inform DER -in FILE`"
                    .into(),
            )
        })?;
        Ok(Handed::Pem(Zeroizing::new(text.to_owned())))
    }

    /// The key in it, under the name that it is to have.
    fn key(&mut self, kid: Option<&str>) -> Result<AnyKey, Error> {
        let refused = |error| Error::Invalid(format!("the key cannot be taken: {error}"));
        let key = match self {
            Handed::Pem(text) => {
                let key = AnyKey::from_pem(text).map_err(refused)?;
                match kid {
                    Some(kid) => key.with_kid(kid).map_err(refused)?,
                    None => key,
                }
            }
            Handed::Jwk(jwk) => {
                name(jwk, kid)?;
                AnyKey::from_jwk(jwk).map_err(refused)?
            }
        };
        let kid = key.verifying_key().kid();
        // A path of a URL ends in it, where dots alone mean another one.
        let good = kid.len() <= LONGEST_KID && kid.bytes().all(|byte| byte.is_ascii_graphic());
        if !good || kid.bytes().all(|byte| byte == b'.') {
            let text = format!("`kid` is at most {LONGEST_KID} ASCII characters, without spaces, and not dots alone");
            return Err(Error::Invalid(text));
        }
        Ok(key)
    }
}

/// Gives a JWK without a `kid` the one that was said for it; a secret gets one at random, since by its thumbprint anybody
/// could try secrets.
fn name(jwk: &mut Value, said: Option<&str>) -> Result<(), Error> {
    let invalid = |text: &str| Err(Error::Invalid(text.into()));
    let Some(members) = jwk.as_object_mut() else { return invalid("a JWK is a JSON object") };
    let is_secret = members.get("kty").is_some_and(|kty| kty == "oct");
    match (members.contains_key("kid"), said) {
        _ if members.contains_key("keys") => return invalid("this is a set of keys: leave the one that is meant"),
        (true, Some(_)) => return invalid("the JWK has a `kid` of its own: leave the other one out"),
        (false, Some(said)) => drop(members.insert("kid".into(), said.into())),
        (false, None) if is_secret => drop(members.insert("kid".into(), ids::secret::<12>()?.into())),
        (_, None) => {}
    }
    Ok(())
}

/// A key from elsewhere that was found good.
pub struct Imported {
    new: NewKey,
    signs: bool,
}

impl Imported {
    /// Reads a key, on a thread of its own: RSA takes its time. `kid` is for one that has none of its own. `signs` says
    /// whether it is to sign here; without it, it does if it can. If it does not, its private half is not kept.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is not one key that is good here, and for one that is to sign and cannot: a public one,
    /// or RSA below 3072 bits.
    pub async fn read(mut handed: Handed, kid: Option<String>, signs: Option<bool>) -> Result<Imported, Error> {
        let read = move || Imported::of(handed.key(kid.as_deref())?, signs);
        tokio::task::spawn_blocking(read).await.map_err(Error::internal)?
    }

    fn of(key: AnyKey, signs: Option<bool>) -> Result<Imported, Error> {
        let cannot = match &key {
            AnyKey::Verifying(_) => Some("a public key"),
            AnyKey::Signing(key) if key.verifying_key().modulus_bits().is_some_and(|bits| bits < STRONG) => {
                Some("an RSA key below 3072 bits")
            }
            AnyKey::Signing(_) => None,
        };
        if let (Some(cannot), Some(true)) = (cannot, signs) {
            return Err(Error::Invalid(format!("{cannot} verifies here and does not sign")));
        }
        let signs = cannot.is_none() && signs != Some(false);
        Ok(Imported { new: NewKey::of(key, signs)?, signs })
    }
}

/// Publishes a key from elsewhere. One that signs does so as soon as everybody who verifies can have it, as if it had been
/// made here; a secret, which nobody fetches, at once, or just after a key that waits already. The one that signs now retires then.
///
/// # Errors
/// [`Error::Beyond`] for who does not hold everything; [`Error::Invalid`] for a secret that comes in over the network;
/// [`Error::KeyKnown`]; [`Error::TooManyKeys`].
pub async fn import(change: &mut Change, Imported { new, signs }: &Imported) -> Result<Shown, Error> {
    rbac::may_be_anybody(change).await?;
    if new.is_secret() && !matches!(change.by(), Actor::CommandLine) {
        return Err(Error::Invalid(
            "a secret (`oct`) comes in on the command line alone, with the service stopped: `rolecall keys import FILE`".into(),
        ));
    }
    let app = change.app().clone();
    let now = app.clock.wall();
    let mut keys = Keys::read(change, now).await?;
    for row in &keys.rows {
        if row.kid == new.kid() || new.is(&app.key_file, row)? {
            return Err(Error::KeyKnown);
        }
    }
    let ahead = if new.is_secret() { 0 } else { AHEAD };
    let shown = keys.add(change, new, signs.then_some(now + ahead)).await?;
    keys.line_up(change).await?;
    change.touch(Subject::Keys, false);
    let detail = json!({ "algorithm": shown.algorithm, "signs_from": shown.signs_from });
    change.record(Act::new("key.imported", shown.kid.clone(), detail));
    Ok(shown)
}

/// Says what a secret means, for each one that verifies: when it comes in, and at every start.
pub fn warn_of_secrets(ring: &Ring) {
    for kid in ring.secrets() {
        tracing::warn!(
            kid,
            "the secret `{kid}` (HS256) verifies tokens: whoever has it can sign them, too, for an administrator as well, and \
             it is in no key set that others could read. To leave it: `rolecall keys rotate`, after which it goes with its \
             last token, or `rolecall keys revoke`"
        );
    }
}
