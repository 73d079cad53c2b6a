//! The private members of a JWK (RFC 7518, 6.2.2, 6.3.2 and 6.4; RFC 8037, 2), each checked against the public ones.

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::members::{bytes, bytes32, string, unsigned};
use super::signing::Private;
use super::{Algorithm, KeyError};

type Secret = Zeroizing<Vec<u8>>;

/// The members of a private key that its public half does not have. `k` is not among them: it is all there is to a secret.
pub(super) const MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// `key_ops` (RFC 7517, 4.3) may be left out. What signs is verified with here, so that has to be allowed of a secret, too.
pub(super) fn allows_signing(jwk: &Map<String, Value>) -> Result<(), KeyError> {
    let Some(ops) = jwk.get("key_ops") else { return Ok(()) };
    let names = |name: &str| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == name));
    if !names("sign") {
        return Err(KeyError::Member { name: "key_ops", why: "is not a list with `sign`" });
    }
    if jwk.get("kty").is_some_and(|kty| kty == "oct") && !names("verify") {
        return Err(KeyError::Member { name: "key_ops", why: "is not a list with `sign` and `verify`" });
    }
    Ok(())
}

/// The same key as others may have it; a secret stays what it is.
pub(super) fn public_half(jwk: &Map<String, Value>) -> Value {
    let public = |name: &str| !MEMBERS.contains(&name) && name != "key_ops";
    jwk.iter()
        .filter(|(name, _)| public(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

/// The private half of a key whose public one is known to be good.
pub(super) fn read(jwk: &Map<String, Value>, algorithm: Algorithm) -> Result<Private, KeyError> {
    match algorithm {
        Algorithm::Es256 => {
            let point = [&[0x04], &*bytes32(jwk, "x")?, &*bytes32(jwk, "y")?].concat();
            let d = scalar(jwk)?;
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &point)
                .map(Private::Ec)
                .map_err(|_| KeyError::Member { name: "d", why: "does not belong to `x` and `y`" })
        }
        Algorithm::EdDsa => Ed25519KeyPair::from_seed_and_public_key(&scalar(jwk)?, &bytes32(jwk, "x")?)
            .map(Private::Ed25519)
            .map_err(|_| KeyError::Member { name: "d", why: "does not belong to `x`" }),
        Algorithm::Rs256 => rsa(jwk).map(Private::Rsa),
        Algorithm::Hs256 => {
            // Its thumbprint would let everybody try secrets.
            string(jwk, "kid")?;
            let secret = Zeroizing::new(bytes(jwk, "k")?);
            Ok(Private::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret)), secret))
        }
    }
}

fn rsa(jwk: &Map<String, Value>) -> Result<RsaKeyPair, KeyError> {
    if jwk.contains_key("oth") {
        return Err(KeyError::Member { name: "oth", why: "is not supported: a key has two primes" });
    }
    let number = |name| unsigned(jwk, name).map(Zeroizing::new);
    let components = KeyPairComponents::<Vec<u8>, Secret> {
        public_key: PublicKeyComponents { n: unsigned(jwk, "n")?, e: unsigned(jwk, "e")? },
        d: number("d")?,
        p: number("p")?,
        q: number("q")?,
        dP: number("dp")?,
        dQ: number("dq")?,
        qInv: number("qi")?,
    };
    RsaKeyPair::from_components(&components)
        .map_err(|_| KeyError::Member { name: "d", why: "or another private member does not belong to `n` and `e`" })
}

/// As long as a coordinate of its public key, leading zeros included (RFC 7518, 6.2.2.1; RFC 8037, 2).
fn scalar(jwk: &Map<String, Value>) -> Result<Secret, KeyError> {
    let d = Zeroizing::new(bytes(jwk, "d")?);
    if d.len() == 32 { Ok(d) } else { Err(KeyError::Member { name: "d", why: "is not 32 bytes long" }) }
}
