//! Administrative calls at random: all those of the table, on what there is and on what there is not.

use serde_json::{Value, json};

use super::{
    dice::Dice,
    oracle::{Held, Told},
};
use crate::admin::{NOBODY, assignment, inherits, permission, user};

/// What may stand in a role.
pub const GRANTS: [&str; 26] = [
    "items:read",
    "items:read",
    "items:write",
    "items:*",
    "items:read:own",
    "items:*:own",
    "notes:read",
    "notes:write:own",
    "notes:*",
    "*",
    "rolecall.users:read",
    "rolecall.users:write",
    "rolecall.users:*",
    "rolecall.roles:read",
    "rolecall.roles:write",
    "rolecall.roles:grant",
    "rolecall.roles:*",
    "rolecall.roles:grant:own",
    "rolecall.clients:read",
    "rolecall.clients:write",
    "rolecall.clients:*",
    "rolecall.audit:read",
    "rolecall.keys:read",
    "rolecall.keys:write",
    "rolecall.sessions:read",
    "rolecall.sessions:write",
];

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    pub kind: Kind,
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
    /// The permission that its route asks for, if it asks for one.
    pub needs: Option<&'static str>,
    /// The account or the client that it acts on.
    pub acts_on: Option<String>,
    /// The role that it edits.
    pub edits: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    AddUser,
    Disable,
    Enable,
    SetEmail,
    DeleteUser,
    Assign,
    Deassign,
    AddRole,
    DeleteRole,
    Grant,
    Revoke,
    Inherit,
    Disinherit,
    EndSessions,
    AddClient,
    EditClient,
    DisableClient,
    EnableClient,
    AddSecret,
    DeleteClient,
    AssignClient,
    DeassignClient,
    MakeKey,
    RevokeKey,
    RevokeKeys,
    Read,
}

impl Kind {
    pub const ALL: [Kind; 26] = [
        Kind::AddUser,
        Kind::Disable,
        Kind::Enable,
        Kind::SetEmail,
        Kind::DeleteUser,
        Kind::Assign,
        Kind::Deassign,
        Kind::AddRole,
        Kind::DeleteRole,
        Kind::Grant,
        Kind::Revoke,
        Kind::Inherit,
        Kind::Disinherit,
        Kind::EndSessions,
        Kind::AddClient,
        Kind::EditClient,
        Kind::DisableClient,
        Kind::EnableClient,
        Kind::AddSecret,
        Kind::DeleteClient,
        Kind::AssignClient,
        Kind::DeassignClient,
        Kind::MakeKey,
        Kind::RevokeKey,
        Kind::RevokeKeys,
        Kind::Read,
    ];
    /// What hands something out comes more often, and what few can do.
    const OFTEN: [Kind; 12] = [
        Kind::Assign,
        Kind::Assign,
        Kind::Assign,
        Kind::AssignClient,
        Kind::AssignClient,
        Kind::AddRole,
        Kind::Grant,
        Kind::Grant,
        Kind::Inherit,
        Kind::Inherit,
        Kind::MakeKey,
        Kind::RevokeKey,
    ];
}

/// What a call can be about.
pub struct Stage<'s> {
    pub told: &'s Told,
    /// Whom they would rather act on, by id.
    pub victims: &'s [String],
    /// Everybody, by id, but the one administrator who looks on.
    pub accounts: &'s [String],
    /// All clients, by id.
    pub clients: &'s [String],
    /// API keys, by id; more often the caller's own.
    pub keys: &'s [String],
    /// What the caller holds.
    pub held: &'s Held,
    pub now: i64,
    /// A name that nobody had yet.
    pub fresh: String,
}

impl Stage<'_> {
    pub fn call(&self, dice: &mut Dice) -> Call {
        let kind = if dice.one_in(2) { *dice.pick(&Kind::ALL) } else { *dice.pick(&Kind::OFTEN) };
        let (account, role, other) = (self.account(dice), self.role(dice), self.role(dice));
        let user_path = user(&account);
        let (write, give) = ("rolecall.roles:write", "rolecall.roles:grant");
        let client = self.client(dice);
        let (client_path, writes) = (format!("/admin/clients/{client}"), "rolecall.clients:write");
        let of = |kind, method, path: String, body, needs| Call {
            kind,
            method,
            path,
            body,
            needs: Some(needs),
            acts_on: None,
            edits: None,
        };
        let own = |call: Call| Call { needs: None, ..call };
        let on = |kind, method, path: String, body, needs| Call {
            acts_on: Some(account.clone()),
            ..of(kind, method, path, body, needs)
        };
        let on_client = |kind, method, path: String, body, needs| Call {
            acts_on: Some(client.clone()),
            ..of(kind, method, path, body, needs)
        };
        let edit =
            |kind, method, path: String| Call { edits: Some(role.clone()), ..of(kind, method, path, None, write) };
        match kind {
            Kind::AddUser => {
                let mut body = json!({ "username": self.fresh });
                if dice.one_in(3) {
                    body["email"] = json!(format!("{}@example.org", self.fresh));
                }
                of(kind, "POST", "/admin/users".into(), Some(body), "rolecall.users:write")
            }
            Kind::Disable => on(kind, "PATCH", user_path, Some(json!({ "disabled": true })), "rolecall.users:write"),
            Kind::Enable => {
                let sleeping = |id: &&String| self.told.accounts.get(*id).is_some_and(|account| account.disabled);
                let id = self.accounts.iter().find(sleeping).unwrap_or(&account);
                let (method, body) = ("PATCH", Some(json!({ "disabled": false })));
                let needs = "rolecall.users:write";
                Call { acts_on: Some(id.clone()), ..of(kind, method, user(id), body, needs) }
            }
            Kind::SetEmail => {
                let email = if dice.one_in(2) { Value::Null } else { json!(format!("{}@example.org", self.fresh)) };
                on(kind, "PATCH", user_path, Some(json!({ "email": email })), "rolecall.users:write")
            }
            Kind::DeleteUser => on(kind, "DELETE", user_path, None, "rolecall.users:write"),
            Kind::Assign => on(kind, "PUT", assignment(&account, &role), self.until(dice), give),
            Kind::Deassign => on(kind, "DELETE", assignment(&account, &role), None, give),
            Kind::AddRole => {
                // A name of its own, or one that somebody had.
                let name = if dice.one_in(2) { self.fresh.clone() } else { role.clone() };
                let permissions: Vec<&str> = (0..dice.below(3)).map(|_| self.grant(dice)).collect();
                let juniors: Vec<String> = (0..dice.below(3)).map(|_| self.role(dice)).collect();
                let body = json!({ "name": name, "permissions": permissions, "inherits": juniors });
                of(kind, "POST", "/admin/roles".into(), Some(body), write)
            }
            Kind::DeleteRole => edit(kind, "DELETE", format!("/admin/roles/{role}")),
            Kind::Grant => edit(kind, "PUT", permission(&role, self.grant(dice))),
            Kind::Revoke => {
                let had = self.told.roles.get(&role).map(|role| role.permissions.as_slice()).unwrap_or_default();
                let grant = if had.is_empty() { "items:read" } else { dice.pick(had) };
                edit(kind, "DELETE", permission(&role, grant))
            }
            Kind::Inherit => edit(kind, "PUT", inherits(&role, &other)),
            Kind::Disinherit => {
                let had = self.told.roles.get(&role).map(|role| role.inherits.as_slice()).unwrap_or_default();
                let junior = if had.is_empty() { &other } else { dice.pick(had) };
                edit(kind, "DELETE", inherits(&role, junior))
            }
            Kind::EndSessions => on(kind, "DELETE", format!("{user_path}/sessions"), None, "rolecall.sessions:write"),
            Kind::AddClient => {
                let body = json!({ "client_name": self.fresh });
                of(kind, "POST", "/admin/clients".into(), Some(body), writes)
            }
            Kind::EditClient => {
                let body = match dice.below(3) {
                    0 => json!({ "client_name": self.fresh }),
                    1 => {
                        json!({ "first_party": dice.one_in(2), "cors_origins": [format!("https://{}.test", self.fresh)] })
                    }
                    _ => {
                        json!({ "token_endpoint_auth_method": dice.word(&["client_secret_basic", "client_secret_post"]) })
                    }
                };
                on_client(kind, "PATCH", client_path, Some(body), writes)
            }
            Kind::DisableClient => on_client(kind, "PATCH", client_path, Some(json!({ "disabled": true })), writes),
            Kind::EnableClient => on_client(kind, "PATCH", client_path, Some(json!({ "disabled": false })), writes),
            Kind::AddSecret => on_client(kind, "POST", format!("{client_path}/secrets"), None, writes),
            Kind::DeleteClient => on_client(kind, "DELETE", client_path, None, writes),
            Kind::AssignClient => on_client(kind, "PUT", format!("{client_path}/roles/{role}"), self.until(dice), give),
            Kind::DeassignClient => on_client(kind, "DELETE", format!("{client_path}/roles/{role}"), None, give),
            Kind::MakeKey => {
                let mut body = json!({ "name": self.fresh, "expires_in": 100_000 });
                if let Some(scope) = self.scope(dice) {
                    body["scope"] = json!(scope);
                }
                own(of(kind, "POST", "/me/keys".into(), Some(body), ""))
            }
            Kind::RevokeKey => {
                let key = if self.keys.is_empty() { NOBODY } else { dice.pick(self.keys) };
                own(of(kind, "DELETE", format!("/me/keys/{key}"), None, ""))
            }
            Kind::RevokeKeys => on(kind, "DELETE", format!("{user_path}/keys"), None, "rolecall.sessions:write"),
            Kind::Read => {
                let (path, needs) = *dice.pick(&[
                    ("/admin/users", "rolecall.users:read"),
                    ("/admin/roles", "rolecall.roles:read"),
                    ("/admin/clients", "rolecall.clients:read"),
                    ("/admin/audit?limit=5", "rolecall.audit:read"),
                    ("/admin/keys", "rolecall.keys:read"),
                ]);
                of(kind, "GET", path.to_owned(), None, needs)
            }
        }
    }

    /// An end, or none.
    fn until(&self, dice: &mut Dice) -> Option<Value> {
        match dice.below(4) {
            0 => Some(json!({ "until": self.now + 1 + dice.below(3) as i64 })),
            1 => Some(json!({ "until": self.now + 100_000 })),
            _ => None,
        }
    }

    /// What a key, or a token that is had for one, is to be cut to; or nothing.
    pub fn scope(&self, dice: &mut Dice) -> Option<String> {
        match dice.below(6) {
            0 => Some(self.role(dice)),
            1 => Some(self.grant(dice).to_owned()),
            2 => Some(format!("{} {}", self.role(dice), self.grant(dice))),
            _ => None,
        }
    }

    fn client(&self, dice: &mut Dice) -> String {
        match self.clients.is_empty() || dice.one_in(12) {
            true => NOBODY.to_owned(),
            false => dice.pick(self.clients).clone(),
        }
    }

    fn account(&self, dice: &mut Dice) -> String {
        match dice.below(12) {
            0 => NOBODY.to_owned(),
            1..4 => dice.pick(self.accounts).clone(),
            _ => dice.pick(self.victims).clone(),
        }
    }

    /// More often one that the caller has.
    fn role(&self, dice: &mut Dice) -> String {
        let all: Vec<&String> = self.told.roles.keys().collect();
        let own: Vec<&String> = self.held.names.iter().collect();
        match dice.below(16) {
            0 => dice.word(&["ghost", "rolecall.boss", "r0", "r3"]).to_owned(),
            1..11 if !own.is_empty() => (*dice.pick(&own)).clone(),
            _ => (*dice.pick(&all)).clone(),
        }
    }

    /// More often one that the caller holds.
    fn grant(&self, dice: &mut Dice) -> &'static str {
        let own: Vec<&'static str> = GRANTS.into_iter().filter(|grant| self.held.allows(grant)).collect();
        match own.is_empty() || dice.one_in(3) {
            true => dice.word(&GRANTS),
            false => dice.word(&own),
        }
    }
}
