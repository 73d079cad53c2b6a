//! What a user may be called, and by which spellings he is found: RFC 8265 (PRECIS) and, against names that only look
//! alike, UTS 39. And what programs are called, by which nothing is found.

use std::borrow::Cow;

use precis_profiles::{Nickname, UsernameCaseMapped, precis_core::profile::Profile};
use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript;

use crate::Error;

/// Longest name, in code points.
pub const MAX_NAME: usize = 64;

/// The one spelling of a name (UsernameCaseMapped, RFC 8265 section 3.3).
///
/// # Errors
/// [`Error::Invalid`] says what a name may be made of.
pub fn username(text: &str) -> Result<String, Error> {
    let invalid = |what: &str| Error::Invalid(format!("`username` {what}"));
    // Before anything is mapped: mapping costs more than counting.
    if text.chars().count() > MAX_NAME {
        return Err(invalid("has at most 64 characters"));
    }
    if text.contains('@') || text.nfkc().any(|c| c == '@') {
        return Err(invalid("has no `@`: that is how an address is told from a name"));
    }
    // What was mapped must be a name itself (RFC 8264, 7), or nobody could log in by the spelling that he was told.
    let enforced = |text: &str| UsernameCaseMapped::new().enforce(text).map(Cow::into_owned).ok();
    let name = enforced(text)
        .filter(|name| enforced(name).as_ref() == Some(name))
        .ok_or_else(|| invalid("is made of letters, digits and signs, without spaces or controls"))?;
    if name.chars().count() > MAX_NAME {
        return Err(invalid("has at most 64 characters"));
    }
    if !name.starts_with(char::is_alphanumeric) {
        return Err(invalid("begins with a letter or a digit"));
    }
    if !name.as_str().is_single_script() {
        return Err(invalid("mixes scripts, so that it could pass for another name; use letters of one script"));
    }
    Ok(name)
}

/// What a program is called, to be shown to people: one line without controls (Nickname, RFC 8266). `member` is what it
/// stands in.
///
/// # Errors
/// [`Error::Invalid`] says what a name may be made of.
pub fn shown(member: &str, text: &str) -> Result<String, Error> {
    let wrong =
        || Error::Invalid(format!("`{member}` is a name to show, of 1 to {MAX_NAME} characters, without controls"));
    if text.chars().count() > MAX_NAME {
        return Err(wrong());
    }
    Nickname::new().enforce(text).map(Cow::into_owned).map_err(|_| wrong())
}

/// The one spelling of an e-mail address: in normal form and without capitals.
///
/// # Errors
/// [`Error::Invalid`] for what cannot be an address.
pub fn email(text: &str) -> Result<String, Error> {
    let address: String = text.nfc().flat_map(char::to_lowercase).collect();
    let strange = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | ',' | ';');
    let well_formed = address.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
    });
    match well_formed && address.len() <= 254 && !address.contains(strange) {
        true => Ok(address),
        false => Err(Error::Invalid("`email` is an address like `alice@example.org`, with at most 254 bytes".into())),
    }
}
