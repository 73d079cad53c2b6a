//! How a token stands by a snapshot, against a model that keeps the whole history and searches it; and leases.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rolecall_core::jwk::VerifyingKey;
use rolecall_core::{
    Algorithm, Claims, KeySet, Lease, Moment, Policy, Role, Snapshot, Stale, Standing, Subject, Verified, Version,
};

use crate::minting;
use crate::policy::at_least;

const USERS: [&str; 3] = ["alice", "bob", "job"];
const SESSIONS: [&str; 3] = ["s1", "s2", "alice"];
const CLIENTS: [&str; 3] = ["rolecall", "app", "job"];
const ROLES: [&str; 3] = ["admin", "reader", "rolecall.auditor"];

/// Two keys, of which a snapshot has some.
static KEYS: LazyLock<[VerifyingKey; 2]> =
    LazyLock::new(|| [(); 2].map(|()| minting::generate(Algorithm::EdDsa).verifying_key().clone()));

fn key_set(numbers: &BTreeSet<usize>) -> KeySet {
    KeySet::new(numbers.iter().map(|number| KEYS[*number].clone()).collect()).expect("distinct keys")
}

/// Roles and when they were born.
fn policy(roles: &[(&str, Version)]) -> Arc<Policy> {
    let role = |(name, born): &(&str, Version)| Role {
        name: name.parse().expect("a name"),
        grants: vec![],
        inherits: vec![],
        born: *born,
    };
    Arc::new(Policy::new(roles.iter().map(role)).expect("a policy"))
}

fn snapshot() -> Snapshot {
    Snapshot {
        version: 0,
        tag: "t0".into(),
        floor: 0,
        policy: policy(&[]),
        keys: key_set(&BTreeSet::from([0, 1])),
        stale: Stale::default(),
    }
}

/// A token of this user, session and client, with these roles, as of this version.
fn token(user: &str, session: &str, client: &str, roles: &[&str], as_of: Version) -> Verified {
    let claims = Claims {
        sub: user.into(),
        sid: session.into(),
        client_id: client.into(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        pv: as_of,
        ..minting::claims()
    };
    Verified::minted(claims, KEYS[0].kid())
}

fn touched(snapshot: &Snapshot, version: Version, subjects: &[Subject]) -> Snapshot {
    snapshot.after(version, format!("t{version}"), subjects, None, None)
}

fn user(id: impl Into<String>) -> Subject {
    Subject::User(id.into())
}

// The model: whatever has happened, in order, and never forgotten.

#[derive(Clone, Debug)]
enum Event {
    /// These subjects are named by a change.
    Touched(Vec<Subject>),
    /// So many users that nobody asks about.
    TouchedOthers(usize),
    /// The policy is another, and all roles are who they were.
    PolicyEdited,
    /// A role is made, for the first time or under an old name.
    Born(usize),
    /// A role is deleted.
    Deleted(usize),
    /// A key is no longer ours, or it is again.
    KeyTurned(usize),
    /// Changes up to so many per cent of the version are forgotten. No change, so no version.
    Forgotten(u64),
    /// A change that names everybody.
    Everybody,
}

#[derive(Default)]
struct Model {
    version: Version,
    floor: Version,
    touches: Vec<(Version, Subject)>,
    /// Those that there are, and by which version.
    roles: Vec<(&'static str, Version)>,
    keys_gone: BTreeSet<usize>,
}

impl Model {
    /// What concerns this token after `as_of`, by version.
    fn standing(&self, token: &Verified) -> Standing {
        if self.keys_gone.iter().any(|number| KEYS[*number].kid() == token.kid) {
            return Standing::KeyGone;
        }
        if token.as_of > self.version {
            return Standing::Ahead { min: token.as_of };
        }
        let named = |subject: &Subject| match subject {
            Subject::User(id) => *id == token.claims.sub,
            Subject::Session(id) => *id == token.claims.sid,
            Subject::Client(id) => *id == token.claims.client_id,
            _ => false,
        };
        let touches = self.touches.iter().filter(|(_, subject)| named(subject)).map(|(version, _)| *version);
        let births = self.roles.iter().filter(|(name, _)| token.roles.iter().any(|role| role == name));
        let all = touches.chain(births.map(|(_, born)| *born)).chain([self.floor]);
        match all.filter(|version| *version > token.as_of).max() {
            Some(min) => Standing::Stale { min },
            None => Standing::Current,
        }
    }

    /// The event happens here and to the snapshot.
    fn follow(&mut self, event: &Event, gap: Version, snapshot: &Snapshot) -> Snapshot {
        if let Event::Forgotten(share) = event {
            let mut next = snapshot.clone();
            let floor = self.version * share / 100;
            self.floor = self.floor.max(floor);
            next.floor = next.floor.max(floor);
            next.stale.forget_until(floor);
            return next;
        }

        self.version += gap;
        let version = self.version;
        let (mut touched, mut new_policy, mut new_keys) = (vec![], false, false);
        match event {
            Event::Touched(subjects) => touched.clone_from(subjects),
            Event::TouchedOthers(count) => touched.extend((0..*count).map(|n| user(format!("{version}-{n}")))),
            Event::PolicyEdited => (touched, new_policy) = (vec![Subject::Policy], true),
            Event::Born(number) | Event::Deleted(number) => {
                self.roles.retain(|(name, _)| *name != ROLES[*number]);
                if matches!(event, Event::Born(_)) {
                    self.roles.push((ROLES[*number], version));
                }
                (touched, new_policy) = (vec![Subject::Policy], true);
            }
            Event::KeyTurned(number) => {
                if !self.keys_gone.remove(number) {
                    self.keys_gone.insert(*number);
                }
                (touched, new_keys) = (vec![Subject::Keys], true);
            }
            Event::Everybody => self.floor = version,
            Event::Forgotten(_) => unreachable!("it makes no version"),
        }
        self.touches.extend(touched.iter().map(|subject| (version, subject.clone())));

        let keys = || key_set(&BTreeSet::from([0, 1]).difference(&self.keys_gone).copied().collect());
        let policy = new_policy.then(|| policy(&self.roles));
        let mut next = snapshot.after(version, format!("t{version}"), &touched, policy, new_keys.then(keys));
        next.floor = self.floor;
        next
    }
}

fn event() -> impl Strategy<Value = Event> {
    let subject = prop_oneof![
        3 => select(&USERS).prop_map(|id| Subject::User(id.into())),
        3 => select(&SESSIONS).prop_map(|id| Subject::Session(id.into())),
        2 => select(&CLIENTS).prop_map(|id| Subject::Client(id.into())),
        1 => Just(Subject::Policy),
        1 => Just(Subject::Keys),
    ];
    prop_oneof![
        8 => vec(subject, 0..3).prop_map(Event::Touched),
        2 => (0usize..400).prop_map(Event::TouchedOthers),
        2 => Just(Event::PolicyEdited),
        // Not the built-in role, which is neither born nor deleted.
        2 => (0..2usize).prop_map(Event::Born),
        2 => (0..2usize).prop_map(Event::Deleted),
        1 => (0..2usize).prop_map(Event::KeyTurned),
        1 => (0u64..101).prop_map(Event::Forgotten),
        1 => Just(Event::Everybody),
    ]
}

fn any_token() -> impl Strategy<Value = Verified> {
    let roles = prop::sample::subsequence(&ROLES, 0..=ROLES.len());
    (select(&USERS), select(&SESSIONS), select(&CLIENTS), roles, 0u64..40, 0..2usize).prop_map(
        |(user, session, client, roles, as_of, key)| Verified {
            kid: KEYS[key].kid().into(),
            ..token(user, session, client, &roles, as_of)
        },
    )
}

proptest! {
    #![proptest_config(at_least(1_000))]

    #[test]
    fn a_token_stands_as_its_history_says(
        events in vec((event(), 1u64..3), 0..24),
        tokens in vec(any_token(), 1..24),
        at_birth in vec(any::<bool>(), ROLES.len()),
    ) {
        let mut model = Model::default();
        let roles = ROLES[..2].iter().zip(&at_birth).filter(|(_, there)| **there).map(|(name, _)| (*name, 0));
        model.roles = roles.collect();
        let mut now = Snapshot { policy: policy(&model.roles), ..snapshot() };
        let mut before = vec![];
        for (event, gap) in &events {
            let expected: Vec<Standing> = tokens.iter().map(|token| model.standing(token)).collect();
            before.push((now.clone(), expected));
            now = model.follow(event, *gap, &now);
            prop_assert_eq!((now.version, now.floor), (model.version, model.floor));
            prop_assert_eq!(&now.tag, &format!("t{}", model.version));
        }
        let expected = tokens.iter().map(|token| model.standing(token)).collect();
        before.push((now, expected));
        // All snapshots are asked at the end: what came later does not show in an earlier one.
        for (snapshot, expected) in &before {
            for (token, expected) in tokens.iter().zip(expected) {
                prop_assert_eq!(
                    snapshot.standing(token), *expected,
                    "version {}, floor {}, token {:?}, after {:?}", snapshot.version, snapshot.floor, token, events
                );
            }
        }
    }
}

#[test]
fn a_token_as_old_as_the_change_is_current() {
    let now = touched(&touched(&snapshot(), 41, &[user("bob")]), 43, &[user("alice")]);
    let standing = |as_of| now.standing(&token("alice", "s1", "app", &[], as_of));
    assert_eq!(standing(42), Standing::Stale { min: 43 });
    assert_eq!(standing(43), Standing::Current);
    assert_eq!(standing(44), Standing::Ahead { min: 44 });
    assert_eq!(standing(Version::MAX), Standing::Ahead { min: Version::MAX });
    assert_eq!(now.standing(&token("carol", "s1", "app", &[], 0)), Standing::Current);
}

#[test]
fn a_change_names_its_kind_of_subject_only() {
    // One text is the id of a user, of a session and of a client.
    let of = |subject: fn(String) -> Subject| touched(&snapshot(), 1, &[subject("x".into())]);
    let stale = |snapshot: &Snapshot, user: &str, session: &str, client: &str| {
        snapshot.standing(&token(user, session, client, &[], 0)) == Standing::Stale { min: 1 }
    };
    for (snapshot, expected) in [
        (of(Subject::User), [true, false, false]),
        (of(Subject::Session), [false, true, false]),
        (of(Subject::Client), [false, false, true]),
        (touched(&snapshot(), 1, &[Subject::Policy, Subject::Keys]), [false; 3]),
    ] {
        let asked = [stale(&snapshot, "x", "a", "a"), stale(&snapshot, "a", "x", "a"), stale(&snapshot, "a", "a", "x")];
        assert_eq!(asked, expected);
    }
}

#[test]
fn the_last_of_all_that_concerns_a_token_is_the_least_that_an_answer_needs() {
    let mut now = touched(&snapshot(), 3, &[user("alice")]);
    now = touched(&now, 5, &[Subject::Session("s1".into())]);
    now = touched(&now, 4 + 3, &[Subject::Client("app".into())]);
    let min = |snapshot: &Snapshot| match snapshot.standing(&token("alice", "s1", "app", &["admin"], 1)) {
        Standing::Stale { min } => min,
        other => panic!("{other:?}"),
    };
    assert_eq!(min(&now), 7);
    now = now.after(9, "t9".into(), &[], Some(policy(&[("admin", 9)])), None);
    assert_eq!(min(&now), 9);
    now = touched(&now, 11, &[user("alice")]);
    assert_eq!(min(&now), 11);
    now.floor = 12;
    now.version = 13;
    assert_eq!(min(&now), 12);
}

#[test]
fn a_role_made_again_is_another_role() {
    let old = snapshot().after(10, "t10".into(), &[], Some(policy(&[("admin", 10)])), None);
    let alice = token("alice", "s1", "app", &["reader", "admin"], 10);
    assert_eq!(old.standing(&alice), Standing::Current);
    let deleted = old.after(11, "t11".into(), &[Subject::Policy], Some(policy(&[])), None);
    assert_eq!(deleted.standing(&alice), Standing::Current, "she has a role that is not there: it gives nothing");
    let again = deleted.after(12, "t12".into(), &[Subject::Policy], Some(policy(&[("admin", 12)])), None);
    assert_eq!(again.standing(&alice), Standing::Stale { min: 12 });
    assert_eq!(again.standing(&token("alice", "s1", "app", &["reader"], 10)), Standing::Current);
    // What a look-up found counts, not what the token says.
    let looked_up = Verified { roles: vec![], ..alice };
    assert_eq!(again.standing(&looked_up), Standing::Current);
}

#[test]
fn roles_named_by_a_scope_stand_by_those_that_they_came_by() {
    // Of `admin` she asked for `reader` only, which it inherits.
    let mut claims = token("alice", "s1", "app", &["reader"], 10).claims;
    claims.via = Some(vec!["admin".into()]);
    let alice = Verified::minted(claims, KEYS[0].kid());
    assert_eq!(alice.roles, ["admin"]);
    let again = |role| snapshot().after(12, "t12".into(), &[Subject::Policy], Some(policy(&[(role, 12)])), None);
    assert_eq!(again("admin").standing(&alice), Standing::Stale { min: 12 });
    assert_eq!(again("reader").standing(&alice), Standing::Current, "whether it is inherited is for the policy to say");
}

#[test]
fn a_look_up_counts_from_its_version_and_goes_stale_too() {
    let now = touched(&snapshot(), 5, &[user("alice")]);
    let minted = token("alice", "s1", "app", &["admin"], 3);
    assert_eq!((minted.as_of, minted.end, &minted.roles), (3, minted.claims.exp, &minted.claims.roles));
    assert_eq!(now.standing(&minted), Standing::Stale { min: 5 });
    let answer = Verified { as_of: 5, roles: vec!["reader".into()], ..minted };
    assert_eq!(now.standing(&answer), Standing::Current);
    assert_eq!(touched(&now, 6, &[user("alice")]).standing(&answer), Standing::Stale { min: 6 });
}

#[test]
fn a_key_that_is_gone_comes_before_all_else() {
    let now = touched(&snapshot(), 5, &[user("alice")]);
    let without = now.after(6, "t6".into(), &[Subject::Keys], None, Some(key_set(&BTreeSet::from([1]))));
    for as_of in [0, 5, 6, 7] {
        assert_eq!(without.standing(&token("alice", "s1", "app", &[], as_of)), Standing::KeyGone);
        assert_ne!(now.standing(&token("alice", "s1", "app", &[], as_of)), Standing::KeyGone);
    }
}

#[test]
fn a_raised_floor_makes_up_for_what_is_forgotten() {
    let mut now = snapshot();
    for version in 1..=600 {
        now = touched(&now, version, &[user(format!("u{version}"))]);
    }
    let before = now.clone();
    now.stale.forget_until(300);
    now.floor = 300;
    for version in 1..=600 {
        let standing =
            |snapshot: &Snapshot, as_of| snapshot.standing(&token(&format!("u{version}"), "s1", "app", &[], as_of));
        assert_eq!(standing(&before, version - 1), Standing::Stale { min: version });
        assert_eq!(standing(&now, version - 1), Standing::Stale { min: version.max(300) });
        let after_it = if version < 300 { Standing::Stale { min: 300 } } else { Standing::Current };
        assert_eq!(standing(&now, version), after_it);
        assert_eq!(standing(&now, version.max(300)), Standing::Current);
    }
    // Nobody whom no change names is spared.
    assert_eq!(now.standing(&token("carol", "s1", "app", &[], 299)), Standing::Stale { min: 300 });
}

#[test]
fn many_changes_settle_and_none_is_lost() {
    // Around 256 entries and their multiples, what is recent settles.
    let id = |version: Version| match version % 3 {
        0 => Subject::User(format!("x{version}")),
        1 => Subject::Session(format!("x{version}")),
        _ => Subject::Client(format!("x{version}")),
    };
    let mut held = vec![snapshot()];
    for version in 1..=1_100 {
        let last = held.last().expect("there is one");
        // Each change touches somebody new, somebody old, and somebody over and over.
        held.push(touched(last, version, &[id(version), id(version / 2), user("over and over")]));
    }
    for at in [1, 2, 84, 85, 86, 127, 128, 129, 255, 256, 257, 258, 511, 512, 513, 514, 770, 1_024, 1_100] {
        let snapshot = &held[at as usize];
        assert_eq!(snapshot.standing(&token("over and over", "", "", &[], at - 1)), Standing::Stale { min: at });
        for version in 1..=1_100 {
            let x = format!("x{version}");
            let (user, session, client) = match version % 3 {
                0 => (x.as_str(), "", ""),
                1 => ("", x.as_str(), ""),
                _ => ("", "", x.as_str()),
            };
            // It was touched at `version`, and again at twice that and at one more.
            let last = [version, 2 * version, 2 * version + 1].into_iter().filter(|touch| *touch <= at).max();
            let expected = last.map_or(Standing::Current, |min| Standing::Stale { min });
            assert_eq!(snapshot.standing(&token(user, session, client, &[], 0)), expected, "{x} at {at}");
        }
    }
}

#[test]
fn the_order_of_touches_does_not_matter() {
    // As from a table without an order, with more rows than stay recent; the row from before the last comes last.
    for (between, after) in [(0, 0), (1, 1), (255, 0), (256, 0), (0, 256), (256, 256), (600, 0), (600, 600)] {
        let mut stale = Stale::default();
        stale.touch(&user("alice"), 42);
        for number in 0..between {
            stale.touch(&user(format!("u{number}")), 7);
        }
        stale.touch(&user("alice"), 41);
        for number in 0..after {
            stale.touch(&user(format!("v{number}")), 7);
        }
        let now = Snapshot { version: 50, stale, ..snapshot() };
        let standing = now.standing(&token("alice", "s1", "app", &[], 41));
        assert_eq!(standing, Standing::Stale { min: 42 }, "with {between} others between, {after} after");
    }
}

#[test]
fn a_starting_process_takes_in_many_stale_subjects() {
    let mut stale = Stale::default();
    for number in 0..200_000u64 {
        stale.touch(&Subject::Session(format!("s{number}")), number + 1);
    }
    let now = Snapshot { version: 200_000, stale, ..snapshot() };
    for number in (0..200_000).step_by(997) {
        let standing = now.standing(&token("alice", &format!("s{number}"), "app", &[], number));
        assert_eq!(standing, Standing::Stale { min: number + 1 });
    }
}

// Leases.

const SECOND: u64 = 1_000_000_000;

fn at(boot: u64, wall: i64) -> Moment {
    Moment { boot, wall }
}

#[test]
fn a_lease_ends_on_whichever_clock_comes_first() {
    let lease = Lease::from_asking(at(10 * SECOND, 1_000), Duration::from_secs(30));
    for (boot, wall, holds) in [
        (10 * SECOND, 1_000, true),
        (40 * SECOND - 1, 1_000, true),
        (40 * SECOND, 1_000, false),
        (40 * SECOND + 1, 1_000, false),
        (10 * SECOND, 1_030, true),
        // A clock of whole seconds is up to one behind, so the lease has one more by it.
        (10 * SECOND, 1_031, false),
        (10 * SECOND, 1_032, false),
        (40 * SECOND - 1, 1_030, true),
        // The wall clock was set back: the other one ends it.
        (40 * SECOND - 1, 0, true),
        (40 * SECOND, 0, false),
        // The machine was paused, and its time set when it went on.
        (11 * SECOND, 4_600, false),
        (u64::MAX, i64::MAX, false),
    ] {
        assert_eq!(lease.holds(at(boot, wall)), holds, "{boot} {wall}");
    }
    let none = Lease::from_asking(at(10, 1_000), Duration::ZERO);
    assert!(!none.holds(at(10, 1_000)));
    let short = Lease::from_asking(at(0, 0), Duration::from_nanos(7));
    assert!(short.holds(at(6, 0)) && !short.holds(at(7, 0)));
}

#[test]
fn a_lease_counts_from_the_asking() {
    let length = Duration::from_secs(30);
    let (asked, answered) = (at(5 * SECOND, 1_000), at(25 * SECOND, 1_020));
    assert!(Lease::from_asking(asked, length).holds(answered));
    assert!(!Lease::from_asking(asked, length).holds(at(35 * SECOND, 1_030)));
}

#[test]
fn a_lease_does_not_run_over() {
    let endless = Lease::from_asking(at(u64::MAX - 1, i64::MAX - 1), Duration::MAX);
    assert!(endless.holds(at(u64::MAX - 1, i64::MAX - 1)));
    let far = Lease::from_asking(at(u64::MAX - 5, 1_000), Duration::from_secs(30));
    assert!(far.holds(at(u64::MAX - 1, 1_000)) && !far.holds(at(u64::MAX - 1, 1_031)));
}

#[test]
fn no_lease_and_an_endless_one() {
    for now in [at(0, i64::MIN), at(0, 0), at(1, 1_000), at(u64::MAX - 1, i64::MAX - 1)] {
        assert!(!Lease::NONE.holds(now));
        assert!(Lease::ENDLESS.holds(now));
    }
    assert!(Lease::ENDLESS.is_endless() && !Lease::NONE.is_endless());
    let lease = Lease::from_asking(at(0, 1_000), Duration::from_secs(30));
    assert!(!lease.is_endless());
    assert_eq!(Lease::NONE.or_later(lease), lease);
    assert_eq!(lease.or_later(Lease::NONE), lease);
    assert_eq!(lease.or_later(Lease::ENDLESS), Lease::ENDLESS);
    assert_eq!(Lease::ENDLESS.or_later(lease), Lease::ENDLESS);
    assert_eq!(Lease::NONE.or_later(Lease::NONE), Lease::NONE);
}

#[test]
fn everybody_waits_a_quarter_longer() {
    assert_eq!(Lease::outlasting(Duration::from_secs(30)), Duration::from_millis(37_500));
    assert_eq!(Lease::outlasting(Duration::from_secs(5)), Duration::from_millis(6_250));
    assert_eq!(Lease::outlasting(Duration::ZERO), Duration::ZERO);
}

proptest! {
    #![proptest_config(at_least(2_000))]

    /// Answers come in any order, and some late. Both clocks go on between two askings, at one pace.
    #[test]
    fn the_lease_that_ends_last_stays(
        asked in vec((1u64..100, 0u64..60), 1..8),
        now in 0u64..200,
    ) {
        let moment = |second: u64| at(second * SECOND, 1_000 + second as i64);
        let leases: Vec<Lease> = asked
            .iter()
            .map(|(second, length)| Lease::from_asking(moment(*second), Duration::from_secs(*length)))
            .collect();
        let last = leases.iter().fold(Lease::NONE, |held, lease| held.or_later(*lease));
        prop_assert!(leases.contains(&last), "two leases are never mixed into a third");
        let now = moment(now);
        prop_assert_eq!(last.holds(now), leases.iter().any(|lease| lease.holds(now)));
    }

    /// A holder whose clock is slow, and one who waits and whose clock is fast: 11 % between them.
    #[test]
    fn who_waits_so_long_outlasts_every_holder(
        length in 1_000u64..300_000,
        asked in 0u64..1_000_000,
        gap in 0u64..11_100,
    ) {
        let lease = Lease::from_asking(at(asked, 0), Duration::from_millis(length));
        // What passes on the waiting clock, and meanwhile on the holder's, which is slower by `gap` in 100,000.
        let waited = Lease::outlasting(Duration::from_millis(length)).as_nanos() as u64;
        let passed = waited - waited / 100_000 * gap;
        prop_assert!(!lease.holds(at(asked + passed, 0)));
    }
}
