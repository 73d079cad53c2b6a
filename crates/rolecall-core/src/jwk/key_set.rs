//! A set of keys, found by `kid` (RFC 7517, 5).

use std::sync::Arc;

use serde_json::{Value, json};

use super::{KeyError, VerifyingKey};

/// The keys that a verifier trusts. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Arc<[VerifyingKey]>);

impl KeySet {
    /// A set of these keys.
    ///
    /// # Errors
    /// [`KeyError::Repeated`] when two of them have one `kid`.
    pub fn new(keys: Vec<VerifyingKey>) -> Result<Self, KeyError> {
        let mut kids: Vec<&str> = keys.iter().map(VerifyingKey::kid).collect();
        kids.sort_unstable();
        if kids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(KeyError::Repeated);
        }
        Ok(Self(keys.into()))
    }

    /// Reads a JWK Set. A key that [`VerifyingKey::from_jwk`] does not take is left out and the others are kept, as
    /// RFC 7517, 5 asks: an issuer may add a kind of key that we do not know yet.
    ///
    /// Secrets (`oct`) are taken, too, for who shares one: a set that somebody publishes has none, and who fetches one
    /// takes none from it.
    ///
    /// # Errors
    /// [`KeyError::NotAnObject`] or [`KeyError::Member`] when this is no JWK Set. [`KeyError::Repeated`] when two of
    /// the keys kept have one `kid`: taking one of them would be a guess, and dropping both would lock everybody out
    /// without a word.
    pub fn from_jwks(jwks: &Value) -> Result<Self, KeyError> {
        let jwks = jwks.as_object().ok_or(KeyError::NotAnObject)?;
        let keys = jwks
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(KeyError::Member { name: "keys", why: "is not an array" })?;
        Self::new(keys.iter().filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok()).collect())
    }

    /// The key with this `kid`, compared byte by byte.
    ///
    /// A walk over the set: an issuer has two or three keys, and the walk is nothing beside the signature.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.0.iter().find(|key| key.kid() == kid)
    }

    /// The JWK Set to publish. Secrets are not in it.
    #[must_use]
    pub fn to_jwks(&self) -> Value {
        json!({ "keys": self.iter().filter_map(VerifyingKey::to_jwk).collect::<Vec<_>>() })
    }

    /// The keys, in the order given.
    pub fn iter(&self) -> std::slice::Iter<'_, VerifyingKey> {
        self.0.iter()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none, so that nothing can be verified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a KeySet {
    type Item = &'a VerifyingKey;
    type IntoIter = std::slice::Iter<'a, VerifyingKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
