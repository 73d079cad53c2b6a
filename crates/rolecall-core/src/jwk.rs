//! Keys as JSON Web Keys (RFC 7517, 7518, 8037): one key, one algorithm.
//!
//! A key says itself which algorithm it is for; what a token's header says is only compared with that (RFC 8725, 3.1).
//! Keys are parsed and checked once, here, so that a check of a signature is nothing but the check.

mod any_key;
mod der;
mod key_set;
mod kinds;
mod members;
mod pem;
mod private;
mod roca;
mod signing;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::signature::ParsedPublicKey;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use self::members::{bits, string, unsigned};

pub use self::any_key::AnyKey;
pub use self::key_set::KeySet;
pub use self::signing::SigningKey;

/// The signature algorithms of this crate, by their JOSE names (RFC 7518, 3.1; RFC 8037, 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 to 8192 bits.
    Rs256,
    /// Ed25519.
    EdDsa,
    /// HMAC with SHA-256. Whoever verifies with such a key can mint with it, too: it is for one process, and never
    /// published.
    Hs256,
}

impl Algorithm {
    /// The name to write into a header or a key.
    ///
    /// An Ed25519 key says `EdDSA`, which RFC 9864 deprecates for `Ed25519`: common verifiers know only the old name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }

    /// Whether a header's `alg` names this algorithm. Names are case-sensitive (RFC 7515, 4.1.1).
    #[must_use]
    pub fn accepts(&self, header_alg: &str) -> bool {
        header_alg.parse() == Ok(*self)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = KeyError;

    /// Reads a JOSE name. `Ed25519` (RFC 9864) is the same algorithm as `EdDSA`, since no other curve is known here.
    fn from_str(name: &str) -> Result<Self, KeyError> {
        match name {
            "ES256" => Ok(Self::Es256),
            "RS256" => Ok(Self::Rs256),
            "EdDSA" | "Ed25519" => Ok(Self::EdDsa),
            "HS256" => Ok(Self::Hs256),
            _ => Err(KeyError::Member { name: "alg", why: "is not an algorithm that is supported" }),
        }
    }
}

/// Why a key cannot be used. No message contains key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key, or a key set, that is not a JSON object.
    #[error("key is not a JSON object")]
    NotAnObject,
    /// A member of a key or key set is missing, malformed, or asks for what is not supported.
    #[error("`{name}` {why}")]
    Member {
        /// The member's name.
        name: &'static str,
        /// What is wrong with it, as the rest of a sentence.
        why: &'static str,
    },
    /// A private key where a public one belongs: it has been published, so it is not to be trusted.
    #[error("key is private where a public key was expected")]
    Private,
    /// Two keys of one set with one `kid`: which of them a token means would be a guess.
    #[error("two keys have the same `kid`")]
    Repeated,
    /// A private key that is not PKCS#8 for the algorithm, or too weak for it.
    #[error("private key is not a PKCS#8 key for {0}")]
    Pkcs8(Algorithm),
    /// A text in PEM (RFC 7468) that is not one key.
    #[error("PEM {0}")]
    Pem(&'static str),
    /// A private key that cannot be written down.
    #[error("private key cannot be written down")]
    Written,
    /// The claims to sign cannot be written as JSON.
    #[error("claims cannot be written as JSON")]
    Claims,
    /// A token that would be longer than [`MAX_TOKEN_BYTES`](crate::jwt::MAX_TOKEN_BYTES), which every guard refuses.
    #[error("token would be longer than {} bytes", crate::jwt::MAX_TOKEN_BYTES)]
    TokenTooLong,
    /// The signature could not be made.
    #[error("signing failed")]
    Signing,
}

/// A key that checks signatures of one algorithm. Cloning is cheap.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Parsed>);

#[derive(Clone)]
struct Parsed {
    kid: String,
    algorithm: Algorithm,
    thumbprint: String,
    material: Material,
}

#[derive(Clone)]
enum Material {
    /// The parsed key, and the members that are the key itself: `kty` and its parameters.
    Public { key: ParsedPublicKey, members: Map<String, Value> },
    /// Boxed: ten times the size of the other.
    Secret(Box<hmac::Key>),
}

impl VerifyingKey {
    /// Reads a public JWK, or a symmetric one (`oct`), and checks it once and for all. Without `kid`, its thumbprint
    /// becomes its `kid`. Certificates (`x5c`, `x5u`) are not looked at.
    ///
    /// An Ed25519 key that encodes no point is taken, and verifies nothing.
    ///
    /// # Errors
    /// [`KeyError::Private`] for a private key. [`KeyError::Member`] names what is missing or wrong: an unknown `kty`,
    /// `crv` or `alg`, an `alg` of another key type, a `use` or `key_ops` that does not allow verifying, bytes that are
    /// not canonical base64url, a point off its curve, RSA below 2048 or above 8192 bits, with an exponent that is even
    /// or out of 3 to 2^33, or with a modulus that anybody can factor (CVE-2017-15361), a secret below 32 bytes (RFC
    /// 7518, 3.2).
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let jwk = jwk.as_object().ok_or(KeyError::NotAnObject)?;
        let kty = string(jwk, "kty")?;
        // Everything that RFC 7518, 6 and RFC 9964 name as private. Not `k`, which is all there is to an `oct` key.
        if ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"].iter().any(|name| jwk.contains_key(*name)) {
            return Err(KeyError::Private);
        }
        allows_verifying(jwk)?;

        let (algorithm, identity, material) = match kty {
            "EC" => kinds::ec(jwk)?,
            "RSA" => kinds::rsa(jwk)?,
            "OKP" => kinds::okp(jwk)?,
            "oct" => kinds::oct(jwk)?,
            _ => return Err(KeyError::Member { name: "kty", why: "is not a key type that is supported" }),
        };
        // RSA without this line would take whichever of six algorithms a token names.
        if jwk.contains_key("alg") && string(jwk, "alg")?.parse() != Ok(algorithm) {
            return Err(KeyError::Member { name: "alg", why: "is not the algorithm of this kind of key" });
        }

        // Of a secret it has the secret in it.
        let identity = Zeroizing::new(identity);
        let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, identity.as_bytes()));
        let kid = if jwk.contains_key("kid") { string(jwk, "kid")?.to_owned() } else { thumbprint.clone() };
        Ok(Self(Arc::new(Parsed { kid, algorithm, thumbprint, material })))
    }

    /// The same key under another `kid`.
    ///
    /// # Errors
    /// [`KeyError::Member`] when it is empty.
    pub fn with_kid(mut self, kid: &str) -> Result<Self, KeyError> {
        if kid.is_empty() {
            return Err(KeyError::Member { name: "kid", why: "is empty" });
        }
        kid.clone_into(&mut Arc::make_mut(&mut self.0).kid);
        Ok(self)
    }

    /// What a token's `kid` must be to mean this key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The JWK thumbprint (RFC 7638) with SHA-256, in base64url.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    /// How many bits the modulus of an RSA key has; `None` for other keys.
    #[must_use]
    pub fn modulus_bits(&self) -> Option<usize> {
        let Material::Public { members, .. } = &self.0.material else { return None };
        unsigned(members, "n").ok().map(|n| bits(&n))
    }

    /// The public key as a JWK to publish; `None` for a secret.
    #[must_use]
    pub fn to_jwk(&self) -> Option<Value> {
        let Material::Public { members, .. } = &self.0.material else { return None };
        let mut jwk = members.clone();
        jwk.insert("kid".to_owned(), self.kid().into());
        jwk.insert("use".to_owned(), "sig".into());
        jwk.insert("alg".to_owned(), self.algorithm().as_str().into());
        Some(Value::Object(jwk))
    }

    /// Whether `signature` is this key's signature of `message`, in the form that JWS uses (RFC 7518, 3).
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0.material {
            Material::Public { key, .. } => key.verify_sig(message, signature).is_ok(),
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid())
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

/// `use` and `key_ops` (RFC 7517, 4.2 and 4.3). Both may be left out.
fn allows_verifying(jwk: &Map<String, Value>) -> Result<(), KeyError> {
    if jwk.get("use").is_some_and(|purpose| purpose != "sig") {
        return Err(KeyError::Member { name: "use", why: "is not `sig`" });
    }
    let verifies = |ops: &Value| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify"));
    if jwk.get("key_ops").is_some_and(|ops| !verifies(ops)) {
        return Err(KeyError::Member { name: "key_ops", why: "is not a list with `verify`" });
    }
    Ok(())
}
