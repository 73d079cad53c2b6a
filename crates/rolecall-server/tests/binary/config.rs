//! `rolecall config check`: which source wins, what is refused, and that nothing secret is shown.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use proptest::{prelude::*, test_runner::TestRunner};
use rolecall_server::{Config, Dev, Flags};
use serde_json::Value;
use tempfile::TempDir;

use super::files;
use crate::util::binary::{Said, rolecall, run};

const SECRET: &str = "fiveHundredGreenGeese";

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn settings(folder: &Path, text: &str) {
    fs::write(folder.join("rolecall.toml"), text).expect("a file");
}

fn check(folder: &Path, with: impl FnOnce(&mut Command)) -> (Said, Value) {
    let mut command = rolecall(folder, &["config", "check", "--json"]);
    with(&mut command);
    let said = run(&mut command, "");
    let told: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    assert_eq!(told["ok"], said.code == Some(0), "{said:?}");
    (said, told)
}

fn line<'a>(told: &'a Value, name: &str) -> (&'a str, &'a str) {
    let all = told["settings"].as_array().expect("settings");
    let line = all.iter().find(|line| line["name"] == name).unwrap_or_else(|| panic!("no {name}: {told}"));
    (line["value"].as_str().expect("text"), line["from"].as_str().expect("text"))
}

fn errors(told: &Value) -> Vec<String> {
    let texts = told["errors"].as_array().expect("errors").iter();
    texts.map(|text| text.as_str().expect("text").to_owned()).collect()
}

#[test]
fn defaults_are_shown_and_nothing_is_made() {
    let folder = folder();
    let (_, told) = check(folder.path(), |_| {});
    assert_eq!(line(&told, "database_url"), ("sqlite://rolecall.db", "default"));
    assert_eq!(line(&told, "issuer"), ("http://127.0.0.1:8000", "default"));
    assert_eq!(line(&told, "audience"), ("http://127.0.0.1:8000", "default"));
    assert_eq!(line(&told, "cors_origins"), ("", "default"));
    assert_eq!(line(&told, "registration"), ("closed", "default"));
    assert_eq!(line(&told, "docs"), ("false", "default"));
    assert_eq!(files(folder.path()), [""; 0]);
    // For a person: the same, one setting a line; what to think about is not data.
    let said = run(&mut rolecall(folder.path(), &["config", "check"]), "");
    assert_eq!(said.code, Some(0));
    let count = told["settings"].as_array().expect("settings").len();
    assert_eq!(said.stdout.lines().count(), count);
    assert!(
        said.stderr.contains("warning: `password_grant` is on") && said.stderr.contains("10.4.4"),
        "{}",
        said.stderr
    );
}

/// The sources that a setting can be said in, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    File,
    Environment,
    Flag,
}

const SOURCES: [Source; 3] = [Source::File, Source::Environment, Source::Flag];

/// Settings with a flag, and values that are different and good. Each value is a choice from this list by number.
const SAMPLES: [(&str, [&str; 3]); 3] = [
    ("key_file", ["a.key", "b.key", "c.key"]),
    ("listen", ["127.0.0.1:81", "127.0.0.1:82", "127.0.0.1:83"]),
    ("database_url", ["sqlite://a.db", "sqlite://b.db", "sqlite://c.db"]),
];

/// Who wins, the slow and obvious way: each source in turn writes over what was there.
fn oracle(said: &[(usize, usize, usize)], setting: usize) -> (String, String) {
    let mut outcome = None;
    for (rank, source) in SOURCES.iter().enumerate() {
        for (at, (of, by, value)) in said.iter().enumerate() {
            if *of != setting || *by != rank {
                continue;
            }
            let name = SAMPLES[setting].0;
            let from = match source {
                Source::File => {
                    let before = said[..at].iter().filter(|(_, by, _)| *by == 0).count();
                    format!("rolecall.toml:{}", before + 1)
                }
                Source::Environment => format!("ROLECALL_{}", name.to_uppercase()),
                Source::Flag => format!("--{}", name.replace('_', "-")),
            };
            outcome = Some((SAMPLES[setting].1[*value].to_owned(), from));
        }
    }
    let default = ["rolecall.key", "127.0.0.1:8000", "sqlite://rolecall.db"][setting];
    outcome.unwrap_or_else(|| (default.to_owned(), "default".to_owned()))
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let said = prop::collection::btree_map((0..3_usize, 0..3_usize), 0..3_usize, 0..9);
    let mut runner = TestRunner::new(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() });
    let outcome = runner.run(&said, |said: BTreeMap<(usize, usize), usize>| {
        let said: Vec<(usize, usize, usize)> =
            said.into_iter().map(|((setting, source), value)| (setting, source, value)).collect();
        let folder = folder();
        let mut file = String::new();
        for (setting, source, value) in &said {
            if SOURCES[*source] == Source::File {
                file += &format!("{} = \"{}\"\n", SAMPLES[*setting].0, SAMPLES[*setting].1[*value]);
            }
        }
        settings(folder.path(), &file);
        let (_, told) = check(folder.path(), |command| {
            for (setting, source, value) in &said {
                let (name, values) = SAMPLES[*setting];
                match SOURCES[*source] {
                    Source::File => {}
                    Source::Environment => {
                        command.env(format!("ROLECALL_{}", name.to_uppercase()), values[*value]);
                    }
                    Source::Flag => {
                        command.arg(format!("--{}", name.replace('_', "-"))).arg(values[*value]);
                    }
                }
            }
        });
        for (setting, (name, _)) in SAMPLES.iter().enumerate() {
            let (value, from) = oracle(&said, setting);
            prop_assert_eq!(line(&told, name), (value.as_str(), from.as_str()));
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn what_there_is_not_is_told_with_what_may_be_meant() {
    let folder = folder();
    settings(folder.path(), "listen = \"127.0.0.1:8000\"\n\nissuerr = \"x\"\n[server]\nlisten = 1\n");
    let (_, told) = check(folder.path(), |command| {
        command.env("ROLECALL_KEY_FLIE", "x").env("ROLECALL_ZZZ", "x").env("ROLECALL_CONFIG_FILE", "x");
        // A service of the name `rolecall` in Kubernetes, and the tests of this project.
        command.env("ROLECALL_SERVICE_HOST", "10.0.0.1").env("ROLECALL_PORT", "tcp://10.0.0.1:80");
        command.env("ROLECALL_PORT_80_TCP_ADDR", "10.0.0.1").env("ROLECALL_TEST_POSTGRES_BIN", "/bin");
    });
    let errors = errors(&told);
    assert_eq!(errors.len(), 5, "{errors:?}");
    assert_eq!(errors[0], "rolecall.toml:3: there is no setting `issuerr`; did you mean `issuer`?");
    assert!(errors[1].starts_with("rolecall.toml:4: there is no setting `server`"), "{errors:?}");
    assert_eq!(errors[2], "there is no setting ROLECALL_CONFIG_FILE; did you mean `ROLECALL_CONFIG`?");
    assert_eq!(errors[3], "there is no setting ROLECALL_KEY_FLIE; did you mean `ROLECALL_KEY_FILE`?");
    assert!(errors[4].starts_with("there is no setting ROLECALL_ZZZ"), "{errors:?}");
    // `serve` starts on no such thing.
    let said = run(rolecall(folder.path(), &["serve"]).env("ROLECALL_ZZZ", "x"), "");
    said.refused(&["rolecall.toml:3", "issuerr", "2 more", "rolecall config check"]);
}

#[test]
fn what_cannot_be_is_told_with_its_place_and_what_to_write() {
    for (line, words) in [
        ("lease = 4", ["`lease` is `4`", "5s to 5m"]),
        ("lease = \"soon\"", ["`lease` is `soon`", "5s to 5m"]),
        ("lease = 1.5", ["`lease` is a number with a point", "5s to 5m"]),
        ("lease = -5", ["`lease` is `-5`", "5s to 5m"]),
        ("lease = 99999999999999999999", ["too large", "5s to 5m"]),
        ("access_token_ttl = \"25h\"", ["`access_token_ttl` is `25h`", "30s to 1d"]),
        ("access_token_ttl = \"+5m\"", ["`access_token_ttl` is `+5m`", "30s to 1d"]),
        ("docs = \"true\"", ["`docs` is `true`", "without quotes"]),
        ("behind_proxy = 1", ["`behind_proxy` is `1`", "`true` or `false`"]),
        ("listen = 8000", ["`listen` is `8000`", "127.0.0.1:8000"]),
        ("listen = \"example.org:80\"", ["`listen` is `example.org:80`", "127.0.0.1:8000"]),
        ("registration = true", ["`registration` is `true`", "`\"open\"` or `\"closed\"`"]),
        (
            "registration_roles = [\"rolecall.admin\"]",
            ["`registration_roles` is `rolecall.admin`", "none of `rolecall.`"],
        ),
        ("registration_roles = [\"Caps\"]", ["`registration_roles` is `Caps`", "a list of roles"]),
        ("registration_roles = \"user\"", ["`registration_roles` is `user`", "a list of roles"]),
        ("trusted_proxies = [\"10.0.0.0/33\"]", ["`trusted_proxies` is `10.0.0.0/33`", "10.0.0.0/8"]),
        ("trusted_proxies = [1]", ["a list with what is no text", "10.0.0.0/8"]),
        ("trusted_proxies = [\"\"]", ["`trusted_proxies` is", "10.0.0.0/8"]),
        ("trusted_proxies = [\"proxy.example.org\"]", ["`trusted_proxies` is `proxy.example.org`", "10.0.0.0/8"]),
        ("guesses_per_account = -1", ["`guesses_per_account` is `-1`", "0 to 1000"]),
        ("guesses_per_address = 1000001", ["`guesses_per_address` is `1000001`", "0 to 1000000"]),
        ("signing_algorithm = \"HS256\"", ["`signing_algorithm` is `HS256`", "`ES256`, `RS256` or `EdDSA`"]),
        ("body_limit = \"1GiB\"", ["`body_limit` is `1GiB`", "4KiB to 16384KiB"]),
        ("header_limit = 100", ["`header_limit` is `100`", "8KiB to 1024KiB"]),
        ("hashing_threads = 0", ["`hashing_threads` is `0`", "1 to 256"]),
        ("log_format = \"xml\"", ["`log_format` is `xml`", "`\"json\"`"]),
        ("audience = \"\"", ["`audience` is ``", "`items-api`"]),
        ("audience = \"items api\"", ["`audience` is `items api`", "`items-api`"]),
        ("audience = [\"items-api\"]", ["`audience` is `items-api`", "`items-api`"]),
        ("audience = \"https://items.test/#x\"", ["`audience` is `https://items.test/#x`", "`items-api`"]),
        ("cors_origins = [\"*\"]", ["`cors_origins` is `*`", "a list of origins"]),
        ("cors_origins = [\"null\"]", ["`cors_origins` is `null`", "a list of origins"]),
        ("cors_origins = [\"https://app.test/\"]", ["`cors_origins` is `https://app.test/`", "no slash"]),
        ("cors_origins = [\"https://app.test:443\"]", ["`cors_origins` is `https://app.test:443`", "no usual port"]),
        ("cors_origins = [\"https://App.test\"]", ["`cors_origins` is `https://App.test`", "small letters"]),
        ("cors_origins = [\"https://*.app.test\"]", ["`cors_origins` is `https://*.app.test`", "a list of origins"]),
        ("cors_origins = [\"app.test\"]", ["`cors_origins` is `app.test`", "a list of origins"]),
        ("cors_origins = [\"https://me@app.test\"]", ["`cors_origins` is `https://me@app.test`", "a list of origins"]),
        ("cors_origins = \"https://app.test\"", ["`cors_origins` is `https://app.test`", "a list of origins"]),
        ("log = \"a=b=c\"", ["`log` is `a=b=c`", "`info`"]),
        ("key_file = \"\"", ["`key_file` is ``", "not empty"]),
        ("docs = {}", ["`docs` is a table", "`true` or `false`"]),
        ("docs = tru", ["this is no TOML", ""]),
        ("docs = true\ndocs = true", ["this is no TOML", ""]),
    ] {
        let folder = folder();
        settings(folder.path(), &format!("# settings\n{line}\n"));
        let (_, told) = check(folder.path(), |_| {});
        let errors = errors(&told);
        assert_eq!(errors.len(), 1, "{line}: {errors:?}");
        let place = if line.contains('\n') { "rolecall.toml:3: " } else { "rolecall.toml:2: " };
        assert!(errors[0].starts_with(place), "{line}: {errors:?}");
        assert!(words.iter().all(|words| errors[0].contains(words)), "{line}: {errors:?}");
    }
    let folder = folder();
    let (_, told) = check(folder.path(), |command| {
        command.env("ROLECALL_LEASE", "soon").args(["--listen", "here"]);
    });
    assert_eq!(
        errors(&told),
        [
            "--listen is `here`: write an address and a port, as `127.0.0.1:8000`, `[::1]:8000` or `0.0.0.0:8000`",
            "ROLECALL_LEASE is `soon`: write 5s to 5m, as `5s`, or a number of seconds"
        ]
    );
}

#[test]
fn times_and_sizes_as_a_person_writes_them() {
    let folder = folder();
    settings(
        folder.path(),
        "access_token_ttl = \"5m\"\nsession_ttl = \"12h\"\nlease = 10\nbody_limit = \"1MiB\"\nregistration_roles = []\n",
    );
    let (_, told) = check(folder.path(), |command| {
        command.env("ROLECALL_REGISTRATION_ROLES", "user, reader").env("ROLECALL_DOCS", "true").env("RUST_LOG", "warn");
    });
    assert_eq!(errors(&told), [""; 0]);
    assert_eq!(line(&told, "access_token_ttl"), ("5m", "rolecall.toml:1"));
    assert_eq!(line(&told, "registration_roles"), ("user, reader", "ROLECALL_REGISTRATION_ROLES"));
    assert_eq!(line(&told, "docs"), ("true", "ROLECALL_DOCS"));
    assert_eq!(line(&told, "log"), ("warn", "RUST_LOG"));
}

#[test]
fn another_file_can_be_named_and_must_be_there() {
    let folder = folder();
    settings(folder.path(), "docs = true\n");
    fs::write(folder.path().join("other.toml"), "lease = 7\n").expect("a file");
    let (_, told) = check(folder.path(), |command| {
        command.env("ROLECALL_CONFIG", "other.toml");
    });
    assert_eq!((line(&told, "lease"), line(&told, "docs")), (("7", "other.toml:1"), ("false", "default")));
    let (_, told) = check(folder.path(), |command| {
        command.env("ROLECALL_CONFIG", "none.toml").args(["--config", "other.toml"]);
    });
    assert_eq!(line(&told, "lease"), ("7", "other.toml:1"));
    let (_, told) = check(folder.path(), |command| {
        command.env("ROLECALL_CONFIG", "none.toml");
    });
    assert!(errors(&told)[0].contains("`none.toml` cannot be read"), "{told}");
}

#[test]
fn a_secret_in_a_file_of_its_own() {
    let folder = folder();
    let path = folder.path().join("url");
    fs::write(&path, format!("postgres://rolecall:{SECRET}@db.example.org/rolecall\r\n")).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    let (said, told) = check(folder.path(), |command| {
        command.env("ROLECALL_DATABASE_URL_FILE", &path);
    });
    let shown = ("PostgreSQL database `rolecall` at db.example.org", "ROLECALL_DATABASE_URL_FILE");
    assert_eq!(line(&told, "database_url"), shown);
    assert!(!format!("{said:?}").contains(SECRET));
    let (_, told) = check(folder.path(), |command| {
        command.env("ROLECALL_DATABASE_URL_FILE", &path).env("ROLECALL_DATABASE_URL", "sqlite://a.db");
    });
    assert!(errors(&told)[0].contains("ROLECALL_DATABASE_URL and ROLECALL_DATABASE_URL_FILE are both set"), "{told}");
    let (_, told) = check(folder.path(), |command| {
        command.env("ROLECALL_DATABASE_URL_FILE", "none");
    });
    assert!(errors(&told)[0].contains("ROLECALL_DATABASE_URL_FILE names `none`, which cannot be read"), "{told}");
    // Only what is a secret has such a variable.
    let (_, told) = check(folder.path(), |command| {
        command.env("ROLECALL_LISTEN_FILE", &path);
    });
    assert!(errors(&told)[0].contains("there is no setting ROLECALL_LISTEN_FILE"), "{told}");
}

#[test]
fn a_password_is_shown_nowhere() {
    let urls = [
        format!("postgres://rolecall:{SECRET}@db.example.org/rolecall"),
        format!("postgres://rolecall@db.example.org/rolecall?password={SECRET}"),
        format!("postgres://rolecall:12/{SECRET}@db.example.org/rolecall"),
        format!("postgres://rolecall:{SECRET}@db.example.org:port/rolecall"),
        format!("postgres:/rolecall:{SECRET}@db.example.org/rolecall"),
        format!("mysql://rolecall:{SECRET}@db.example.org/rolecall"),
    ];
    for url in urls {
        for arguments in
            [&["config", "check"][..], &["config", "check", "--json"], &["serve"], &["users", "password", "x"]]
        {
            let (file, environment, flag) = (folder(), folder(), folder());
            settings(file.path(), &format!("database_url = \"{url}\"\n"));
            let broken = folder();
            settings(broken.path(), &format!("database_url = \"{url}\n"));
            let listed = folder();
            settings(listed.path(), &format!("database_url = [\"{url}\"]\n"));
            let said = [
                run(&mut rolecall(file.path(), arguments), ""),
                run(&mut rolecall(broken.path(), arguments), ""),
                run(&mut rolecall(listed.path(), arguments), ""),
                run(rolecall(environment.path(), arguments).env("ROLECALL_DATABASE_URL", &url), ""),
                run(rolecall(flag.path(), arguments).args(["--database-url", &url]), ""),
            ];
            for said in said {
                assert!(!format!("{said:?}").contains(SECRET), "{url} {arguments:?}: {said:?}");
            }
        }
    }
}

/// Nor by an application that prints what it holds.
#[test]
fn a_password_is_shown_by_no_type() {
    let database_url = Some(format!("postgres://rolecall:{SECRET}@db.example.org/rolecall"));
    let flags = Flags { database_url: database_url.clone(), ..Flags::default() };
    let dev = Dev { database_url, ..Dev::default() };
    let config = Config::dev(Path::new("."), &dev).expect("settings");
    let shown = format!("{flags:?} {dev:?} {config:?}");
    assert!(!shown.contains(SECRET) && shown.contains("db.example.org"), "{shown}");
}

#[test]
fn what_deserves_a_second_look_is_told() {
    let folder = folder();
    settings(
        folder.path(),
        &format!(
            "database_url = \"postgres://u:{SECRET}@h/d\"\nregistration = \"open\"\ndocs = true\nbehind_proxy = true\n"
        ),
    );
    fs::set_permissions(folder.path().join("rolecall.toml"), fs::Permissions::from_mode(0o644)).expect("a mode");
    let (_, told) = check(folder.path(), |_| {});
    let warnings = told["warnings"].to_string();
    for words in [
        "`password_grant` is on",
        "the way to PostgreSQL can be read along",
        "RFC 9700, section 2.4",
        "`registration` is open",
        "`docs` is on",
        "without `trusted_proxies`",
        "`issuer` is the address behind the proxy",
        "others can read `rolecall.toml`",
    ] {
        assert!(warnings.contains(words), "`{words}` is not in: {warnings}");
    }
    settings(
        folder.path(),
        "behind_proxy = true\ntrusted_proxies = [\"0.0.0.0/0\"]\nguesses_per_account = 21\nguesses_per_address = 0\n",
    );
    let warnings = check(folder.path(), |_| {}).1["warnings"].to_string();
    for words in ["`trusted_proxies` covers every address", "a limit on guesses is off", "is more than 20"] {
        assert!(warnings.contains(words), "`{words}` is not in: {warnings}");
    }
    settings(
        folder.path(),
        "issuer = \"https://auth.example.org\"\naudience = \"items-api\"\n\
         cors_origins = [\"http://app.example.org\", \"http://localhost:5173\"]\n",
    );
    let warnings = check(folder.path(), |_| {}).1["warnings"].to_string();
    for words in ["`audience` is another API", "`cors_origins` has one of `http`", "where any program can serve some"] {
        assert!(warnings.contains(words), "`{words}` is not in: {warnings}");
    }
    fs::set_permissions(folder.path().join("rolecall.toml"), fs::Permissions::from_mode(0o600)).expect("a mode");
    let loopback = "password_grant = false\nkey_file = \"keys/rolecall.key\"\naudience = \"http://127.0.0.1:8000\"\n\
                    cors_origins = [\"https://app.example.org\", \"http://localhost:5173\"]\n";
    settings(folder.path(), loopback);
    let (_, told) = check(folder.path(), |_| {});
    assert_eq!(told["warnings"], serde_json::json!([]), "the issuer, and a machine of one's own");
    assert_eq!(line(&told, "audience"), ("http://127.0.0.1:8000", "rolecall.toml:3"));
    for database in [
        "sqlite://rolecall.db",
        "postgres://u@localhost/d",
        "postgres://u@127.0.0.1/d",
        "postgres://u@[::1]/d",
        "postgres://u@localhost/d?host=/run/postgresql",
        "postgres://u@db.example.org/d?sslmode=verify-full",
    ] {
        let quiet =
            format!("password_grant = false\nkey_file = \"keys/rolecall.key\"\ndatabase_url = \"{database}\"\n");
        settings(folder.path(), &quiet);
        let (_, told) = check(folder.path(), |_| {});
        assert_eq!(told["warnings"], serde_json::json!([]), "{database}");
    }
}

#[test]
fn a_key_file_that_others_can_read_is_an_error() {
    let folder = folder();
    let key = folder.path().join("rolecall.key");
    fs::write(&key, "x").expect("a file");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");
    let (said, told) = check(folder.path(), |_| {});
    assert_eq!(said.code, Some(1));
    assert!(errors(&told)[0].contains("others can read the key file"), "{told}");
}

/// Of a rotation that was cut off: no error, since the next start knows which one counts.
#[test]
fn two_key_files_are_worth_a_look() {
    let folder = folder();
    for name in ["rolecall.key.new", "rolecall.key"] {
        let key = folder.path().join(name);
        fs::write(&key, "YW5vdGhlciBvbmUsIHdoaWNoIGlzIG5vYm9keSdzOi4").expect("a file");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
        let (said, told) = check(folder.path(), |_| {});
        assert_eq!(said.code, Some(0), "{said:?}");
        let warnings = told["warnings"].to_string();
        assert!(warnings.contains("`./rolecall.key.new` is of a rotation of the key file"), "{warnings}");
    }
}
