//! The name of an API, as tokens say for which they are.

use std::{fmt, str::FromStr, sync::Arc};

/// Which API this is: a token is good for exactly one. An audience that is empty cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Audience(pub(super) Arc<str>);

impl FromStr for Audience {
    type Err = InvalidAudience;

    fn from_str(text: &str) -> Result<Self, InvalidAudience> {
        match text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            true => Err(InvalidAudience),
            false => Ok(Audience(text.into())),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text names no API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidAudience;

impl fmt::Display for InvalidAudience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an audience is the name or address of one API, without white space")
    }
}

impl std::error::Error for InvalidAudience {}
