//! Under which names things are counted. They are keyed hashes: who reads the database learns no name and no address.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::Whose;
use crate::client_address::AddressPrefix;

/// The names, by the key of an installation.
pub struct Names(hmac::Key);

impl Names {
    /// With this key.
    pub fn new(key: hmac::Key) -> Names {
        Names(key)
    }

    /// The same for the same parts, and another one for all others.
    pub(super) fn name(&self, kind: &str, parts: &[&[u8]]) -> String {
        let hash = self.hash(kind, parts);
        URL_SAFE_NO_PAD.encode(hash.as_ref().get(..16).unwrap_or_default())
    }

    /// Where somebody uses an account.
    pub(super) fn place(&self, subject: &str, network: AddressPrefix) -> String {
        self.name("place", &[subject.as_bytes(), &network.to_bytes()])
    }

    /// At whom is guessed.
    pub(super) fn subject(&self, whose: Whose<'_>) -> String {
        match whose {
            Whose::Account(id) => format!("account {id}"),
            Whose::Nobody(said) => {
                // One of 65,536: it may be a password that was typed into the wrong field.
                let hash = self.hash("nobody", &[said.as_bytes()]);
                let number = hash.as_ref().iter().take(2).fold(0, |number: u16, byte| (number << 8) | u16::from(*byte));
                format!("nobody {number}")
            }
        }
    }

    fn hash(&self, kind: &str, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [kind.as_bytes()].iter().chain(parts) {
            // The length too: where one part ends, and the next begins, is part of what is hashed.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }
}
