//! Permissions, names, scopes and policies: what is accepted and what is refused with which words, the laws of grants,
//! policies of great size, and what is built in.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rolecall_core::{
    ADMINISTRATOR, AUDITOR, Beyond, Decision, Grant, InvalidPermission, MAX_PART, MAX_ROLE_NAME, OWN_PERMISSIONS,
    Object, Pattern, Permission, Policy, PolicyError, Reason, Rights, Role, RoleName, Scope,
};

/// So many cases, the same in each run. A nightly run asks for more and others: `PROPTEST_CASES`, `PROPTEST_RNG_SEED`.
pub(crate) fn at_least(cases: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    let rng_seed = if given.rng_seed == RngSeed::Random { RngSeed::Fixed(359) } else { given.rng_seed };
    ProptestConfig { cases: given.cases.max(cases), rng_seed, failure_persistence: None, ..given }
}

fn name(text: &str) -> RoleName {
    text.parse().expect("a name of a role")
}

fn grant(text: &str) -> Grant {
    text.parse().expect("a grant")
}

/// `grants` and `inherits` are words, separated by spaces.
fn role(name: &str, grants: &str, inherits: &str) -> Role {
    Role {
        name: self::name(name),
        grants: grants.split_whitespace().map(grant).collect(),
        inherits: inherits.split_whitespace().map(self::name).collect(),
        born: 1,
    }
}

fn policy(roles: impl IntoIterator<Item = Role>) -> Policy {
    Policy::new(roles).expect("a policy")
}

fn refused(roles: impl IntoIterator<Item = Role>) -> String {
    Policy::new(roles).expect_err("no policy").to_string()
}

fn rights(policy: &Policy, roles: &str, scope: &str) -> Rights {
    policy.activate(roles.split_whitespace(), Scope::parse(scope).expect("a scope").map(Arc::new))
}

fn may(policy: &Policy, rights: &Rights, permission: &str) -> bool {
    policy.check_access(rights, permission, Object::Any).is_allowed()
}

fn listed(policy: &Policy, rights: &Rights) -> Vec<String> {
    policy.permissions(rights).iter().map(Grant::to_string).collect()
}

// Texts.

#[test]
fn a_permission_is_an_operation_on_an_object() {
    let longest = format!("{}:{}", "o".repeat(MAX_PART), "p".repeat(MAX_PART));
    for text in
        ["items:read", "a:b", "0:9", "-:_", "a.b-c_d:e.f", "items:own", "own:own", "rolecall.users:read", &longest]
    {
        let permission: Permission = text.parse().expect(text);
        let (object, operation) = text.split_once(':').expect("two parts");
        assert_eq!((permission.object(), permission.operation(), permission.as_str()), (object, operation, text));
        assert_eq!(permission.to_string(), text);
    }
    assert!(
        ["rolecall.users:read", "rolecall.:x"].iter().all(|text| text.parse::<Permission>().unwrap().is_reserved())
    );
    assert!(
        ["rolecall:read", "rolecallx:read", "items:rolecall.x", "x.rolecall.y:read"]
            .iter()
            .all(|text| !text.parse::<Permission>().unwrap().is_reserved())
    );
}

#[test]
fn what_is_no_permission_is_refused_with_what_to_write_instead() {
    let shape = "write an operation on an object, like `items:read`";
    let wildcard = "a wildcard stands only in a grant, as `items:*` or `*`";
    let character = "object and operation are made of `a-z`, `0-9`, `.`, `_` and `-`";
    let length = "object and operation have 1 to 128 characters";
    let (long_object, long_operation) = (format!("{}:read", "o".repeat(129)), format!("items:{}", "p".repeat(129)));
    for (text, message) in [
        ("", shape),
        ("items", shape),
        ("items read", shape),
        ("items:read:own", shape),
        ("items:read:all", shape),
        ("items::read", shape),
        ("a:b:c:d", shape),
        ("items:*", wildcard),
        ("*:read", wildcard),
        ("*:*", wildcard),
        ("it*:read", wildcard),
        ("items:re*", wildcard),
        ("items:*:own", wildcard),
        ("Items:read", character),
        ("items:Read", character),
        ("items:re ad", character),
        (" items:read", character),
        ("items:read\n", character),
        ("items:read\0", character),
        ("it\u{e9}ms:read", character),
        ("items:\u{ff}", character),
        ("items/1:read", character),
        (":", length),
        ("items:", length),
        (":read", length),
        (long_object.as_str(), length),
        (long_operation.as_str(), length),
    ] {
        let error = text.parse::<Permission>().expect_err(text);
        assert_eq!(error.to_string(), message, "{text:?}");
    }
    // `*` alone has no colon: still, what it lacks is an operation on an object.
    assert_eq!("*".parse::<Permission>(), Err(InvalidPermission::Shape));
}

#[test]
fn a_grant_may_have_a_wildcard_and_may_be_for_own_objects() {
    let one = |text: &str| Pattern::One(text.parse().expect("a permission"));
    for (text, pattern, own) in [
        ("*", Pattern::Everything, false),
        ("items:*", Pattern::Object("items".into()), false),
        ("items:*:own", Pattern::Object("items".into()), true),
        ("items:read", one("items:read"), false),
        ("items:read:own", one("items:read"), true),
        // `own` is an operation like another; only as a third part it limits.
        ("items:own", one("items:own"), false),
        ("items:own:own", one("items:own"), true),
        ("own:own", one("own:own"), false),
        ("own:*", Pattern::Object("own".into()), false),
        ("rolecall.users:*", Pattern::Object("rolecall.users".into()), false),
    ] {
        let parsed = grant(text);
        assert_eq!((parsed.pattern(), parsed.is_own(), parsed.to_string().as_str()), (&pattern, own, text));
    }
    assert_eq!(Grant::everything(), grant("*"));
    assert_eq!(Grant::from("items:read".parse::<Permission>().unwrap()), grant("items:read"));
    assert_eq!(grant("items:*").limited(true), grant("items:*:own"));
    assert_eq!(grant("items:*:own").limited(false), grant("items:*:own"));
    assert_eq!(grant("items:*").limited(false), grant("items:*"));
}

#[test]
fn what_is_no_grant_is_refused() {
    use InvalidPermission::{Character, Length, Shape, Wildcard};
    let long = format!("{}:*", "o".repeat(129));
    for (text, error) in [
        ("", Shape),
        ("items", Shape),
        ("own", Shape),
        ("items:read:own:own", Shape),
        ("items:read:all", Shape),
        ("items:read:OWN", Shape),
        ("items:own:*", Shape),
        ("*:read", Wildcard),
        ("*:*", Wildcard),
        ("*:own", Wildcard),
        ("*:*:own", Wildcard),
        ("**", Shape),
        ("items:**", Wildcard),
        ("items:*:*", Wildcard),
        ("items:*:all", Wildcard),
        ("it*:*", Wildcard),
        ("items:r*", Wildcard),
        ("Items:*", Character),
        ("items:* ", Wildcard),
        (" *", Shape),
        (":*", Length),
        (":*:own", Length),
        (":own", Length),
        ("items::own", Length),
        (long.as_str(), Length),
    ] {
        assert_eq!(text.parse::<Grant>(), Err(error), "{text:?}");
    }
    let json = |text: &str| serde_json::from_str::<Grant>(text).map_err(|error| error.to_string());
    assert_eq!(json("\"items:*:own\""), Ok(grant("items:*:own")));
    assert!(json("\"*:read\"").expect_err("refused").starts_with("a wildcard stands only in a grant"));
    assert!(json("7").is_err());
    assert_eq!(serde_json::to_string(&grant("items:*:own")).unwrap(), "\"items:*:own\"");
}

#[test]
fn a_role_has_a_name_of_1_to_64_characters() {
    let longest = "r".repeat(MAX_ROLE_NAME);
    for text in ["a", "0", "admin", "rolecall", "rolecallx", "a.b_c-d", "0..", "rolecall.admin", &longest] {
        assert_eq!(name(text).as_str(), text);
        assert_eq!(name(text).to_string(), text);
        assert_eq!(name(text).is_reserved(), text.starts_with("rolecall."));
    }
    let too_long = "r".repeat(MAX_ROLE_NAME + 1);
    for text in ["", ".a", "_a", "-a", "Admin", "a b", "a:b", "*", "a*", "a/b", "\u{e9}", "a\n", "a\0", " a", &too_long]
    {
        let error = text.parse::<RoleName>().expect_err(text);
        assert_eq!(
            error.to_string(),
            "a role's name has 1 to 64 characters of `a-z`, `0-9`, `.`, `_` and `-`, and begins with a letter or a digit",
        );
        assert!(serde_json::from_value::<RoleName>(text.into()).is_err());
    }
}

#[test]
fn a_scope_names_roles_and_permissions() {
    let scope: Scope = " items:read  reader * items:*:own reader  admin items:read ".parse().unwrap();
    assert_eq!(scope.roles(), [name("admin"), name("reader")]);
    assert_eq!(scope.grants().iter().map(Grant::to_string).collect::<Vec<_>>(), ["*", "items:*:own", "items:read"]);
    assert_eq!(scope.to_string(), "admin reader * items:*:own items:read");

    for nothing in ["", " ", "    "] {
        assert_eq!(Scope::parse(nothing), Ok(None));
        assert!(nothing.parse::<Scope>().is_err(), "a scope is never empty");
    }
    for text in [
        "Admin",
        "items:",
        "items:read *:read",
        "reader\titems:read",
        "reader\n",
        "-a",
        "a,b",
        "items:read:own:own",
        "\u{a0}",
    ] {
        let error = Scope::parse(text).expect_err(text);
        assert_eq!(
            error.to_string(),
            "a scope is made of names of roles and permissions, separated by single spaces",
            "{text:?}"
        );
    }
}

// Policies.

#[test]
fn roles_that_make_no_policy_are_refused() {
    assert_eq!(refused([role("a", "", "ghost")]), "role `a` inherits `ghost`, which does not exist");
    assert_eq!(refused([role("a", "", "rolecall.ghost")]), "role `a` inherits `rolecall.ghost`, which does not exist");
    assert_eq!(refused([role("a", "", ""), role("b", "", ""), role("a", "*", "")]), "two roles are named `a`");
    for reserved in [ADMINISTRATOR, AUDITOR, "rolecall.mine", "rolecall."] {
        let message = format!("`{reserved}`: names that begin with `rolecall.` belong to the service");
        assert_eq!(refused([role("a", "", ""), role(reserved, "", "")]), message);
    }
    policy([role("rolecall", "", ""), role("rolecallx", "rolecall.users:read", "rolecall.auditor rolecall")]);
}

#[test]
fn a_circle_is_refused_with_its_path() {
    let circle = |roles: Vec<Role>| refused(roles).replace("roles inherit each other in a circle: ", "");
    assert_eq!(circle(vec![role("a", "", "a")]), "a -> a");
    assert_eq!(circle(vec![role("a", "", "b"), role("b", "", "a")]), "a -> b -> a");
    // Only the circle is told, not the way to it; and what was left behind before it is not in the way.
    let far = vec![
        role("leaf", "", ""),
        role("top", "", "leaf side in"),
        role("side", "", "leaf"),
        role("in", "", "side leaf a"),
        role("a", "", "leaf b"),
        role("b", "", "side c"),
        role("c", "", "leaf a"),
    ];
    assert_eq!(circle(far), "a -> b -> c -> a");
    // Two ways to one role are no circle.
    policy([
        role("top", "", "left right left"),
        role("left", "", "end"),
        role("right", "", "end"),
        role("end", "", ""),
    ]);
}

/// A chain of so many roles, the first the most senior; the last has a grant.
fn chain(length: usize, last_inherits: Option<usize>) -> Vec<Role> {
    (0..length)
        .map(|number| {
            let last = number + 1 == length;
            let junior = if last { last_inherits } else { Some(number + 1) };
            let inherits = junior.map(|junior| format!("r{junior}")).unwrap_or_default();
            role(&format!("r{number}"), if last { "items:read" } else { "" }, &inherits)
        })
        .collect()
}

#[test]
fn a_chain_of_100_000_roles_needs_no_stack() {
    const LENGTH: usize = 100_000;
    // A test's thread has 2 MiB; here is less.
    let small = std::thread::Builder::new().stack_size(256 << 10);
    let work = small.spawn(|| {
        for turned in [false, true] {
            let in_order = |mut roles: Vec<Role>| {
                if turned {
                    roles.reverse();
                }
                roles
            };
            let policy = policy(in_order(chain(LENGTH, None)));
            let rights = rights(&policy, "r0", "");
            assert!(may(&policy, &rights, "items:read"));
            assert!(policy.check_role(&rights, "r99999").is_allowed());
            assert_eq!(policy.inherited("r0").len(), LENGTH);
            assert_eq!(policy.seniors("r99999").len(), LENGTH);
            assert_eq!(policy.path("r0", "r99999").map(|path| path.len()), Some(LENGTH));
            assert_eq!(policy.may_hand_out(&rights, "r0"), Ok(()));

            for back_to in [0, 50_000, LENGTH - 1] {
                let Err(PolicyError::Cycle(path)) = Policy::new(in_order(chain(LENGTH, Some(back_to)))) else {
                    panic!("a circle back to {back_to} was not seen")
                };
                assert_eq!(path.len(), LENGTH - back_to + 1);
                assert_eq!(path.first(), path.last());
                let around: BTreeSet<&RoleName> = path.iter().collect();
                assert_eq!(around.len(), LENGTH - back_to);
            }
        }
    });
    work.expect("a thread").join().expect("the chain is walked without a deep stack");
}

#[test]
fn many_roles_a_deep_chain_and_a_wide_one_are_evaluated() {
    // A chain of depth 1,000 over a role that inherits 10,000 others, among 100,000.
    let mut roles = chain(1_000, Some(1_000));
    let wide: Vec<String> = (0..10_000).map(|number| format!("w{number}")).collect();
    roles.push(role("r1000", "", &wide.join(" ")));
    roles.extend(wide.iter().map(|name| role(name, &format!("{name}:read {name}:*:own"), "leaf")));
    roles.push(role("leaf", "leaf:read", ""));
    let idle = 100_000 - roles.len();
    roles.extend((0..idle).map(|number| role(&format!("idle{number}"), &format!("idle{number}:*"), "leaf")));
    let policy = policy(roles);

    let rights = rights(&policy, "r0", "");
    for (permission, own, allowed) in [
        ("items:read", Object::Any, true),
        ("w0:read", Object::Any, true),
        ("w9999:read", Object::Any, true),
        ("w9999:write", Object::Any, false),
        ("w9999:write", Object::Own, true),
        ("leaf:read", Object::Any, true),
        ("idle0:read", Object::Own, false),
    ] {
        assert_eq!(policy.check_access(&rights, permission, own).is_allowed(), allowed, "{permission}");
    }
    assert_eq!(policy.authorized_roles(&rights).len(), 1_000 + 1 + 10_000 + 1);
    assert_eq!(policy.seniors("leaf").len(), 100_000);
    assert_eq!(policy.inherited("r0").len(), 11_002);
    // `permissions` must not compare each with each.
    assert_eq!(policy.permissions(&rights).len(), 20_002);
    assert_eq!(policy.may_hand_out(&rights, "r0"), Ok(()));
    assert_eq!(policy.may_hand_out(&rights, "idle7"), Err(Beyond::Role(name("idle7"))));
}

#[test]
fn diamonds_upon_diamonds_are_walked_once() {
    // 2^60 ways from the top to the end.
    let mut roles = vec![role("n60", "items:read", "")];
    for number in 0..60 {
        let next = number + 1;
        roles.push(role(&format!("n{number}"), "", &format!("left{number} right{number}")));
        roles.push(role(&format!("left{number}"), "", &format!("n{next}")));
        roles.push(role(&format!("right{number}"), "", &format!("n{next}")));
    }
    let policy = policy(roles);
    let rights = rights(&policy, "n0", "");
    assert!(may(&policy, &rights, "items:read"));
    assert_eq!(policy.authorized_roles(&rights).len(), 181);
    assert_eq!(policy.path("n0", "n60").map(|path| path.len()), Some(121));
}

#[test]
fn more_sets_of_roles_than_are_kept_are_decided_alike() {
    let roles: Vec<Role> = (0..100).map(|number| role(&format!("r{number}"), &format!("o{number}:read"), "")).collect();
    let policy = policy(roles);
    // Some 5,000 pairs, asked twice: more than the policy keeps at once.
    for _ in 0..2 {
        for left in 0..100 {
            for right in left..100 {
                let rights = policy.activate([format!("r{left}").as_str(), format!("r{right}").as_str()], None);
                assert!(
                    may(&policy, &rights, &format!("o{left}:read")) && may(&policy, &rights, &format!("o{right}:read"))
                );
                assert_eq!(may(&policy, &rights, "o0:read"), left == 0);
            }
        }
    }
}

// What is built in.

#[test]
fn the_built_in_roles_hold_what_the_design_says() {
    let policy = policy([]);
    let own = [
        "users:read",
        "users:write",
        "roles:read",
        "roles:write",
        "roles:grant",
        "clients:read",
        "clients:write",
        "apis:read",
        "apis:write",
        "decisions:evaluate",
        "decisions:read",
        "audit:read",
        "keys:read",
        "keys:write",
        "sessions:read",
        "sessions:write",
    ];
    let own: BTreeSet<String> = own.iter().map(|permission| format!("rolecall.{permission}")).collect();
    assert_eq!(OWN_PERMISSIONS.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>(), own);

    let held = |role: &str| -> BTreeSet<String> {
        policy.role(role).expect("it is built in").grants.iter().map(Grant::to_string).collect()
    };
    let mut everything = own.clone();
    everything.insert("*".to_owned());
    assert_eq!(held("rolecall.admin"), everything);
    assert_eq!(held("rolecall.auditor"), own.iter().filter(|name| name.ends_with(":read")).cloned().collect());
    for role in policy.roles() {
        assert!(role.born == 0 && role.name.is_reserved());
    }
    assert_eq!(policy.roles().count(), 2);
    // So that an administrator may hand the other one out.
    assert_eq!(policy.path(ADMINISTRATOR, AUDITOR), Some(vec![&name(ADMINISTRATOR), &name(AUDITOR)]));
    assert_eq!(policy.inherited(AUDITOR).len(), 1);

    let (administrator, auditor) = (rights(&policy, ADMINISTRATOR, ""), rights(&policy, AUDITOR, ""));
    for permission in &own {
        assert!(may(&policy, &administrator, permission));
        assert_eq!(may(&policy, &auditor, permission), permission.ends_with(":read"));
    }
    assert!(may(&policy, &administrator, "anything:else"));
    assert!(!may(&policy, &auditor, "anything:read"));
    assert!(!may(&policy, &administrator, "rolecall.unknown:read"), "no wildcard covers the service's own");
    assert!(policy.check_role(&administrator, AUDITOR).is_allowed());
    assert!(!policy.check_role(&auditor, ADMINISTRATOR).is_allowed());
    assert!(!policy.check_role(&administrator, "admin").is_allowed());
}

#[test]
fn nothing_of_an_application_reaches_the_service() {
    let policy = policy([role("admin", "*", "everything"), role("everything", "* rolecall:* items:*", "")]);
    let rights = rights(&policy, "admin", "");
    assert!(may(&policy, &rights, "items:read") && may(&policy, &rights, "rolecall:read"));
    for permission in OWN_PERMISSIONS.iter().copied().chain(["rolecall.clients:grant", "rolecall.x:y", "rolecall.:y"]) {
        for object in [Object::Any, Object::Own] {
            assert!(!policy.check_access(&rights, permission, object).is_allowed(), "{permission}");
        }
        assert!(!policy.holds(&rights, &grant(permission)));
    }
    assert!(!policy.holds(&rights, &grant("rolecall.users:*")));
    for role in [ADMINISTRATOR, AUDITOR] {
        assert!(!policy.check_role(&rights, role).is_allowed());
        assert_eq!(policy.may_hand_out(&rights, role), Err(Beyond::Role(name(role))));
    }
    assert_eq!(policy.may_hand_out(&rights, "everything"), Ok(()));
    // A scope cannot bring it either.
    let scoped = self::rights(&policy, "admin", "rolecall.users:* rolecall.admin *");
    assert!(OWN_PERMISSIONS.iter().all(|permission| !may(&policy, &scoped, permission)));
}

// Sessions.

fn newsroom() -> Policy {
    policy([
        role("chief", "*", "editor"),
        role("editor", "articles:* drafts:read:own", "reader"),
        role("reader", "articles:read comments:*:own", ""),
        role("idle", "", ""),
    ])
}

#[test]
fn a_scope_cuts_roles_and_permissions() {
    let policy = newsroom();
    for (scope, permission, own, allowed) in [
        ("", "articles:write", false, true),
        ("reader", "articles:read", false, true),
        ("reader", "articles:write", false, false),
        ("editor", "articles:write", false, true),
        // A role that is not had is not got.
        ("chief", "articles:read", false, false),
        ("chief reader", "articles:read", false, true),
        ("ghost", "articles:read", false, false),
        ("articles:read", "articles:read", false, true),
        ("articles:read", "articles:write", false, false),
        ("articles:*", "articles:write", false, true),
        ("*", "articles:write", false, true),
        ("*", "anything:else", false, false),
        ("articles:write:own", "articles:write", false, false),
        ("articles:write:own", "articles:write", true, true),
        ("articles:*:own", "articles:read", true, true),
        ("comments:write", "comments:write", false, false),
        ("comments:write", "comments:write", true, true),
        // Of a scope with both kinds, both count.
        ("reader articles:*", "articles:write", false, false),
        ("editor articles:read", "articles:write", false, false),
        ("editor articles:write", "articles:write", false, true),
    ] {
        let rights = rights(&policy, "editor", scope);
        let object = if own { Object::Own } else { Object::Any };
        let decision = policy.check_access(&rights, permission, object);
        assert_eq!(decision.is_allowed(), allowed, "`{scope}` `{permission}` {object:?}: {decision}");
    }
}

#[test]
fn a_rule_for_a_role_passes_for_those_authorized_for_it() {
    let policy = newsroom();
    for (scope, role, allowed) in [
        ("", "editor", true),
        ("", "reader", true),
        ("", "chief", false),
        ("", "ghost", false),
        ("reader", "reader", true),
        ("reader", "editor", false),
        ("editor", "reader", true),
        ("articles:read", "editor", false),
        ("*", "editor", false),
        ("editor articles:read", "editor", true),
        // Only the roles that the scope names, when it names permissions.
        ("editor articles:read", "reader", false),
    ] {
        let decision = policy.check_role(&rights(&policy, "editor", scope), role);
        assert_eq!(decision.is_allowed(), allowed, "`{scope}` `{role}`: {decision}");
    }
}

#[test]
fn what_a_session_holds_is_listed_without_what_is_covered() {
    let policy = newsroom();
    for (roles, scope, expected) in [
        ("", "", vec![]),
        ("idle ghost", "", vec![]),
        ("reader", "", vec!["comments:*:own", "articles:read"]),
        ("editor", "", vec!["articles:*", "comments:*:own", "drafts:read:own"]),
        ("chief", "", vec!["*"]),
        ("editor", "*", vec!["articles:*", "comments:*:own", "drafts:read:own"]),
        ("chief", "articles:* comments:read:own", vec!["articles:*", "comments:read:own"]),
        ("chief", "rolecall.users:read", vec![]),
        ("editor", "articles:*:own", vec!["articles:*:own"]),
        ("editor", "comments:write drafts:write", vec!["comments:write:own"]),
        ("chief", "reader", vec!["comments:*:own", "articles:read"]),
    ] {
        assert_eq!(listed(&policy, &rights(&policy, roles, scope)), expected, "`{roles}` cut to `{scope}`");
    }
}

#[test]
fn nobody_hands_out_more_than_he_holds() {
    let policy = policy([
        role("chief", "*", ""),
        role("editor", "articles:*", "reader"),
        role("reader", "articles:read", ""),
        role("writer", "articles:write", ""),
        role("watcher", "", "rolecall.auditor"),
        role("clerk", "rolecall.roles:grant", ""),
        role("empty", "", ""),
        role("limited", "articles:read:own", ""),
    ]);
    let role_missing = |text: &str| Err(Beyond::Role(name(text)));
    for (roles, scope, handed, expected) in [
        ("editor", "", "editor", Ok(())),
        ("editor", "", "reader", Ok(())),
        // The permissions are held, the name is not: a route may ask for it.
        ("editor", "", "writer", role_missing("writer")),
        ("editor", "", "empty", role_missing("empty")),
        ("reader", "", "editor", role_missing("editor")),
        ("reader", "articles:read:own", "reader", role_missing("reader")),
        ("reader", "reader articles:read:own", "reader", Err(Beyond::Grant(grant("articles:read")))),
        // `*` counts as any name outside `rolecall.`, and as no permission inside.
        ("chief", "", "editor", Ok(())),
        ("chief", "", "empty", Ok(())),
        ("chief", "", "limited", Ok(())),
        ("chief", "", "clerk", Err(Beyond::Grant(grant("rolecall.roles:grant")))),
        ("chief", "", "watcher", role_missing(AUDITOR)),
        ("chief clerk", "", "clerk", Ok(())),
        ("chief", "articles:*", "reader", role_missing("reader")),
        ("rolecall.admin", "", "editor", Ok(())),
        ("rolecall.admin", "", "rolecall.admin", Ok(())),
        ("rolecall.admin", "", "clerk", Ok(())),
        // A name of the service's own only by being authorized for it, which he is by inheritance.
        ("rolecall.admin", "", "rolecall.auditor", Ok(())),
        ("rolecall.admin", "rolecall.auditor *", "rolecall.auditor", Err(Beyond::Grant(grant("rolecall.users:read")))),
        ("rolecall.auditor", "", "rolecall.admin", role_missing(ADMINISTRATOR)),
        ("rolecall.auditor", "", "rolecall.auditor", Ok(())),
    ] {
        let outcome = policy.may_hand_out(&rights(&policy, roles, scope), handed);
        assert_eq!(outcome, expected, "`{roles}` cut to `{scope}` hands out `{handed}`");
    }
    assert_eq!(Beyond::Grant(grant("items:*:own")).to_string(), "permission `items:*:own`");
    assert_eq!(Beyond::Role(name("editor")).to_string(), "role `editor`");
}

#[test]
fn a_decision_says_why() {
    let policy = newsroom();
    let say = |roles: &str, scope: &str, permission: &str, object: Object| {
        policy.check_access(&rights(&policy, roles, scope), permission, object).to_string()
    };
    let any = |roles: &str, scope: &str, permission: &str| say(roles, scope, permission, Object::Any);
    assert_eq!(any("reader", "", "articles:read"), "yes: role `reader` grants `articles:read`");
    assert_eq!(any("chief", "", "items:read"), "yes: role `chief` grants `*`");
    assert_eq!(say("reader", "", "comments:write", Object::Own), "yes: role `reader` grants `comments:*:own`");
    assert_eq!(
        any("reader", "", "comments:write"),
        "no: role `reader` grants `comments:*:own`, and the object is somebody else's"
    );
    assert_eq!(any("reader", "", "articles:write"), "no: no role of the caller grants it");
    assert_eq!(any("idle", "", "articles:write"), "no: no role of the caller grants it");
    assert_eq!(any("", "", "articles:write"), "no: the caller has no role");
    assert_eq!(any("ghost", "", "articles:write"), "no: the caller has no role");
    assert_eq!(
        any("reader", "comments:*", "articles:read"),
        "no: role `reader` grants it, but the token's scope does not name it"
    );
    assert_eq!(any("chief", "", "*"), "no: it is not a permission; write it like `items:read`");
    assert_eq!(any("", "", "comments:write:own"), "no: it is not a permission; write it like `items:read`");

    let role = |scope: &str, role: &str| policy.check_role(&rights(&policy, "editor", scope), role).to_string();
    assert_eq!(role("", "reader"), "yes: the caller has role `reader`");
    assert_eq!(role("", "chief"), "no: the caller does not have the role");
    assert_eq!(role("*", "reader"), "no: role `reader` grants it, but the token's scope does not name it");

    let decision = policy.check_role(&rights(&policy, "editor", ""), "chief");
    assert_eq!((decision.is_allowed(), decision.reason()), (false, Reason::NotInRole));
    assert_eq!(decision, Decision::Deny(Reason::NotInRole));
}

// Laws.

fn any_permission() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9._-]{1,12}:[a-z0-9._-]{1,12}", "rolecall\\.[a-z]{1,3}:[a-z]{1,3}"]
}

fn any_grant() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just("*".to_owned()),
        8 => ("([a-z0-9._-]{1,12}|rolecall\\.[a-z]{0,3})", "(\\*|own|[a-z0-9._-]{1,12})", "(:own)?")
            .prop_map(|(object, operation, own)| format!("{object}:{operation}{own}")),
    ]
}

fn any_role_name() -> impl Strategy<Value = String> {
    "[a-z0-9][a-z0-9._-]{0,63}"
}

/// Grants with few names, so that they meet.
fn near() -> impl Strategy<Value = Grant> {
    let text = prop_oneof![
        1 => Just("*".to_owned()),
        9 => ("(a|b|rolecall\\.a)", "(\\*|r|w|own)", "(:own)?").prop_map(|(object, operation, own)| {
            format!("{object}:{operation}{own}")
        }),
    ];
    // `*` limited to own objects cannot be written, but `limited` makes it.
    (text, prop::bool::weighted(0.1)).prop_map(|(text, limited)| grant(&text).limited(limited))
}

/// Every question that can tell two of those grants apart.
fn questions() -> impl Iterator<Item = (Permission, Object)> {
    let objects = ["a", "b", "c", "rolecall.a", "rolecall.c"];
    objects.into_iter().flat_map(|object| {
        ["r", "w", "own", "x"].into_iter().flat_map(move |operation| {
            let permission: Permission = format!("{object}:{operation}").parse().expect("a permission");
            [(permission.clone(), Object::Any), (permission, Object::Own)]
        })
    })
}

fn answers(grant: &Grant, (permission, object): &(Permission, Object)) -> bool {
    grant.covers(&Grant::from(permission.clone()).limited(*object == Object::Own))
}

proptest! {
    #![proptest_config(at_least(2_000))]

    #[test]
    fn a_text_is_read_and_written_alike(permission in any_permission(), grant in any_grant(), role in any_role_name()) {
        prop_assert_eq!(permission.parse::<Permission>().unwrap().to_string(), permission);
        prop_assert_eq!(grant.parse::<Grant>().unwrap().to_string(), grant);
        prop_assert_eq!(role.parse::<RoleName>().unwrap().to_string(), role);
    }

    #[test]
    fn a_scope_is_read_and_written_alike(
        words in prop::collection::vec(prop_oneof![any_grant(), any_role_name()], 1..8),
    ) {
        let scope: Scope = words.join(" ").parse().unwrap();
        let written = scope.to_string();
        prop_assert_eq!(written.parse::<Scope>().unwrap(), scope);
        let (before, after): (BTreeSet<&str>, BTreeSet<&str>) =
            (words.iter().map(String::as_str).collect(), written.split(' ').collect());
        prop_assert_eq!(before, after);
    }

    #[test]
    fn covering_is_a_partial_order(a in near(), b in near(), c in near()) {
        prop_assert!(a.covers(&a));
        prop_assert!(!(a.covers(&b) && b.covers(&a)) || a == b, "{a} and {b} cover each other");
        prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c), "{a}, {b}, {c}");
    }

    #[test]
    fn who_covers_a_grant_answers_all_that_it_answers(a in near(), b in near()) {
        let contains = questions().all(|question| !answers(&b, &question) || answers(&a, &question));
        prop_assert_eq!(a.covers(&b), contains, "{} and {}", a, b);
        prop_assert!(a.covers(&a.clone().limited(true)));
    }

    #[test]
    fn two_grants_meet_in_what_both_answer(a in near(), b in near()) {
        let meet = a.meet(&b);
        prop_assert_eq!(&meet, &b.meet(&a));
        if let Some(meet) = &meet {
            prop_assert!(a.covers(meet) && b.covers(meet), "{} and {} meet in {}", a, b, meet);
        }
        for question in questions() {
            let both = answers(&a, &question) && answers(&b, &question);
            let met = meet.as_ref().is_some_and(|meet| answers(meet, &question));
            prop_assert_eq!(met, both, "{} and {}, asked {:?}", a, b, question);
        }
    }

    #[test]
    fn the_meet_is_the_largest(a in near(), b in near(), c in near()) {
        if a.covers(&c) && b.covers(&c) {
            prop_assert!(a.meet(&b).is_some_and(|meet| meet.covers(&c)), "{a}, {b}, {c}");
        }
        prop_assert_eq!(a.covers(&b), a.meet(&b).as_ref() == Some(&b));
    }
}
