//! Who may know whom: the layers of `ARCHITECTURE.md`, checked in the names that the sources use.
//!
//! [`RULES`] and [`CRATES`] are the table; `names.rs` reads what a file names, `check.rs` compares.

mod check;
mod names;
mod planted;

use std::path::Path;

use check::{Source, manifest_findings, source_findings};

/// Some files, and what they must never name.
pub(crate) struct Rule {
    /// How a finding calls these files.
    pub(crate) who: &'static str,
    /// The folders it is about; `*` is any one folder.
    pub(crate) within: &'static [&'static str],
    /// The modules in there it is about, as a file or a folder of that name; none means all.
    pub(crate) only: &'static [&'static str],
    /// The modules in there that may, after all.
    pub(crate) except: &'static [&'static str],
    /// The start of a path, or with `*::` any part of it. Imports are followed: after `use std::time::Instant as T`,
    /// `T::now` is `std::time::Instant::now`.
    pub(crate) never: &'static [&'static str],
    /// What would be lost.
    pub(crate) because: &'static str,
}

const CORE: &[&str] = &["crates/rolecall-core/src"];
const GUARD: &[&str] = &["crates/rolecall/src"];
const SERVER: &[&str] = &["crates/rolecall-server/src"];
const SERVER_AND_EXAMPLES: &[&str] = &["crates/rolecall-server/src", "examples/*"];
const EVERY_CRATE: &[&str] = &["crates/*/src"];

const RULES: &[Rule] = &[
    Rule {
        who: "the core",
        within: CORE,
        only: &[],
        except: &[],
        never: &["tokio", "axum", "http", "hyper", "sqlx"],
        because: "the core is pure: the guard, the service, simulations and Python share it",
    },
    Rule {
        who: "the core",
        within: CORE,
        only: &[],
        except: &[],
        never: &["std::time::SystemTime", "std::time::Instant", "rand"],
        because: "time and randomness are arguments, so that every decision can be repeated",
    },
    Rule {
        who: "what the guard decides by",
        within: GUARD,
        only: &["live", "seen", "follow"],
        except: &[],
        never: &["*::axum"],
        because: "how a decision is kept current has nothing to do with the web framework that asks for it",
    },
    Rule {
        who: "the guard outside its test kit",
        within: GUARD,
        only: &[],
        except: &["testing"],
        never: &["crate::testing"],
        because: "what makes tokens for tests, and guards that only rehearse, is in no build that serves",
    },
    Rule {
        who: "the guard",
        within: GUARD,
        only: &[],
        except: &[],
        never: &["sqlx", "rolecall_server"],
        because: "a guard has no database: the service may be elsewhere",
    },
    Rule {
        who: "the server outside its store",
        within: SERVER,
        only: &[],
        except: &["store"],
        never: &["*::sqlx"],
        because: "all SQL is in store/, once for both databases",
    },
    Rule {
        who: "the store",
        within: SERVER,
        only: &["store"],
        except: &[],
        never: &[
            "*::axum",
            "crate::oauth",
            "crate::me",
            "crate::admin",
            "crate::access",
            "crate::ops",
            "crate::cli",
            "crate::docs",
            "crate::app",
            "crate::change",
            "crate::accounts",
            "crate::clients",
            "crate::apis",
            "crate::rbac",
            "crate::sessions",
            "crate::decisions",
            "crate::api_keys",
            "crate::audit",
            "crate::keys",
            "crate::passwords",
            "crate::guesses",
            "crate::line",
            "crate::config",
            "crate::setup",
            "crate::version",
        ],
        because: "the store knows domain types and SQL, and has no opinion about either",
    },
    Rule {
        who: "the rules",
        within: SERVER,
        only: &[
            "accounts",
            "names",
            "uris",
            "passwords",
            "guesses",
            "line",
            "client_address",
            "rbac",
            "sessions",
            "decisions",
            "api_keys",
            "clients",
            "apis",
            "keys",
            "audit",
            "change",
            "config",
            "setup",
            "version",
        ],
        except: &[],
        never: &[
            "*::axum",
            "crate::oauth",
            "crate::me",
            "crate::admin",
            "crate::access",
            "crate::cli",
            "crate::ops",
            "crate::docs",
        ],
        because: "a rule is the same for the JSON API, the console and the command line",
    },
    Rule {
        who: "the faces",
        within: SERVER,
        only: &["oauth", "me", "admin", "access", "cli", "docs"],
        except: &[],
        never: &["*::sqlx", "crate::store"],
        because: "a face asks the rules; a query from here would go around them",
    },
    Rule {
        who: "the server inside",
        within: SERVER,
        only: &[],
        except: &["lib", "main", "cli"],
        never: &["crate::Rolecall", "rolecall_server::Rolecall"],
        because: "`Rolecall` puts the parts together; a part that knew it would know everything",
    },
    Rule {
        who: "the server and the examples",
        within: SERVER_AND_EXAMPLES,
        only: &[],
        except: &[],
        never: &["*::axum::routing"],
        because: "routes are built by `rolecall::routing`, where one without a rule does not compile",
    },
    Rule {
        who: "everything but clock.rs",
        within: EVERY_CRATE,
        only: &[],
        except: &["clock"],
        never: &["*::SystemTime::now", "*::Instant::now"],
        because: "there is one clock, and tests can set it",
    },
    Rule {
        who: "every crate",
        within: EVERY_CRATE,
        only: &[],
        except: &[],
        never: &["*::thread::sleep"],
        because: "a sleeping thread serves nobody, and a test cannot wake it",
    },
];

/// A crate, what it must not depend on, and why.
const CRATES: &[(&str, &[&str], &str)] = &[
    ("rolecall-core", &["rolecall", "rolecall-server"], "the core is below the guard and the service"),
    ("rolecall", &["rolecall-server"], "the service guards itself with the guard, never the other way round"),
];

#[test]
fn everybody_knows_only_whom_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = Source::all(&root, RULES);
    for (krate, ..) in CRATES {
        let folder = format!("crates/{krate}/src/");
        assert!(sources.iter().any(|source| source.path.starts_with(&folder)), "{folder}: no source was read");
    }

    let mut findings: Vec<String> = sources.iter().flat_map(|source| source_findings(source, RULES)).collect();
    for (krate, never, because) in CRATES {
        let path = format!("crates/{krate}/Cargo.toml");
        let text = std::fs::read_to_string(root.join(&path)).unwrap_or_default();
        findings.extend(manifest_findings(&Source { path, text }, never, because));
    }

    assert!(findings.is_empty(), "\n\n{}\n", findings.join("\n\n"));
}
