//! Keys in PEM (RFC 7468), as `openssl` writes them: one in a text, not encrypted.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::signing::Private;
use super::{Algorithm, AnyKey, KeyError, SigningKey, VerifyingKey, der};

const NO_KEY_OF_OURS: KeyError =
    KeyError::Pem("has no key of Ed25519, on P-256 (uncompressed), or of RSA with 2048 to 8192 bits");
const ENCRYPTED: KeyError = KeyError::Pem("is encrypted: decrypt a copy with `openssl pkey -in FILE -out COPY`");

/// Reads the one key of a text.
pub(super) fn read(text: &str) -> Result<AnyKey, KeyError> {
    let Block { label, content } = only_block(text)?;
    match label {
        "PRIVATE KEY" => pkcs8(&decode(content)?),
        // RFC 5915.
        "EC PRIVATE KEY" => signing(
            EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &decode(content)?).map(Private::Ec),
        ),
        // RFC 8017, A.1.2.
        "RSA PRIVATE KEY" => signing(RsaKeyPair::from_der(&decode(content)?).map(Private::Rsa)),
        "PUBLIC KEY" => verifying(der::public_jwk(&decode(content)?)),
        "RSA PUBLIC KEY" => verifying(der::rsa_jwk(&decode(content)?)),
        "ENCRYPTED PRIVATE KEY" => Err(ENCRYPTED),
        "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => {
            Err(KeyError::Pem("is a certificate: take its public key out with `openssl x509 -in FILE -noout -pubkey`"))
        }
        "OPENSSH PRIVATE KEY" => Err(KeyError::Pem(
            "is in OpenSSH's own form: change a copy, of EC or RSA, with `ssh-keygen -p -m PKCS8 -f COPY`",
        )),
        _ => Err(KeyError::Pem("has something else than a `PRIVATE KEY` or a `PUBLIC KEY`")),
    }
}

/// From one boundary to the next.
struct Block<'t> {
    label: &'t str,
    content: &'t str,
}

/// The one block that can be a key. What stands around it is for people (RFC 7468, 2), and the curve that `openssl
/// ecparam` writes in front of a key is in the key, too.
fn only_block(text: &str) -> Result<Block<'_>, KeyError> {
    let mut found = None;
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let (block, after) = whole(begun).ok_or(KeyError::Pem("has a block that does not end as it begins"))?;
        rest = after;
        if block.label != "EC PARAMETERS" && found.replace(block).is_some() {
            return Err(KeyError::Pem("has more than one key or certificate: leave the one that is meant"));
        }
    }
    found.ok_or(KeyError::Pem("has no block of a key that `-----BEGIN` begins"))
}

fn whole(begun: &str) -> Option<(Block<'_>, &str)> {
    let (label, rest) = begun.split_once("-----")?;
    let (content, rest) = rest.split_once(&format!("-----END {label}-----"))?;
    Some((Block { label, content }, rest))
}

fn decode(content: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    // RFC 1421, 4.6.1.1: how it was encrypted before there was PKCS#8.
    if content.contains("ENCRYPTED") && content.contains(':') {
        return Err(ENCRYPTED);
    }
    let mut base64 = Zeroizing::new(String::with_capacity(content.len()));
    base64.extend(content.split_ascii_whitespace());
    STANDARD.decode(&*base64).map(Zeroizing::new).map_err(|_| KeyError::Pem("has a block that is not base64"))
}

fn pkcs8(der: &[u8]) -> Result<AnyKey, KeyError> {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        match SigningKey::from_pkcs8(algorithm, der) {
            Err(KeyError::Pkcs8(_)) => {}
            read => return read.map(AnyKey::Signing),
        }
    }
    Err(NO_KEY_OF_OURS)
}

fn signing<E>(private: Result<Private, E>) -> Result<AnyKey, KeyError> {
    SigningKey::of(private.map_err(|_| NO_KEY_OF_OURS)?, NO_KEY_OF_OURS).map(AnyKey::Signing)
}

fn verifying(jwk: Option<Value>) -> Result<AnyKey, KeyError> {
    VerifyingKey::from_jwk(&jwk.ok_or(NO_KEY_OF_OURS)?).map(AnyKey::Verifying)
}
