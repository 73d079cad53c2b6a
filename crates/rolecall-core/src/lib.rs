//! The pure core of Rolecall: roles and permissions, the decision with its reason, tokens and keys.
//!
//! Nothing here knows HTTP, a database or an async runtime; time is an argument. A server, a guard in another process
//! and a package for another language decide by this same code.

pub mod claims;
pub mod json;
pub mod jwk;
pub mod jwt;

mod decision;
mod lease;
mod permission;
mod policy;
mod rights;
mod role;
mod scope;
mod snapshot;

pub use claims::Claims;
pub use decision::{Decision, Reason};
pub use jwk::{Algorithm, KeySet};
pub use lease::{Lease, Moment};
pub use permission::{Grant, InvalidPermission, MAX_PART, Pattern, Permission, RESERVED};
pub use policy::{Asked, AskedRole, Beyond, Object, Policy, PolicyError};
pub use rights::Rights;
pub use role::{ADMINISTRATOR, AUDITOR, InvalidRoleName, MAX_ROLE_NAME, OWN_PERMISSIONS, Role, RoleName};
pub use scope::{InvalidScope, Scope};
pub use snapshot::{Snapshot, Stale, Standing, Subject, Verified, Version};
