//! API keys in the sequences: who makes one, what whoever was given it may do, and whom it is taken from.

use super::{
    Play,
    calls::{Call, Kind},
    oracle::Held,
    scene::{Bearer, Scene},
};
use crate::{
    face::{encoded, opened},
    util::Answer,
};

/// Most programs with keys in one scene.
const MOST: usize = 6;

impl Play<'_> {
    /// A program is given the key that was made, and gets a token for it, cut to this perhaps: it may at most what the key
    /// may, and that what its maker may.
    pub(super) async fn given(
        &mut self,
        scene: &mut Scene<'_>,
        maker: &Bearer,
        made: &Answer,
        held: &Held,
        scope: Option<String>,
    ) -> Option<Bearer> {
        let made = made.json();
        let text = |member: &str| made[member].as_str().unwrap_or_else(|| panic!("{member} in {made}")).to_owned();
        let (id, key, limit) = (text("id"), text("api_key"), text("scope"));
        let all = self.told.caller(&maker.id, Some(&limit), self.world.now());
        if let Some(beyond) = held.beyond(&all) {
            self.fail(&self.told, &format!("the key holds {beyond}, which its maker does not"));
        }

        let mut form = format!("grant_type=urn%3Arolecall%3Aoauth%3Agrant-type%3Aapi-key&api_key={key}");
        if let Some(scope) = &scope {
            form.push_str(&format!("&scope={}", encoded(scope)));
        }
        let answer = self.world.nobody().form("/token", &form).await;
        self.story
            .push(format!("(for the key, cut to `{limit}`, a token is asked, cut to {scope:?} -> {})", answer.status));
        if answer.status != 200 {
            if scope.is_none() {
                self.fail(&self.told, &format!("the key is good: {}", answer.text()));
            }
            return None;
        }
        let told = answer.json();
        let text = |member: &str| told[member].as_str().unwrap_or_else(|| panic!("{member} in {told}"));
        let (token, scope) = (text("access_token"), Some(text("scope").to_owned()));
        let (actor, ends) = (self.world.nobody().with_token(token), opened(token).1["exp"].as_i64());
        let actor = actor.known_as("a program", &maker.id);
        let program = Bearer { id: maker.id.clone(), scope, key: Some(id), ends, actor };
        if let Some(beyond) = all.beyond(&self.holds(&program, self.world.now())) {
            self.fail(&self.told, &format!("the token holds {beyond}, which the key does not"));
        }
        if scene.keys(None).len() >= MOST {
            return None;
        }
        scene.bearers.push(program.clone());
        Some(program)
    }

    /// A key makes no keys, and the owner alone, in a session that is cut to nothing, takes back one of his own.
    pub(super) fn is_about_own_keys(&self, scene: &Scene<'_>, caller: &Bearer, call: &Call, done: bool) {
        if call.kind == Kind::MakeKey && done && caller.key.is_some() {
            self.fail(&self.told, "a key has made a key");
        }
        if call.kind == Kind::RevokeKey && done {
            let is_it = |bearer: &&Bearer| bearer.key.as_ref().is_some_and(|key| call.path.ends_with(key.as_str()));
            let owner = scene.bearers.iter().find(is_it).map(|bearer| bearer.id.as_str());
            if owner != Some(&caller.id) || caller.scope.is_some() {
                self.fail(&self.told, "it is not for the caller to revoke this key");
            }
        }
    }

    /// Whoever was given a key that was revoked is out.
    pub(super) fn are_over(&self, scene: &mut Scene<'_>, call: &Call) {
        let is_over = |bearer: &&Bearer, key: &str| match call.kind {
            Kind::RevokeKey => call.path.ends_with(key),
            Kind::RevokeKeys => call.acts_on.as_ref() == Some(&bearer.id),
            _ => false,
        };
        let over = scene.bearers.iter().filter(|bearer| bearer.key.as_ref().is_some_and(|key| is_over(bearer, key)));
        let over: Vec<String> = over.filter_map(|bearer| bearer.key.clone()).collect();
        scene.dead.extend(over);
    }
}
