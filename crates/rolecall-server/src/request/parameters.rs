//! `name=value` pairs, in a form or behind the `?`.

use percent_encoding::percent_decode;

use crate::Limits;

/// `name=value` pairs, each name once.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

/// Why parameters cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unread {
    /// One name came twice, this.
    #[error("a parameter was sent twice; send each one once")]
    Twice(String),
    /// More than these.
    #[error("more than {0} parameters were sent")]
    TooMany(usize),
    /// Bytes that are no text.
    #[error("a parameter is no UTF-8 text")]
    NoText,
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// A name twice, too many, or bytes that are no text.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Parameters, Unread> {
        let mut pairs: Vec<(String, String)> = vec![];
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut half = || decode(halves.next().unwrap_or_default());
            let (name, value) = (half()?, half()?);
            if pairs.iter().any(|(before, _)| *before == name) {
                return Err(Unread::Twice(name));
            }
            if pairs.len() == limits.parameters {
                return Err(Unread::TooMany(limits.parameters));
            }
            pairs.push((name, value));
        }
        Ok(Parameters(pairs))
    }

    /// Takes one out; one without a value counts as not sent (RFC 6749, 3.1).
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.take_as_sent(name).filter(|value| !value.is_empty())
    }

    pub(super) fn take_as_sent(&mut self, name: &str) -> Option<String> {
        let found = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(found).1)
    }

    /// The names of those that nobody took.
    pub(super) fn rest(&self) -> Option<&str> {
        self.0.first().map(|(name, _)| name.as_str())
    }
}

/// One name or one value of a form.
///
/// # Errors
/// [`Unread::NoText`].
pub fn decode(text: &[u8]) -> Result<String, Unread> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(bytes).map_err(|_| Unread::NoText)
}
