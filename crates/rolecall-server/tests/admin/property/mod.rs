//! The property: no sequence of administrative calls gives anybody, or puts into a role, a permission or a role that
//! its caller does not hold. Callers have every mixture of rights, alone or two together; what is held is worked out by
//! [`oracle`] from what the API tells.
//!
//! A failure tells its seed: with it in `ROLECALL_SEED`, the scene that failed is the first to play.
//! `ROLECALL_SEQUENCES` says how many sequences are played.

mod calls;
mod dice;
mod keys;
mod oracle;
mod scene;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

pub use self::dice::Dice;
use self::{
    calls::{Call, Kind, Stage},
    oracle::{Account, Held, Told},
    scene::{Bearer, Scene},
};
use super::version_now;
use crate::util::{Answer, World, on_both};

const SEED: u64 = 0x5eed;
const SEQUENCES: usize = 2000;
const MOST_CALLS: usize = 5;
const SEQUENCES_IN_A_SCENE: usize = 40;

on_both! {
    async fn no_sequence_of_calls_gives_what_its_caller_does_not_hold(world) {
        let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
        let (first, most) = (number("ROLECALL_SEED"), number("ROLECALL_SEQUENCES"));
        let most = most.map_or(SEQUENCES, |most| usize::try_from(most).expect("a number of sequences"));
        let (mut scene, mut count) = (Scene::new(world).await, Count::default());
        let mut seed: u64 = first.unwrap_or(SEED);
        while count.sequences < most {
            let (dice, told) = (Dice::new(seed), Told::default());
            let mut play = Play { world, dice, told, version: 0, story: vec![], seed };
            play.told = scene.set(&mut play.dice).await;
            play.version = version_now(&scene.admin).await;
            for _ in 0..SEQUENCES_IN_A_SCENE {
                if scene.living().is_empty() || count.sequences >= most {
                    break;
                }
                play.sequence(&mut scene, &mut count).await;
            }
            seed += 1;
        }
        count.shows_that_it_was_not_idle(most);
    }
}

/// One scene as it goes on.
struct Play<'w> {
    world: &'w World,
    dice: Dice,
    told: Told,
    version: u64,
    story: Vec<String>,
    seed: u64,
}

impl Play<'_> {
    /// Up to five calls by one caller, or by two together.
    async fn sequence(&mut self, scene: &mut Scene<'_>, count: &mut Count) {
        count.sequences += 1;
        self.story = vec![];
        let mut living = scene.living();
        if self.dice.one_in(2) {
            // There are more tokens that are cut to something than others.
            living.retain(|bearer| bearer.scope.is_none());
        }
        let mut callers = vec![(*self.dice.pick(&living)).clone()];
        let others: Vec<&Bearer> = living.into_iter().filter(|other| other.id != callers[0].id).collect();
        if !others.is_empty() && self.dice.one_in(2) {
            callers.push((*self.dice.pick(&others)).clone());
        }
        let (before, now) = (self.told.clone(), self.world.now());
        let together = callers.iter().fold(Held::default(), |held, caller| held.and(&self.holds(caller, now)));

        for number in 0..=self.dice.below(MOST_CALLS) {
            if self.dice.one_in(12) {
                self.world.wait_for(1).await;
                self.story.push("(a second goes by)".into());
            }
            let caller = self.dice.pick(&callers).clone();
            // Who was given a key calls with the others.
            callers.extend(self.call(scene, &caller, count, number).await);
        }

        let now = self.world.now();
        for id in self.told.accounts.keys() {
            let gained = self.told.usable(id, now).without(&before.usable(id, now));
            if let Some(beyond) = together.beyond(&gained) {
                self.fail(&before, &format!("{id} has {beyond} in the end, which none of the callers held"));
            }
        }
    }

    /// One call; answers who has a key by it.
    async fn call(
        &mut self,
        scene: &mut Scene<'_>,
        caller: &Bearer,
        count: &mut Count,
        number: usize,
    ) -> Option<Bearer> {
        let before = self.world.now();
        let held = self.holds(caller, before);
        let everybody = self.told.accounts.iter().filter(|(id, _)| *id != scene.admin.id());
        let (clients, users): (Vec<_>, Vec<_>) = everybody.partition(|(_, account)| account.client.is_some());
        let ids = |some: Vec<(&String, &Account)>| some.into_iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        let (clients, accounts) = (ids(clients), ids(users));
        let (fresh, mut keys) = (scene.fresh(), scene.keys(Some(&caller.id)));
        if keys.is_empty() || self.dice.one_in(4) {
            keys = scene.keys(None);
        }
        let stage = Stage {
            told: &self.told,
            victims: &scene.victims,
            accounts: &accounts,
            clients: &clients,
            keys: &keys,
            held: &held,
            now: before,
            fresh,
        };
        let (call, scope) = (stage.call(&mut self.dice), stage.scope(&mut self.dice));

        let answer = send(caller, &call).await;

        let after = self.world.now();
        let (name, limit) = (caller.actor.name(), caller.scope.as_deref().unwrap_or("everything"));
        let body = call.body.as_ref().map(ToString::to_string).unwrap_or_default();
        self.story.push(format!("{name} ({limit}): {} {} {body} -> {}", call.method, call.path, answer.status));
        self.is_answered_rightly(scene, caller, &call, &answer, &held, after);
        let done = matches!(answer.status, 200 | 201);
        count.note(call.kind, done);
        if done && call.kind != Kind::Read {
            self.is_within(scene, caller, &call, &answer, &held, after).await;
        } else if number + 1 == MOST_CALLS || self.dice.one_in(8) {
            let told = Told::by(&scene.admin).await;
            if told != self.told {
                self.fail(&told, "a call that was refused, or only read, has changed something");
            }
        }
        match call.kind {
            Kind::MakeKey if done => self.given(scene, caller, &answer, &held, scope).await,
            _ => None,
        }
    }

    /// Whether the status fits what the caller holds.
    fn is_answered_rightly(
        &self,
        scene: &Scene<'_>,
        caller: &Bearer,
        call: &Call,
        answer: &Answer,
        held: &Held,
        now: i64,
    ) {
        let (status, done) = (answer.status, matches!(answer.status, 200 | 201));
        if !(done || (400..500).contains(&status)) {
            self.fail(&self.told, &format!("an answer that is neither done nor refused: {}", answer.text()));
        }
        if scene.is_dead(caller) {
            return if status != 401 {
                self.fail(&self.told, "the session of the caller has ended")
            };
        }
        if status == 401 && caller.ends.is_some_and(|ends| ends <= now) {
            return;
        }
        if let Some(needs) = call.needs.filter(|needs| !held.allows(needs) && status != 403) {
            self.fail(&self.told, &format!("the caller does not hold `{needs}`"));
        }
        // What he holds to the end of the call, he holds with the token that he has.
        let is_held = call.needs.is_none_or(|needs| self.holds(caller, now).allows(needs));
        if is_held && answer.text().contains("problem:forbidden") {
            self.fail(&self.told, &format!("the caller holds `{}`", call.needs.unwrap_or("nothing that it takes")));
        }
        self.is_about_own_keys(scene, caller, call, done);
        // Who edits a role holds its permissions; its name he need not have.
        let edited = call.edits.as_ref().filter(|_| done).map(|role| self.told.closure([role.as_str()]));
        if let Some(beyond) = edited.and_then(|edited| held.beyond(&Held { names: BTreeSet::new(), ..edited })) {
            self.fail(&self.told, &format!("the role that was edited holds {beyond}, which the caller does not"));
        }
        let Some(subject) = call.acts_on.as_ref().filter(|_| done) else { return };
        if call.kind == Kind::Assign && *subject == caller.id {
            self.fail(&self.told, "nobody gives a role to himself");
        }
        if let Some(beyond) = held.beyond(&self.told.strength(subject, now)) {
            self.fail(&self.told, &format!("the account holds {beyond}, which the caller does not"));
        }
    }

    /// Whether all that anybody has gained by a call is something that its caller holds.
    async fn is_within(
        &mut self,
        scene: &mut Scene<'_>,
        caller: &Bearer,
        call: &Call,
        answer: &Answer,
        held: &Held,
        now: i64,
    ) {
        let told = Told::by(&scene.admin).await;
        let version = answer.json()["version"].as_u64().unwrap_or_default();
        if answer.json()["in_force"] != true || !(self.version..=self.version + 1).contains(&version) {
            self.fail(&told, &format!("the version was {}, and now: {}", self.version, answer.text()));
        }
        for id in told.accounts.keys() {
            let gained = told.usable(id, now).without(&self.told.usable(id, now));
            if let Some(beyond) = held.beyond(&gained) {
                self.fail(&told, &format!("{id} has gained {beyond}, which the caller does not hold"));
            }
        }
        // Nor is anything put into a role, whoever has it or will have it.
        for name in told.roles.keys() {
            let mut before = self.told.closure([name.as_str()]);
            before.names.insert(name.clone());
            if let Some(beyond) = held.beyond(&told.closure([name.as_str()]).without(&before)) {
                self.fail(&told, &format!("role `{name}` has gained {beyond}, which the caller does not hold"));
            }
        }
        // What the caller holds for a time is given for no longer.
        let gives = matches!(call.kind, Kind::Assign | Kind::AssignClient);
        for later in [now + 5, now + 50_000, now + 500_000].into_iter().filter(|_| gives) {
            for id in told.accounts.keys() {
                let gained = told.usable(id, later).without(&self.told.usable(id, later));
                if let Some(beyond) = self.holds(caller, later).beyond(&gained) {
                    self.fail(&told, &format!("{id} will have {beyond} at {later}, and the caller will not"));
                }
            }
        }
        if matches!(call.kind, Kind::Disable | Kind::DeleteUser | Kind::EndSessions) {
            scene.dead.extend(call.acts_on.clone());
        }
        self.are_over(scene, call);
        (self.told, self.version) = (told, version);
    }

    fn holds(&self, caller: &Bearer, now: i64) -> Held {
        self.told.caller(&caller.id, caller.scope.as_deref(), now)
    }

    fn fail(&self, other: &Told, what: &str) {
        let (seed, story) = (self.seed, self.story.join("\n  "));
        panic!(
            "{what}\n\nto see it again: ROLECALL_SEED={seed}\n\nthe sequence:\n  {story}\n\nbefore the call: {:#?}\n\n\
             and the other: {other:#?}",
            self.told
        );
    }
}

async fn send(caller: &Bearer, call: &Call) -> Answer {
    let headers = [("content-type", "application/json")];
    match &call.body {
        Some(body) => caller.actor.send(call.method, &call.path, &headers, body.to_string()).await,
        None => caller.actor.send(call.method, &call.path, &[], "").await,
    }
}

/// How often each call was done and refused.
#[derive(Default, Debug)]
struct Count {
    sequences: usize,
    kinds: BTreeMap<Kind, (usize, usize)>,
}

impl Count {
    fn note(&mut self, kind: Kind, done: bool) {
        let (yes, no) = self.kinds.entry(kind).or_default();
        *if done { yes } else { no } += 1;
    }

    /// A property of calls that are all refused would hold, too.
    fn shows_that_it_was_not_idle(&self, sequences: usize) {
        for kind in Kind::ALL.into_iter().filter(|_| sequences >= SEQUENCES) {
            let (yes, no) = self.kinds.get(&kind).copied().unwrap_or_default();
            assert!(yes >= 10 && no >= 10, "{kind:?} was done {yes} and refused {no} times: {self:?}");
        }
    }
}
