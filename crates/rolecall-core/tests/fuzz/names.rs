//! Permissions, grants, roles and scopes: what is read is written as it was read, and read again as what it was.

use std::{fmt::Display, str::FromStr};

use rolecall_core::{Grant, MAX_PART, MAX_ROLE_NAME, Permission, RoleName, Scope};

pub fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "items:read",
        "items:read:own",
        "items:*",
        "items:*:own",
        "*",
        "items:own",
        "rolecall.users:read",
        "editor",
        "rolecall.admin",
        "editor user items:read items:*:own *",
        " editor  editor ",
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };

    if let Some(permission) = same::<Permission>(text) {
        assert_eq!(format!("{}:{}", permission.object(), permission.operation()), text);
        assert!([permission.object(), permission.operation()].iter().all(|part| is_name(part, MAX_PART)));
    }
    if let Some(grant) = same::<Grant>(text) {
        assert!(grant.covers(&grant) && Grant::everything().covers(&grant) != is_service(text));
        assert!(grant.covers(&grant.clone().limited(true)), "who may to all objects may to his own");
        assert_eq!(grant.meet(&grant), Some(grant.clone()));
    }
    if let Some(role) = same::<RoleName>(text) {
        assert!(is_name(role.as_str(), MAX_ROLE_NAME));
    }
    if let Ok(scope) = Scope::parse(text) {
        let written = scope.as_ref().map(Scope::to_string).unwrap_or_default();
        assert_eq!(Scope::parse(&written), Ok(scope), "{written}");
    }
}

/// What a text means, if anything: written again, it is that text.
fn same<T: FromStr + Display + PartialEq>(text: &str) -> Option<T> {
    let read = text.parse::<T>().ok()?;
    assert_eq!(read.to_string(), text);
    Some(read)
}

fn is_name(text: &str, longest: usize) -> bool {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    (1..=longest).contains(&text.len()) && text.bytes().all(letters)
}

/// Whether a grant is of the service's own, which `*` does not cover.
fn is_service(text: &str) -> bool {
    text.starts_with("rolecall.")
}
