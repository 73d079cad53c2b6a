//! What the public types can do, and what a rule that is no rule says.

use std::{
    cell::RefCell,
    fmt::Debug,
    panic::{self, UnwindSafe},
    sync::Once,
};

use rolecall::{
    AccessMatrix, Audience, Caller, Denied, Guard, Introspected, InvalidAudience, Limited, Live, Problem, Reach,
    Router, Row, Rule, SeenTokens, Unavailable, authenticated,
    clock::Clock,
    optional, own, permission, public, role,
    routing::{Methods, get},
};

use crate::{
    log::Log,
    util::{World, roles},
};

#[test]
fn public_types_go_to_other_threads_and_can_be_printed() {
    fn all<T: Send + Sync + Debug + 'static>() {}
    all::<AccessMatrix>();
    all::<Audience>();
    all::<Caller>();
    all::<Clock>();
    all::<Denied>();
    all::<Guard>();
    all::<Introspected>();
    all::<InvalidAudience>();
    all::<Live>();
    all::<Methods>();
    all::<Problem>();
    all::<Router>();
    all::<Router<String>>();
    all::<Row>();
    all::<Reach>();
    all::<Rule>();
    all::<Rule<Limited>>();
    all::<SeenTokens>();
    all::<Unavailable>();
}

/// Compiles only where the trait is not implemented: else which `is_not` is meant cannot be told.
macro_rules! is_not {
    ($type:ty: $($bound:tt)+) => {{
        trait Not<A> {
            fn is_not() {}
        }
        impl<T> Not<()> for T {}
        impl<T: $($bound)+> Not<u8> for T {}
        <$type as Not<_>>::is_not();
    }};
}

#[test]
fn an_unprotected_router_is_no_service_and_cannot_be_put_in_force_twice() {
    is_not!(Router: tower::Service<axum::extract::Request>);
    is_not!(Router: Into<axum::Router>);
    is_not!(Methods: tower::Service<axum::extract::Request>);
    is_not!(Methods: Into<axum::routing::MethodRouter>);
    is_not!(Router: Clone);
    is_not!(Methods: Clone);
}

#[test]
fn printing_shows_no_token() {
    let world = World::new();
    let printed = format!("{:?} {:?} {:?}", world.guard(), world.live, world.seen);
    assert!(printed.contains(r#"audience: Audience("https://items.example")"#), "{printed}");
    assert!(printed.contains("version: 10"), "{printed}");
    assert!(!printed.contains("eyJ"), "{printed}");
}

#[test]
fn a_rule_reads_as_it_is_written() {
    let rule = permission("audit:read").or(role("auditor")).and(role("staff")).or(role("root"));
    assert_eq!(rule.to_string(), "((audit:read or role auditor) and role staff) or role root");
}

/// The message and the place of the panic that this ends in.
pub(crate) fn panic_of(run: impl FnOnce() + UnwindSafe) -> (String, String) {
    thread_local! {
        static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
        static WATCHED: RefCell<bool> = const { RefCell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !WATCHED.with_borrow(|watched| *watched) {
                return before(info);
            }
            let place = info.location().map(|at| format!("{}:{}:{}", at.file(), at.line(), at.column()));
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
            let message = text.unwrap_or_default().to_owned();
            LAST.set(Some((message, place.unwrap_or_default())));
        }));
    });
    WATCHED.set(true);
    let ended = panic::catch_unwind(run);
    WATCHED.set(false);
    assert!(ended.is_err(), "it did not panic");
    LAST.take().unwrap()
}

#[test]
fn a_rule_that_is_no_rule_panics_at_its_own_line_and_says_what_to_write() {
    let (message, place) = panic_of(|| drop(permission("items-read")));
    assert_eq!(message, "`items-read` is not a permission: write an operation on an object, like `items:read`");
    assert_eq!(place, format!("{}:{}:{}", file!(), line!() - 2, 45));

    let (message, place) = panic_of(|| drop(role("Admin Role")));
    assert!(message.starts_with("`Admin Role` is not the name of a role: a role's name has"), "{message}");
    assert_eq!(place, format!("{}:{}:{}", file!(), line!() - 2, 45));
}

#[test]
fn a_wildcard_is_no_rule() {
    for text in ["items:*", "*", "*:read", "items:read:own", "", ":", "items:", "Items:read", "items read"] {
        let (message, _) = panic_of(move || drop(permission(text)));
        assert!(message.starts_with(&format!("`{text}` is not a permission: ")), "{message}");
    }
}

#[test]
fn a_path_that_is_there_already_panics_as_axums_does_and_at_its_own_line() {
    let one = || Router::<()>::new().route("/a", get(public(), async || ""));
    type Again = fn(Router) -> Router;
    let cases: [(Again, &str); 6] = [
        (|router| router.route("/a", get(public(), async || "")), "Overlapping method route"),
        (|router| router.route("a", get(public(), async || "")), "must start with a `/`"),
        (|router| router.merge(Router::new().route("/a", get(public(), async || ""))), "Overlapping method route"),
        (|router| router.nest("/", Router::new().route("/b", get(public(), async || ""))), "no longer supported"),
        (|router| router.nest("/a", Router::new().route("/", get(public(), async || ""))), "Overlapping method route"),
        (|router| router.nest_service("/", public(), axum::Router::new()), "no longer supported"),
    ];
    for (again, what) in cases {
        let (message, place) = panic_of(move || drop(again(one())));
        assert!(message.contains(what), "{message}");
        assert!(place.starts_with(file!()), "{message}: {place}");
    }
}

#[test]
fn names_that_the_policy_does_not_know_are_warned_of() {
    let world = World::new();
    // Who holds `*` would pass.
    world.decide_by(roles().into_iter().filter(|role| role.name.as_str() != "admin"));
    let log = Log::default();
    let api = Router::new()
        .route("/a", get(role("editr"), async || ""))
        .route("/b", get(role("zebra").or(permission("itens:read")), async || ""))
        .route("/c", get(role("user").and(permission("stock:count")), async || ""))
        .route("/d", get(permission("rolecall.users:read"), async || ""))
        .route("/e", get(permission("rolecall.users:fly"), async || ""));
    tracing::subscriber::with_default(log.clone(), || world.serve(api));

    let said = log.said();
    insta::assert_snapshot!(said, @r"
    a rule asks for role `editr`, which does not exist; did you mean `editor`?
    a rule asks for role `zebra`, which does not exist
    a rule asks for `itens:read`, which no role grants
    a rule asks for `rolecall.users:fly`, which no role grants
    ");
}

#[test]
fn an_owner_rule_beside_everybody_panics_at_its_own_line() {
    for open in [public(), optional(), authenticated()] {
        let said = format!("`own(..)` or `{open}` lets every caller reach every object");
        let (message, place) = panic_of(move || drop(own("items:read").or(open)));
        assert!(place.starts_with(&format!("{}:{}:", file!(), line!() - 1)), "{place}");
        assert!(message.starts_with(&said), "{message}");
    }
    let (message, _) = panic_of(|| drop(public().or(role("user").and(own("items:read")))));
    assert!(message.contains("write `public` alone"), "{message}");
    let (message, _) = panic_of(|| drop(own("items:read:own")));
    assert!(message.starts_with("`items:read:own` is not a permission: "), "{message}");
}

#[test]
fn a_role_that_grants_it_for_own_objects_is_enough_for_an_owner_rule() {
    let world = World::new();
    world.decide_by(roles().into_iter().filter(|role| role.name.as_str() != "admin"));
    let log = Log::default();
    let api = Router::new()
        .route("/a", get(own("items:update"), async |_: Reach| ""))
        .route("/b", get(own("items:read"), async |_: Reach| ""))
        .route("/c", get(own("items:delete"), async |_: Reach| ""));
    tracing::subscriber::with_default(log.clone(), || world.serve(api));
    assert_eq!(log.said(), "a rule asks for `items:delete`, which no role grants");
}
