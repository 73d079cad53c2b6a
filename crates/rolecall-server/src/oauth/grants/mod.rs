//! The ways to prove who somebody is, one file each.

pub(super) mod password;
