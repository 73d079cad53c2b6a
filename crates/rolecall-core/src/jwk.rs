//! Keys as JSON Web Keys (RFC 7517, 7518, 8037): one key, one algorithm.
//!
//! A key says itself which algorithm it is for; what a token's header says is only compared with that (RFC 8725, 3.1).
//! Keys are parsed and checked once, here, so that a check of a signature is nothing but the check.

mod key_set;
mod roca;
mod signing;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

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
    /// HMAC with SHA-256. Such keys only verify here: whoever verifies with one could also mint.
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
    /// HMAC keys are taken to verify the tokens of others, never to sign.
    #[error("HS256 keys only verify")]
    OnlyVerifies,
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

struct Parsed {
    kid: String,
    algorithm: Algorithm,
    thumbprint: String,
    material: Material,
}

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
            "EC" => ec(jwk)?,
            "RSA" => rsa(jwk)?,
            "OKP" => okp(jwk)?,
            "oct" => oct(jwk)?,
            _ => return Err(KeyError::Member { name: "kty", why: "is not a key type that is supported" }),
        };
        // RSA without this line would take whichever of six algorithms a token names.
        if jwk.contains_key("alg") && string(jwk, "alg")?.parse() != Ok(algorithm) {
            return Err(KeyError::Member { name: "alg", why: "is not the algorithm of this kind of key" });
        }

        let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, identity.as_bytes()));
        let kid = if jwk.contains_key("kid") { string(jwk, "kid")?.to_owned() } else { thumbprint.clone() };
        Ok(Self(Arc::new(Parsed { kid, algorithm, thumbprint, material })))
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

// What each kind of key is: its algorithm, the text of its thumbprint (RFC 7638, 3: required members in order, no white
// space; written by hand, since the order inside a `Map` depends on a Cargo feature of serde_json), and the parsed key.

fn ec(jwk: &Map<String, Value>) -> Result<(Algorithm, String, Material), KeyError> {
    if string(jwk, "crv")? != "P-256" {
        return Err(KeyError::Member { name: "crv", why: "is not `P-256`" });
    }
    let mut point = vec![0x04];
    point.extend(bytes32(jwk, "x")?);
    point.extend(bytes32(jwk, "y")?);
    let key = ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, &point)
        .map_err(|_| KeyError::Member { name: "x", why: "and `y` are not a point on the curve" })?;

    let (x, y) = (string(jwk, "x")?, string(jwk, "y")?);
    let identity = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let members = members(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }));
    Ok((Algorithm::Es256, identity, Material::Public { key, members }))
}

fn rsa(jwk: &Map<String, Value>) -> Result<(Algorithm, String, Material), KeyError> {
    let (n, e) = (unsigned(jwk, "n")?, unsigned(jwk, "e")?);
    // Eight bytes are enough to see that it is too large, as the first one is not zero.
    let exponent = e.iter().take(8).fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    if exponent % 2 == 0 || !(3..=1 << 33).contains(&exponent) {
        return Err(KeyError::Member { name: "e", why: "is not an odd number from 3 to 2^33" });
    }
    // No leading zero byte is left by `unsigned`, so the first one says how many bits there are.
    let bits = n.len() * 8 - n[0].leading_zeros() as usize;
    if !(2048..=8192).contains(&bits) {
        return Err(KeyError::Member { name: "n", why: "does not have 2048 to 8192 bits" });
    }
    if n[n.len() - 1] % 2 == 0 {
        return Err(KeyError::Member { name: "n", why: "is even" });
    }
    if roca::is_weak(&n) {
        return Err(KeyError::Member { name: "n", why: "is of a kind that can be factored (CVE-2017-15361)" });
    }
    let key = RsaPublicKeyComponents { n: &n, e: &e }
        .to_parsed_public_key(&signature::RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_| KeyError::Member { name: "n", why: "and `e` are not an RSA key" })?;

    let (n, e) = (string(jwk, "n")?, string(jwk, "e")?);
    let identity = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    let members = members(json!({ "kty": "RSA", "n": n, "e": e }));
    Ok((Algorithm::Rs256, identity, Material::Public { key, members }))
}

fn okp(jwk: &Map<String, Value>) -> Result<(Algorithm, String, Material), KeyError> {
    if string(jwk, "crv")? != "Ed25519" {
        return Err(KeyError::Member { name: "crv", why: "is not `Ed25519`" });
    }
    let key = ParsedPublicKey::new(&signature::ED25519, bytes32(jwk, "x")?)
        .map_err(|_| KeyError::Member { name: "x", why: "is not an Ed25519 key" })?;

    let x = string(jwk, "x")?;
    let identity = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let members = members(json!({ "kty": "OKP", "crv": "Ed25519", "x": x }));
    Ok((Algorithm::EdDsa, identity, Material::Public { key, members }))
}

fn oct(jwk: &Map<String, Value>) -> Result<(Algorithm, String, Material), KeyError> {
    let secret = bytes(jwk, "k")?;
    if secret.len() < 32 {
        return Err(KeyError::Member { name: "k", why: "is shorter than 32 bytes" });
    }
    let identity = format!(r#"{{"k":"{}","kty":"oct"}}"#, string(jwk, "k")?);
    Ok((Algorithm::Hs256, identity, Material::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret)))))
}

fn string<'a>(jwk: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, KeyError> {
    match jwk.get(name) {
        Some(Value::String(value)) if !value.is_empty() => Ok(value),
        Some(_) => Err(KeyError::Member { name, why: "is not a non-empty string" }),
        None => Err(KeyError::Member { name, why: "is missing" }),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    URL_SAFE_NO_PAD
        .decode(string(jwk, name)?)
        .map_err(|_| KeyError::Member { name, why: "is not canonical base64url without padding" })
}

/// A coordinate: exactly as long as the field, leading zeros included (RFC 7518, 6.2.1.2).
fn bytes32(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let bytes = bytes(jwk, name)?;
    if bytes.len() == 32 { Ok(bytes) } else { Err(KeyError::Member { name, why: "is not 32 bytes long" }) }
}

/// A Base64urlUInt (RFC 7518, 2) above zero: as few bytes as it takes. A second spelling would be a second thumbprint.
fn unsigned(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let bytes = bytes(jwk, name)?;
    match bytes.first() {
        Some(first) if *first != 0 => Ok(bytes),
        _ => Err(KeyError::Member { name, why: "begins with a zero byte" }),
    }
}

fn members(jwk: Value) -> Map<String, Value> {
    match jwk {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
