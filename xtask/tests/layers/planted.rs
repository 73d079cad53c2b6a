//! The checker itself, on sources planted for it: what it must find, and what it must leave alone.

use crate::{
    CRATES, RULES, Rule,
    check::{Source, manifest_findings, source_findings},
};

/// Findings in `text` if it stood at `path`.
fn findings(path: &str, text: &str) -> Vec<String> {
    source_findings(&Source { path: path.to_owned(), text: text.to_owned() }, RULES)
}

/// One file for each module that a rule names, or any file for a rule about all.
fn files<'a>(rule: &'a Rule, modules: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    let folder = |within: &&str| match *within {
        "crates/*/src" => "crates/rolecall/src".to_owned(),
        "examples/*" => "examples/items/src".to_owned(),
        exact => exact.to_owned(),
    };
    let modules = if modules.is_empty() { &["anything"] } else { modules };
    rule.within.iter().map(folder).flat_map(move |folder| {
        modules.iter().flat_map(move |module| [format!("{folder}/{module}.rs"), format!("{folder}/{module}/inner.rs")])
    })
}

#[test]
fn each_name_that_a_rule_forbids_is_found_in_each_file_it_is_about() {
    for rule in RULES {
        for (file, never) in
            files(rule, rule.only).flat_map(|file| rule.never.iter().map(move |never| (file.clone(), never)))
        {
            let planted = format!("use std::fmt;\n\nfn f() {{ {}::planted(); }}\n", never.trim_start_matches("*::"));
            let found = findings(&file, &planted);
            let wanted = |finding: &&String| {
                finding.starts_with(&format!("{file}:3: "))
                    && finding.contains(never)
                    && finding.ends_with(rule.because)
            };
            assert!(found.iter().any(|finding| wanted(&finding)), "{file} {never}: {found:?}");
        }
    }
}

#[test]
fn an_exception_is_one() {
    for rule in RULES.iter().filter(|rule| !rule.except.is_empty()) {
        for file in files(rule, rule.except) {
            let planted: String =
                rule.never.iter().map(|never| format!("use {}::x;\n", never.trim_start_matches("*::"))).collect();
            let found = findings(&file, &planted);
            assert!(!found.iter().any(|finding| finding.ends_with(rule.because)), "{file}: {found:?}");
        }
    }
}

#[test]
fn every_way_to_name_it_is_found() {
    let (rule, core, example) =
        ("crates/rolecall-server/src/rbac.rs", "crates/rolecall-core/src/lease.rs", "examples/items/src/main.rs");
    let (face, inner) = ("crates/rolecall-server/src/admin/users.rs", "crates/rolecall-server/src/rbac/assign.rs");
    for (file, text) in [
        (rule, "use axum::Json;"),
        (rule, "pub(crate) use ::axum::{extract::State, Json};"),
        (rule, "use {std::fmt, axum as web};"),
        (rule, "extern crate axum;"),
        (rule, "fn f() -> axum::Json<u8> { x }"),
        (rule, "fn f() -> ::axum::Json<u8> { x }"),
        (rule, "fn f(x: &axum::Json<u8>) {}"),
        (rule, "#[axum::debug_handler] fn f() {}"),
        (rule, "on!(tx, db => axum::planted(db));"),
        (rule, "impl<T: axum::handler::Handler> X for T {}"),
        (rule, "fn f() { <axum::Json<u8> as Clone>::clone(&x); }"),
        (rule, "use rolecall::axum::Json;"),
        (rule, "use crate::{accounts, oauth::token};"),
        (rule, "use super::oauth;"),
        (rule, "use crate::*;"),
        (rule, "use crate as here; fn f() { here::oauth::token(); }"),
        (rule, "mod tests { use super::super::admin::x; }"),
        (rule, "mod a { mod b { } use super::super::admin::x; }"),
        (rule, "#[cfg(test)] mod tests { use axum::Json; }"),
        (inner, "use super::super::oauth::token;"),
        (inner, "fn f() { let x = 'a'; let y: &'static str = \"\\\"\"; axum::x() }"),
        (inner, "fn f() { let q = '\\''; let r = r#\" \" \"#; axum::x() }"),
        (inner, "fn f() { let q = b'\"'; axum::x(); let r = b'\"'; }"),
        (inner, "/* a /* nested */ comment */ use axum::x;"),
        (inner, "fn f() { for x in 0..axum::LIMIT {} }"),
        (face, "use crate::store;"),
        (face, "use super::super::store::users::{self, find};"),
        (face, "fn f() { crate::store::users::find(); }"),
        (core, "use std::time::{Duration, SystemTime};"),
        (core, "use std::{time::{self as t, Duration}}; fn f() { t::Instant::now(); }"),
        (core, "use std::time::*;"),
        (core, "use std::time; use time::Instant as I;"),
        (core, "fn f(now: std::time::SystemTime) {}"),
        (core, "use rand::Rng;"),
        (example, "use axum::routing::get;"),
        (example, "use axum::{Json, routing::{get, post}};"),
        (example, "use axum as a; fn f() { a::routing::get(x); }"),
        ("crates/rolecall/src/guard.rs", "use std::time::SystemTime as S; fn f() { S::now(); }"),
        ("crates/rolecall/src/guard.rs", "use tokio::time::Instant; fn f() { Instant::now(); }"),
        ("crates/rolecall/src/guard.rs", "use std::thread; fn f() { thread::sleep(x); }"),
        ("crates/rolecall/src/guard.rs", "use std::thread::sleep;"),
        ("crates/rolecall/src/guard.rs", "use r#rolecall_server::Rolecall;"),
    ] {
        assert!(!findings(file, text).is_empty(), "not found in {file}: {text}");
    }
}

#[test]
fn what_only_looks_like_it_is_left_alone() {
    let (rule, core) = ("crates/rolecall-server/src/rbac.rs", "crates/rolecall-core/src/jwt.rs");
    for (file, text) in [
        (rule, "// use axum::Json;"),
        (rule, "/// As `axum::Json`.\n//! axum::Json\n/* axum::Json /* axum::x */ axum::y */"),
        (rule, "fn f() { g(\"axum::Json\", r\"axum::x\", r#\"\"axum::x\"\"#, b\"axum::x\", c\"axum::x\") }"),
        (rule, "fn f(axum: u8, http: u8) { x.axum.http::<u8>(axum) }"),
        (rule, "use axumish::Json; fn f() { not_axum::x(); }"),
        (rule, "use super::accounts; use crate::{names::UserName, store::{self, users}};"),
        (rule, "mod tests { use super::*; fn f() { super::axum_free(); } }"),
        (rule, "fn f() { <X as Y>::axum::z; Vec::<axum>::new(); }"),
        (core, "use aws_lc_rs::rand; fn f() { rand::SystemRandom::new(); }"),
        (core, "use aws_lc_rs::rand::SystemRandom; use std::time::Duration;"),
        (core, "mod http; fn f() { http::status() }"),
        (core, "fn f(now: u64) -> Self { Self::now(now) }"),
        (
            "crates/rolecall-server/src/store/users.rs",
            "use super::{Tx, on}; use crate::names::UserName; use sqlx::query;",
        ),
        ("crates/rolecall-server/src/store.rs", "use sqlx::Sqlite;"),
        ("crates/rolecall/src/clock.rs", "fn f() { std::time::SystemTime::now(); }"),
        ("crates/rolecall/src/routing.rs", "use axum::routing::MethodRouter;"),
        ("crates/rolecall-server/src/cli/serve.rs", "use crate::Rolecall;"),
        ("crates/rolecall-server/tests/main.rs", "use sqlx::query; fn f() { std::thread::sleep(x); }"),
        ("examples/items/src/main.rs", "use rolecall::routing::get; use rolecall_server::Rolecall;"),
    ] {
        assert_eq!(findings(file, text), [""; 0], "{text}");
    }
}

#[test]
fn a_finding_says_where_what_which_rule_and_why() {
    let text = "use std::{\n    fmt,\n    thread,\n};\n\nfn f() {\n    thread::sleep(x);\n}\n";
    assert_eq!(
        findings("crates/rolecall/src/follow/mod.rs", text),
        [
            "crates/rolecall/src/follow/mod.rs:7: `std::thread::sleep`\n    every crate must not know `*::thread::sleep`: a \
          sleeping thread serves nobody, and a test cannot wake it"
        ]
    );
}

#[test]
fn an_import_is_reported_once_not_at_each_use() {
    let text = "use axum::Json;\nfn f() { Json::x(); Json::y() }\n";
    assert_eq!(findings("crates/rolecall-server/src/rbac.rs", text).len(), 1);
}

#[test]
fn a_dependency_against_the_direction_is_found() {
    for (krate, never, because) in CRATES {
        for name in *never {
            for text in [
                format!("[dependencies]\n{name}.workspace = true"),
                format!("[dependencies]\n\"{name}\" = \"1\""),
                format!("[dev-dependencies]\n{name} = {{ path = \"..\" }}"),
                format!("[build-dependencies]\nother = {{ version = \"1\", package = \"{name}\" }}"),
                format!("[target.'cfg(unix)'.dependencies]\n{name} = \"1\""),
                format!("[package]\nname = \"{krate}\"\n[dependencies.{name}]\npath = \"..\""),
            ] {
                let source = Source { path: "Cargo.toml".to_owned(), text };
                assert_eq!(manifest_findings(&source, never, because).len(), 1, "{}", source.text);
            }
        }
    }
}

#[test]
fn a_dependency_in_the_direction_is_left_alone() {
    let text = "[package]\nname = \"rolecall\"\n[dependencies]\nrolecall-core.workspace = true # not rolecall-server\n\
                serde = \"1\"\n[features]\nrolecall-server = []\n[package.metadata.x]\nrolecall-server = 1\n";
    let source = Source { path: "Cargo.toml".to_owned(), text: text.to_owned() };
    assert_eq!(manifest_findings(&source, &["rolecall-server", "rolecall"], ""), [""; 0]);
}
