//! Where a few sequences play: roles, accounts and callers with every mixture of rights, set up anew by an
//! administrator who looks on. Who calls keeps his tokens from scene to scene: they are as good as what he holds.

use std::collections::BTreeSet;

use serde_json::json;

use super::{dice::Dice, oracle::Told};
use crate::{
    admin::{assignment, user},
    util::{Actor, World, world::PASSWORD},
};

/// Who calls; each has a token that is cut to nothing, and some that are cut to a scope.
const CALLERS: [(&str, &[&str]); 4] = [
    (
        "caller-a",
        &["rolecall.roles:write rolecall.roles:grant rolecall.users:write rolecall.clients:write items:*", "r0 r1"],
    ),
    ("caller-b", &["r1 p1 rolecall.roles:grant rolecall.roles:write items:read notes:*:own"]),
    ("caller-c", &["* rolecall.roles:grant rolecall.roles:write", "p2 r2"]),
    ("caller-d", &["r0 r1 r2 rolecall.users:write rolecall.roles:grant items:read:own *"]),
];
const VICTIMS: [&str; 3] = ["victim-a", "victim-b", "victim-c"];
const CLIENTS: [&str; 3] = ["client-a", "client-b", "client-c"];
/// Roles with anything in them, and one for each caller with what administration takes.
const ROLES: [&str; 5] = ["r0", "r1", "r2", "r3", "r4"];
const POWERS: [&str; 4] = ["p0", "p1", "p2", "p3"];
/// Those that a scope names.
const NAMED: [&str; 5] = ["r0", "r1", "r2", "p1", "p2"];
const HELD: [&str; 16] = [
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
    "rolecall.roles:read",
    "rolecall.clients:read",
    "rolecall.roles:grant:own",
    "rolecall.audit:read",
    "rolecall.keys:read",
    "rolecall.keys:write",
];
/// Tokens are good for 15 minutes.
const RENEWED_AFTER: i64 = 500;

/// Somebody with a token.
#[derive(Clone)]
pub struct Bearer {
    pub id: String,
    pub scope: Option<String>,
    /// The API key that he was given, if he has the token by one.
    pub key: Option<String>,
    /// NumericDate at which the token ends, if that may be in this scene: with the first of the roles that it is from.
    pub ends: Option<i64>,
    pub actor: Actor,
}

pub struct Scene<'w> {
    world: &'w World,
    pub admin: Actor,
    admin_since: i64,
    pub bearers: Vec<Bearer>,
    pub victims: Vec<String>,
    /// Clients that there are from the beginning.
    pub clients: Vec<String>,
    /// Whose sessions have ended, and which keys.
    pub dead: BTreeSet<String>,
    made: u64,
}

impl<'w> Scene<'w> {
    pub async fn new(world: &'w World) -> Self {
        let (admin, admin_since) = (world.administrator().await, world.now());
        Scene {
            world,
            admin,
            admin_since,
            bearers: vec![],
            victims: vec![],
            clients: vec![],
            dead: BTreeSet::new(),
            made: 0,
        }
    }

    /// A name that nobody had yet.
    pub fn fresh(&mut self) -> String {
        self.made += 1;
        format!("new-{}", self.made)
    }

    /// Those who can still call.
    pub fn living(&self) -> Vec<&Bearer> {
        let now = self.world.now();
        let lasts = |bearer: &&Bearer| !self.is_dead(bearer) && bearer.ends.is_none_or(|ends| ends > now);
        self.bearers.iter().filter(lasts).collect()
    }

    pub fn is_dead(&self, bearer: &Bearer) -> bool {
        self.dead.contains(&bearer.id) || bearer.key.as_ref().is_some_and(|key| self.dead.contains(key))
    }

    /// The keys that somebody was given and that still count; those of one owner, or of all.
    pub fn keys(&self, owner: Option<&str>) -> Vec<String> {
        let counts = |bearer: &&Bearer| !self.is_dead(bearer) && owner.is_none_or(|owner| owner == bearer.id);
        self.bearers.iter().filter(counts).filter_map(|bearer| bearer.key.clone()).collect()
    }

    /// Sets another one up; answers what there is then.
    pub async fn set(&mut self, dice: &mut Dice) -> Told {
        if self.world.now() > self.admin_since + RENEWED_AFTER {
            (self.admin, self.admin_since) = (self.world.administrator().await, self.world.now());
            self.bearers.clear();
        }
        self.clear().await;
        self.people().await;
        self.roles(dice).await;
        let mut callers: Vec<String> = self.bearers.iter().map(|bearer| bearer.id.clone()).collect();
        callers.dedup();
        for (number, id) in callers.iter().enumerate() {
            self.assign(dice, id, POWERS[number]).await;
            for role in dice.some(&ROLES, 3) {
                self.assign(dice, id, role).await;
            }
        }
        for id in &self.victims {
            for role in dice.some(&ROLES, 1) {
                self.assign(dice, id, role).await;
            }
        }
        for id in &self.clients {
            for role in dice.some(&ROLES, 1) {
                self.admin.put(&format!("/admin/clients/{id}/roles/{role}")).await.expect(200);
            }
        }
        if dice.one_in(3) {
            let sleeper = user(&self.victims[0]);
            self.admin.patch(&sleeper, json!({ "disabled": true })).await.expect(200);
        }
        Told::by(&self.admin).await
    }

    /// Removes everything but the built-in roles, the administrator, and the callers who can still call.
    async fn clear(&mut self) {
        let told = Told::by(&self.admin).await;
        for role in told.roles.keys().filter(|name| !name.starts_with("rolecall.")) {
            self.admin.delete(&format!("/admin/roles/{role}")).await.expect(200);
        }
        let dead = std::mem::take(&mut self.dead);
        for owner in self.bearers.iter().filter(|bearer| bearer.key.is_some() && !dead.contains(&bearer.id)) {
            self.admin.delete(&format!("{}/keys", user(&owner.id))).await.expect(200);
        }
        self.bearers.retain(|bearer| bearer.key.is_none());
        self.bearers.retain(|bearer| !dead.contains(&bearer.id));
        let stays = |id: &String| *id == self.admin.id() || self.bearers.iter().any(|bearer| bearer.id == *id);
        for (id, account) in told.accounts.iter().filter(|(id, _)| !stays(id)) {
            let path = if account.client.is_some() { format!("/admin/clients/{id}") } else { user(id) };
            self.admin.delete(&path).await.expect(200);
        }
        for (id, account) in told.accounts.iter().filter(|(id, _)| stays(id) && **id != self.admin.id()) {
            // What is left are assignments of built-in roles, and an address.
            for (role, _) in account.assigned.iter().filter(|(role, _)| role.starts_with("rolecall.")) {
                self.admin.delete(&assignment(id, role)).await.expect(200);
            }
            self.admin.patch(&user(id), json!({ "email": null })).await.expect(200);
        }
    }

    /// Makes those who are missing. Who calls logs in once while he holds everything, since a scope names what is held.
    async fn people(&mut self) {
        self.victims.clear();
        for name in VICTIMS {
            let made = self.admin.post("/admin/users", json!({ "username": name })).await.expect(201).json();
            self.victims.push(made["id"].as_str().expect("an id").to_owned());
        }
        self.clients.clear();
        for name in CLIENTS {
            let made = self.admin.post("/admin/clients", json!({ "client_name": name })).await.expect(201).json();
            self.clients.push(made["client_id"].as_str().expect("an id").to_owned());
        }
        let known = |name: &str, bearers: &[Bearer]| bearers.iter().any(|bearer| bearer.actor.name() == name);
        let missing: Vec<_> = CALLERS.iter().filter(|(name, _)| !known(name, &self.bearers)).collect();
        if missing.is_empty() {
            return;
        }
        for role in NAMED {
            self.world.role(&self.admin, role, &[], &["rolecall.admin"]).await;
        }
        let nobody = self.world.nobody();
        for (name, scopes) in missing {
            let said = json!({ "username": name, "password": PASSWORD });
            let made = self.admin.post("/admin/users", said).await.expect(201).json();
            let id = made["id"].as_str().expect("an id").to_owned();
            for role in NAMED {
                self.admin.put(&assignment(&id, role)).await.expect(200);
            }
            for scope in std::iter::once(None).chain(scopes.iter().copied().map(Some)) {
                let answer = nobody.log_in_for(name, PASSWORD, scope).await.expect(200).json();
                let token = answer["access_token"].as_str().expect("a token");
                let actor = nobody.with_token(token).known_as(name, &id);
                let scope = scope.map(str::to_owned);
                self.bearers.push(Bearer { id: id.clone(), scope, key: None, ends: None, actor });
            }
        }
        for role in NAMED {
            self.admin.delete(&format!("/admin/roles/{role}")).await.expect(200);
        }
        self.bearers.sort_by(|a, b| a.actor.name().cmp(b.actor.name()));
    }

    async fn roles(&mut self, dice: &mut Dice) {
        self.world.role(&self.admin, "admin", &["*"], &[]).await;
        self.world.role(&self.admin, "user", &[], &[]).await;
        for (number, name) in ROLES.iter().enumerate() {
            let mut juniors = dice.some(&ROLES[..number.max(1)], 2);
            juniors.retain(|junior| junior != name);
            if dice.one_in(10) {
                juniors.push("rolecall.admin");
            }
            let held = dice.some(&HELD, 3);
            self.world.role(&self.admin, name, &held, &juniors).await;
        }
        for name in POWERS {
            let mut held = dice.some(&HELD, 2);
            for power in [
                "rolecall.roles:write",
                "rolecall.roles:grant",
                "rolecall.users:write",
                "rolecall.clients:write",
                "rolecall.sessions:write",
            ] {
                if !dice.one_in(4) {
                    held.push(power);
                }
            }
            let juniors = dice.some(&ROLES, 1);
            self.world.role(&self.admin, name, &held, &juniors).await;
        }
    }

    async fn assign(&self, dice: &mut Dice, id: &str, role: &str) {
        let until = match dice.below(6) {
            0 => Some(self.world.now() + 2 + dice.below(8) as i64),
            1 => Some(self.world.now() + 100_000),
            _ => None,
        };
        self.admin.put_json(&assignment(id, role), json!({ "until": until })).await.expect(200);
    }
}
