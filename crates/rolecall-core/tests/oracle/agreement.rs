//! The crate and the oracle are asked the same questions about ten thousand policies, and give the same answers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{TestError, TestRunner};
use rolecall_core::{Beyond, Decision, Grant, Object, Permission, Policy, Reason, Rights, Role, RoleName, Scope};

use super::{Answer, Assignment, Book, RoleText, Session, includes, is_grant, is_permission, is_role_name, reaches};
use crate::policy::at_least;

const POLICIES: u32 = 10_000;

/// The names of an application's roles, the first the most senior. Some look like the service's own, and are not.
const NAMES: [&str; 11] =
    ["admin", "owner", "editor", "auditor", "writer", "a.b", "rolecall", "rolecallx", "reader", "user", "0"];

const BUILT_IN: [&str; 2] = ["rolecall.admin", "rolecall.auditor"];

/// What no role is called; the last two are not even names.
const UNKNOWN: [&str; 4] = ["ghost", "rolecall.ghost", "Editor", ""];

const GRANTS: [&str; 23] = [
    "*",
    "items:*",
    "items:*:own",
    "items:read",
    "items:read:own",
    "items:write",
    "items:write:own",
    "items:own",
    "items:own:own",
    "item:read",
    "items.x:read",
    "orders:*",
    "orders:*:own",
    "orders:list",
    "orders:list:own",
    "rolecall:read",
    "rolecallx:*",
    "rolecall.:read",
    "rolecall.users:*",
    "rolecall.users:read",
    "rolecall.users:read:own",
    "rolecall.roles:*:own",
    "rolecall.roles:grant",
];

const QUESTIONS: [&str; 20] = [
    "items:read",
    "items:write",
    "items:own",
    "items:delete",
    "item:read",
    "items.x:read",
    "orders:list",
    "orders:read",
    "nobody:knows",
    "rolecall:read",
    "rolecallx:read",
    "rolecall.:read",
    "rolecall.users:read",
    "rolecall.users:write",
    "rolecall.users:unknown",
    "rolecall.roles:grant",
    "rolecall.roles:read",
    "rolecall.audit:read",
    "rolecall.keys:write",
    "rolecall.unknown:read",
];

const MALFORMED: [&str; 16] = [
    "",
    "*",
    ":",
    "items",
    "items:",
    ":read",
    "items:*",
    "*:read",
    "*:own",
    "items:read:own",
    "items:*:own",
    "items::read",
    "Items:read",
    "items:re ad",
    "it\u{e9}ms:read",
    "rolecall.users:*",
];

/// A policy, and who asks.
#[derive(Clone)]
struct World {
    /// In the order in which the policy gets them.
    roles: Vec<RoleText>,
    sessions: Vec<SessionText>,
    now: i64,
}

#[derive(Clone, Debug)]
struct SessionText {
    assigned: Vec<Assignment>,
    /// Empty for none.
    scope: String,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |texts: &[String]| if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") };
        for role in &self.roles {
            write!(f, "\n  role `{}` has {}", role.name, list(&role.grants))?;
            if !role.inherits.is_empty() {
                write!(f, "; inherits {}", role.inherits.join(", "))?;
            }
        }
        for (number, session) in self.sessions.iter().enumerate() {
            let assigned = session.assigned.iter().map(|assignment| match assignment.until {
                Some(until) => format!("`{}` until {until}", assignment.role),
                None => format!("`{}`", assignment.role),
            });
            write!(f, "\n  session {number} has {}", list(&assigned.collect::<Vec<_>>()))?;
            if !session.scope.is_empty() {
                write!(f, "; scope `{}`", session.scope)?;
            }
        }
        write!(f, "\n  it is now {}", self.now)
    }
}

/// How often what came up, so that the test shows that it tests something.
#[derive(Default)]
struct Tally {
    answers: BTreeMap<Answer, usize>,
    policies: usize,
    deep: usize,
    diamonds: usize,
    scopes_refused: usize,
    handed_out: usize,
    kept: usize,
}

#[test]
fn ten_thousand_policies_are_decided_as_the_oracle_does() {
    let mut runner = TestRunner::new(ProptestConfig { max_shrink_iters: 4_000, ..at_least(POLICIES) });
    let tally = RefCell::new(Tally::default());

    let outcome = runner.run(&world(), |world| {
        agree(&world, &mut tally.borrow_mut()).map_err(|difference| TestCaseError::fail(difference.0))
    });

    if let Err(TestError::Fail(difference, world)) = outcome {
        panic!("{difference}\nin this smallest case:{world:?}");
    }
    outcome.expect("no case is thrown away");
    let tally = tally.into_inner();
    assert!(tally.policies >= POLICIES as usize);
    for (answer, least) in [
        (Answer::Yes, 50_000),
        (Answer::NoRoles, 20_000),
        (Answer::NotGranted, 50_000),
        (Answer::OnlyOwn, 5_000),
        (Answer::OutOfScope, 10_000),
        (Answer::NotInRole, 20_000),
        (Answer::NotAPermission, 50_000),
    ] {
        let count = tally.answers.get(&answer).copied().unwrap_or(0);
        assert!(count >= least, "only {count} answers were {answer:?}: the generator has lost its force");
    }
    let Tally { deep, diamonds, scopes_refused, handed_out, kept, .. } = tally;
    let rare = [deep, diamonds, scopes_refused, handed_out, kept];
    assert!(rare.iter().all(|count| *count >= 200), "the generator has lost its force: {rare:?}");
}

#[test]
fn what_is_a_name_is_what_the_oracle_takes_for_one() {
    let piece = select(&[
        "a",
        "items",
        "own",
        "rolecall.",
        ":",
        ":",
        ":",
        "*",
        ".",
        "-",
        "_",
        "7",
        " ",
        "A",
        "\u{e9}",
        "\0",
        "\n",
        "/",
    ]);
    let text = prop_oneof![
        9 => vec(piece, 0..7).prop_map(|pieces| pieces.concat()),
        1 => (0usize..131, 0usize..131).prop_map(|(left, right)| format!("{}:{}", "o".repeat(left), "p".repeat(right))),
        1 => (60usize..70).prop_map(|length| "r".repeat(length)),
    ];
    let outcome = TestRunner::new(at_least(20_000)).run(&text, |text| {
        prop_assert_eq!(text.parse::<Permission>().is_ok(), is_permission(&text), "permission {:?}", text);
        prop_assert_eq!(text.parse::<Grant>().is_ok(), is_grant(&text), "grant {:?}", text);
        prop_assert_eq!(text.parse::<RoleName>().is_ok(), is_role_name(&text), "role {:?}", text);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

// What is generated.

fn world() -> impl Strategy<Value = World> {
    let role = || {
        (
            prop::bool::weighted(0.85),
            vec(1usize..6, 0..3),
            prop::option::weighted(0.04, select(&BUILT_IN)),
            vec(select(&GRANTS), 0..4),
            any::<u16>(),
        )
    };
    let roles = prop_oneof![1 => vec(role(), 0..4), 9 => vec(role(), 8..=NAMES.len())].prop_map(|drafts| {
        let count = drafts.len();
        let mut roles: Vec<(u16, RoleText)> = vec![];
        for (number, (chained, further, built_in, grants, order)) in drafts.into_iter().enumerate() {
            // Only what comes later is inherited, so there is no circle.
            let next = chained.then_some(1).into_iter().chain(further).map(|step| number + step);
            let inherits = next.filter(|junior| *junior < count).map(|junior| NAMES[junior]);
            let inherits: BTreeSet<String> = inherits.chain(built_in).map(str::to_owned).collect();
            let grants = grants.into_iter().map(str::to_owned).collect();
            let name = NAMES[number].to_owned();
            roles.push((order, RoleText { name, grants, inherits: inherits.into_iter().collect() }));
        }
        // The order in which a policy gets its roles must not matter.
        roles.sort_by_key(|(order, _)| *order);
        roles.into_iter().map(|(_, role)| role).collect()
    });
    (roles, vec(session(), 1..3), 98i64..103).prop_map(|(roles, sessions, now)| World { roles, sessions, now })
}

fn session() -> impl Strategy<Value = SessionText> {
    let until = || prop::option::weighted(0.25, 95i64..106);
    let assignment = || (role_name(), until()).prop_map(|(role, until)| Assignment { role, until });
    let word = prop_oneof![
        5 => role_name(),
        5 => junior(),
        10 => select(&GRANTS).prop_map(str::to_owned),
        1 => select(&MALFORMED[2..]).prop_map(str::to_owned),
    ];
    let scope = prop_oneof![
        4 => Just(String::new()),
        2 => vec(prop_oneof![role_name(), junior()], 1..4).prop_map(|words| words.join(" ")),
        2 => vec(select(&GRANTS), 1..4).prop_map(|words| words.join(" ")),
        3 => vec(word, 1..5).prop_map(|words| words.join(" ")),
    ];
    (prop_oneof![1 => Just(vec![]), 19 => vec(assignment(), 1..4)], scope)
        .prop_map(|(assigned, scope)| SessionText { assigned, scope })
}

fn role_name() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => select(&NAMES),
        2 => select(&BUILT_IN),
        1 => select(&UNKNOWN),
    ]
    .prop_map(str::to_owned)
}

/// One that many others inherit.
fn junior() -> impl Strategy<Value = String> {
    select(&NAMES[5..]).prop_map(str::to_owned)
}

// What is compared.

/// What the crate and the oracle disagree on.
struct Difference(String);

macro_rules! same {
    ($ours:expr, $oracle:expr, $($about:tt)+) => {{
        let (ours, oracle) = (&$ours, &$oracle);
        if ours != oracle {
            return Err(Difference(format!("{}: the crate says {ours:?}, the oracle {oracle:?}", format!($($about)+))));
        }
    }};
}

macro_rules! ensure {
    ($holds:expr, $($about:tt)+) => {
        if !$holds {
            return Err(Difference(format!($($about)+)));
        }
    };
}

fn agree(world: &World, tally: &mut Tally) -> Result<(), Difference> {
    let book = Book::new(&world.roles);
    let policy = Policy::new(world.roles.iter().map(compiled)).map_err(|error| Difference(error.to_string()))?;
    tally.policies += 1;
    tally.deep += usize::from(world.roles.iter().any(|role| book.depth(&role.name) >= 8));
    tally.diamonds += usize::from(world.roles.iter().any(|role| book.is_top_of_diamond(&role.name)));

    let assigned = world.sessions.iter().flat_map(|session| &session.assigned);
    let assigned: BTreeSet<&str> = assigned.map(|assignment| assignment.role.as_str()).collect();
    inheritance_agrees(&policy, &book, &assigned)?;
    for (number, text) in world.sessions.iter().enumerate() {
        let about = |difference: Difference| Difference(format!("session {number}: {}", difference.0));
        let scope = Scope::parse(&text.scope);
        let session = book.session(&text.assigned, world.now, &text.scope);
        same!(scope.is_ok(), session.is_some(), "session {number}: its scope can be read");
        let (Ok(scope), Some(session)) = (scope, session) else {
            tally.scopes_refused += 1;
            continue;
        };
        let scope = scope.map(Arc::new);
        // As the server does: an assignment that has ended is not activated.
        let good = text.assigned.iter().filter(|assignment| assignment.until.is_none_or(|until| until > world.now));
        let good: Vec<&str> = good.map(|assignment| assignment.role.as_str()).collect();
        let rights = policy.activate(good.iter().copied(), scope.clone());
        session_agrees(&policy, &rights, &session, tally).map_err(about)?;
        // Once more, in another order, from what the policy has kept.
        let again = policy.activate(good.iter().rev().copied(), scope);
        for question in QUESTIONS {
            let (first, second) = (ask(&policy, &rights, question, true), ask(&policy, &again, question, true));
            same!(second, first, "session {number}: `{question}` asked again");
        }
    }
    Ok(())
}

fn compiled(role: &RoleText) -> Role {
    Role {
        name: role.name.parse().expect("a name"),
        grants: role.grants.iter().map(|grant| grant.parse().expect("a grant")).collect(),
        inherits: role.inherits.iter().map(|junior| junior.parse().expect("a name")).collect(),
        born: 0,
    }
}

/// Of all roles, what they inherit and what inherits them; and how those that somebody has come by the others.
fn inheritance_agrees(policy: &Policy, book: &Book, assigned: &BTreeSet<&str>) -> Result<(), Difference> {
    let names: Vec<&str> = NAMES.iter().chain(&BUILT_IN).chain(&UNKNOWN).copied().collect();
    let below: BTreeMap<&str, BTreeSet<String>> = names.iter().map(|name| (*name, book.closure(name))).collect();
    let inherits = |senior: &str, junior: &str| {
        book.role(senior).is_some_and(|role| role.inherits.iter().any(|name| name == junior))
    };
    for name in &names {
        same!(policy.role(name).is_some(), book.role(name).is_some(), "there is a role `{name}`");
        let inherited: BTreeSet<String> = policy.inherited(name).iter().map(|role| role.name.to_string()).collect();
        same!(inherited, below[name], "what `{name}` inherits");
        let seniors: BTreeSet<&str> = policy.seniors(name).iter().map(|role| role.as_str()).collect();
        let above = names.iter().copied().filter(|senior| below[senior].contains(*name));
        same!(seniors, above.collect(), "what inherits `{name}`");
        for to in names.iter().filter(|_| assigned.contains(name)) {
            let Some(path) = policy.path(name, to) else {
                ensure!(!below[name].contains(*to), "there is no path from `{name}` to `{to}`");
                continue;
            };
            let path: Vec<&str> = path.iter().map(|role| role.as_str()).collect();
            let ends = path.first() == Some(name) && path.last() == Some(to);
            let whole = ends && path.windows(2).all(|pair| inherits(pair[0], pair[1]));
            ensure!(whole, "the path from `{name}` to `{to}` is {path:?}");
        }
    }
    Ok(())
}

fn session_agrees(
    policy: &Policy,
    rights: &Rights,
    session: &Session<'_>,
    tally: &mut Tally,
) -> Result<(), Difference> {
    let authorized: BTreeSet<String> = policy.authorized_roles(rights).iter().map(|role| role.to_string()).collect();
    same!(authorized, session.roles, "the roles that it is authorized for");

    let listed: Vec<String> = policy.permissions(rights).iter().map(Grant::to_string).collect();
    for grant in &listed {
        ensure!(is_grant(grant), "`{grant}` is listed and no grant");
        ensure!(session.holds(grant), "`{grant}` is listed and not held");
        let spare = listed.iter().any(|other| other != grant && includes(other, grant));
        ensure!(!spare, "`{grant}` is listed and another in {listed:?} covers it");
    }

    for question in MALFORMED {
        same!(ask(policy, rights, question, true), Decision::Deny(Reason::NotAPermission), "{question:?}");
        same!(session.may(question, true), Answer::NotAPermission, "{question:?} for the oracle");
        *tally.answers.entry(Answer::NotAPermission).or_default() += 1;
    }
    for question in QUESTIONS {
        for own in [false, true] {
            let oracle = session.may(question, own);
            let decision = ask(policy, rights, question, own);
            same!(answer(&decision), oracle, "`{question}`, own {own}");
            truthful(&decision, session, question, own)?;
            let asked = policy.ask(question.parse().expect("a permission"));
            let looked_up = policy.check(rights, &asked, if own { Object::Own } else { Object::Any });
            same!(looked_up, decision, "`{question}`, own {own}, looked up before");
            let in_list = listed.iter().any(|grant| reaches(grant, question, own));
            same!(in_list, oracle == Answer::Yes, "`{question}`, own {own}, by the list {listed:?}");
            *tally.answers.entry(oracle).or_default() += 1;
        }
    }

    for grant in GRANTS {
        let holds = policy.holds(rights, &grant.parse().expect("a grant"));
        same!(holds, session.holds(grant), "it holds `{grant}`");
    }

    for role in NAMES.iter().chain(&BUILT_IN).chain(&UNKNOWN) {
        let oracle = session.passes_as(role);
        let decision = policy.check_role(rights, role);
        same!(answer(&decision), oracle, "a rule that asks for role `{role}`");
        if let Reason::HasRole(name) | Reason::OutOfScope { role: name } = decision.reason() {
            same!(name.as_str(), *role, "the role in the answer");
        }
        *tally.answers.entry(oracle).or_default() += 1;

        let handed_out = policy.may_hand_out(rights, role);
        same!(handed_out.is_ok(), session.may_hand_out(role), "it may hand out `{role}`");
        let below = session.book.closure(role);
        match handed_out {
            Ok(()) => tally.handed_out += 1,
            Err(Beyond::Role(name)) => {
                let name = name.as_str();
                ensure!(below.contains(name) && !session.holds_name(name), "`{role}`: it does hold role `{name}`");
                tally.kept += 1;
            }
            Err(Beyond::Grant(grant)) => {
                let grant = grant.to_string();
                let brought = below.iter().filter_map(|name| session.book.role(name)).flat_map(|role| &role.grants);
                ensure!(brought.into_iter().any(|other| *other == grant), "`{role}` does not bring `{grant}`");
                ensure!(!session.holds(&grant), "`{role}`: it does hold `{grant}`");
                tally.kept += 1;
            }
            Err(other) => return Err(Difference(format!("`{role}`: {other:?}"))),
        }
    }
    Ok(())
}

fn ask<'p>(policy: &'p Policy, rights: &Rights, question: &str, own: bool) -> Decision<'p> {
    policy.check_access(rights, question, if own { Object::Own } else { Object::Any })
}

fn answer(decision: &Decision<'_>) -> Answer {
    match decision {
        Decision::Allow(Reason::Granted { .. } | Reason::HasRole(_)) => Answer::Yes,
        Decision::Deny(Reason::NoRoles) => Answer::NoRoles,
        Decision::Deny(Reason::NotGranted) => Answer::NotGranted,
        Decision::Deny(Reason::OnlyOwn { .. }) => Answer::OnlyOwn,
        Decision::Deny(Reason::OutOfScope { .. }) => Answer::OutOfScope,
        Decision::Deny(Reason::NotInRole) => Answer::NotInRole,
        Decision::Deny(Reason::NotAPermission) => Answer::NotAPermission,
        other => panic!("a decision with another's reason: {other:?}"),
    }
}

/// The role in the reason is one that the session has, it has the grant in the reason, and that grant is the reason.
fn truthful(decision: &Decision<'_>, session: &Session<'_>, question: &str, own: bool) -> Result<(), Difference> {
    let has = |role: &RoleName, grant: &Grant| {
        let grant = grant.to_string();
        session.grants.iter().any(|(name, text)| *name == role.as_str() && *text == grant)
    };
    let true_reason = match decision.reason() {
        Reason::Granted { role, grant } => has(role, grant) && reaches(&grant.to_string(), question, own),
        Reason::OnlyOwn { role, grant } => {
            let text = grant.to_string();
            has(role, grant) && reaches(&text, question, true) && !reaches(&text, question, false)
        }
        Reason::OutOfScope { role } => {
            session.grants.iter().any(|(name, grant)| *name == role.as_str() && reaches(grant, question, own))
        }
        _ => true,
    };
    ensure!(true_reason, "`{question}`, own {own}: {decision} is not true");
    Ok(())
}
