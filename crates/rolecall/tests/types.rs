//! What the public types can do, and what a rule that is no rule says.

use std::{
    cell::RefCell,
    fmt::Debug,
    panic::{self, UnwindSafe},
    sync::{Arc, Mutex, Once},
};

use rolecall::{
    AccessMatrix, Audience, Caller, Denied, Guard, Introspected, InvalidAudience, Live, Problem, Router, Row, Rule,
    SeenTokens, Unavailable,
    clock::Clock,
    permission, public, role,
    routing::{Methods, get},
};

use crate::util::{World, roles};

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
    all::<Rule>();
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
fn panic_of(run: impl FnOnce() + UnwindSafe) -> (String, String) {
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
fn a_path_that_is_there_already_panics_as_axums_does() {
    let twice = || Router::<()>::new().route("/a", get(public(), async || "")).route("/a", get(public(), async || ""));
    let (message, _) = panic_of(move || drop(twice()));
    assert!(message.contains("Overlapping method route"), "{message}");
}

/// Keeps the messages of warnings.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
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

    let said = log.0.lock().unwrap().join("\n");
    insta::assert_snapshot!(said, @r"
    a rule asks for role `editr`, which does not exist; did you mean `editor`?
    a rule asks for role `zebra`, which does not exist
    a rule asks for `itens:read`, which no role grants
    a rule asks for `rolecall.users:fly`, which no role grants
    ");
}
