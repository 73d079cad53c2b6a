//! Where settings are said: `rolecall.toml`, the environment, flags. Read as it stands there; what it means, and
//! whether it can be, the settings know.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fmt, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::setting::{self, SETTINGS, Setting};

/// The file that is read when nobody names one.
pub const USUAL_FILE: &str = "rolecall.toml";
/// How each variable of ours begins.
const PREFIX: &str = "ROLECALL_";
/// The variable that names the file.
const CONFIG: &str = "ROLECALL_CONFIG";

/// Where something was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Nowhere.
    Default,
    /// In a file, at a line.
    File(String, usize),
    /// By an environment variable.
    Variable(String),
    /// By a flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(name, line) => write!(f, "{name}:{line}"),
            Origin::Variable(name) => f.write_str(name),
            Origin::Flag(name) => write!(f, "--{}", name.replace('_', "-")),
        }
    }
}

/// A value as it was written. It may be a secret.
#[derive(Clone, PartialEq)]
pub enum Said {
    /// In a file: text in quotes.
    Text(String),
    /// In a file: a whole number.
    Whole(i64),
    /// In a file: `true` or `false`.
    Truth(bool),
    /// In a file: a list of texts.
    List(Vec<String>),
    /// In a file: what no setting is.
    Other(&'static str),
    /// In the environment or as a flag, where everything is text.
    Word(String),
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Text(text) | Said::Word(text) => f.write_str(text),
            Said::Whole(number) => number.fmt(f),
            Said::Truth(truth) => truth.fmt(f),
            Said::List(texts) => f.write_str(&texts.join(",")),
            Said::Other(kind) => f.write_str(kind),
        }
    }
}

/// Flags by the setting's name; each wins over the environment, which wins over the file.
#[derive(Clone, Default)]
pub struct Flags {
    /// The file to read instead of `rolecall.toml`, which need not be there.
    pub config: Option<PathBuf>,
    /// `sqlite://FILE` or `postgres://...`.
    pub database_url: Option<String>,
    /// What encrypts the signing keys.
    pub key_file: Option<String>,
    /// Where calls are taken.
    pub listen: Option<String>,
    /// `iss` of the tokens.
    pub issuer: Option<String>,
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Flags { config, database_url, key_file, listen, issuer } = self;
        let mut shown = f.debug_struct("Flags");
        shown.field("config", config).field("database_url", &database_url.as_ref().map(|_| Unshown));
        shown.field("key_file", key_file).field("listen", listen).field("issuer", issuer).finish()
    }
}

/// In the place of what may have a password in it.
pub(super) struct Unshown;

impl fmt::Debug for Unshown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(not shown)")
    }
}

/// What was said of each setting last, and what could not be read at all.
#[derive(Default)]
pub struct Raw {
    pub(super) said: BTreeMap<&'static str, (Said, Origin)>,
    /// Sentences.
    pub(super) wrong: Vec<String>,
    /// Files with secrets in them, in which they were found.
    pub(super) secret_files: Vec<PathBuf>,
}

impl Raw {
    /// Reads everything that is said, the later ones over the earlier ones.
    pub(super) fn read(flags: &Flags) -> Raw {
        let mut raw = Raw::default();
        let environment: Vec<(OsString, OsString)> = env::vars_os().collect();
        let named = flags.config.clone().or_else(|| env::var_os(CONFIG).map(PathBuf::from));
        raw.file(named.as_deref());
        raw.environment(&environment);
        raw.flags(flags);
        raw
    }

    fn say(&mut self, setting: &'static Setting, said: Said, origin: Origin) {
        self.said.insert(setting.name, (said, origin));
    }

    fn file(&mut self, named: Option<&Path>) {
        let path = named.unwrap_or(Path::new(USUAL_FILE));
        let name = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => return,
            Err(error) => return self.wrong.push(format!("`{name}` cannot be read: {error}")),
        };
        let line = |at: usize| 1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        let table = match DeTable::parse(&text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                // The library's own text quotes the line, and that may hold a secret.
                let at = line(error.span().map_or(0, |span| span.start));
                let what = error.message().lines().next().unwrap_or_default();
                return self.wrong.push(format!("{name}:{at}: this is no TOML: {what}"));
            }
        };
        for (key, value) in table {
            let at = line(key.span().start);
            match setting::find(key.get_ref()) {
                Some(setting) => {
                    if setting.is_secret {
                        self.secret_files.push(path.to_owned());
                    }
                    self.say(setting, said(value.get_ref()), Origin::File(name.clone(), at));
                }
                None => {
                    let key = key.get_ref();
                    let instead = nearest(key, SETTINGS.iter().map(|setting| setting.name.to_owned()), "");
                    self.wrong.push(format!("{name}:{at}: there is no setting `{key}`{instead}"));
                }
            }
        }
    }

    fn environment(&mut self, variables: &[(OsString, OsString)]) {
        let mut ours: Vec<(String, Option<&str>)> = variables
            .iter()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_str()))
            .filter(|(name, _)| name.starts_with(PREFIX) && name != CONFIG)
            .collect();
        ours.sort();
        // What every program with this library obeys; `ROLECALL_LOG` goes before.
        if let Some((_, filter)) = variables.iter().find(|(name, filter)| name == "RUST_LOG" && !filter.is_empty()) {
            let said = Said::Word(filter.to_string_lossy().into_owned());
            self.say(&setting::LOG, said, Origin::Variable("RUST_LOG".into()));
        }
        for (name, value) in &ours {
            let Some(value) = value else {
                self.wrong.push(format!("{name} is no UTF-8 text"));
                continue;
            };
            let direct = SETTINGS.iter().find(|setting| variable(setting) == *name);
            let by_file = SETTINGS.iter().find(|setting| setting.is_secret && file_variable(setting) == *name);
            match (direct, by_file) {
                (Some(setting), _) => self.say(setting, Said::Word((*value).into()), Origin::Variable(name.clone())),
                (None, Some(setting)) => {
                    let twice = variable(setting);
                    if ours.iter().any(|(other, _)| *other == twice) {
                        self.wrong.push(format!("{twice} and {name} are both set: leave one of them out"));
                    } else {
                        self.secret(setting, Path::new(value), name);
                    }
                }
                (None, None) if is_somebody_elses(name, value) => {}
                (None, None) => {
                    // What all of them begin with would make all of them alike.
                    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
                    let others = SETTINGS.iter().flat_map(|setting| {
                        [Some(variable(setting)), setting.is_secret.then(|| file_variable(setting))]
                    });
                    let all = others.flatten().chain([CONFIG.to_owned()]);
                    let instead =
                        nearest(rest, all.filter_map(|name| name.strip_prefix(PREFIX).map(str::to_owned)), PREFIX);
                    self.wrong.push(format!("there is no setting {name}{instead}"));
                }
            }
        }
    }

    /// A secret that stands alone in a file. One line end is not part of it.
    fn secret(&mut self, setting: &'static Setting, path: &Path, name: &str) {
        match fs::read_to_string(path) {
            Ok(text) => {
                let line = text.strip_suffix('\n').unwrap_or(&text);
                let line = line.strip_suffix('\r').unwrap_or(line).to_owned();
                self.secret_files.push(path.to_owned());
                self.say(setting, Said::Word(line), Origin::Variable(name.into()));
            }
            Err(error) => self.wrong.push(format!("{name} names `{}`, which cannot be read: {error}", path.display())),
        }
    }

    fn flags(&mut self, flags: &Flags) {
        let Flags { config: _, database_url, key_file, listen, issuer } = flags;
        let said = [
            (&setting::DATABASE_URL, database_url),
            (&setting::KEY_FILE, key_file),
            (&setting::LISTEN, listen),
            (&setting::ISSUER, issuer),
        ];
        for (setting, value) in said {
            if let Some(value) = value {
                self.say(setting, Said::Word(value.clone()), Origin::Flag(setting.name));
            }
        }
    }
}

fn said(value: &DeValue<'_>) -> Said {
    match value {
        DeValue::String(text) => Said::Text(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix()).map_or(Said::Other("a number that is too large"), Said::Whole)
        }
        DeValue::Boolean(truth) => Said::Truth(*truth),
        DeValue::Array(list) => {
            let texts = list.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
            Option::map_or(texts, Said::Other("a list with what is no text"), Said::List)
        }
        DeValue::Float(_) => Said::Other("a number with a point"),
        DeValue::Datetime(_) => Said::Other("a date"),
        DeValue::Table(_) => Said::Other("a table"),
    }
}

fn variable(setting: &Setting) -> String {
    format!("{PREFIX}{}", setting.name.to_ascii_uppercase())
}

fn file_variable(setting: &Setting) -> String {
    format!("{}_FILE", variable(setting))
}

/// Kubernetes tells every container of each service by such variables, and ours may be called `rolecall`. The tests of
/// this project have some of their own.
fn is_somebody_elses(name: &str, value: &str) -> bool {
    name.starts_with("ROLECALL_SERVICE_")
        || (name.starts_with("ROLECALL_PORT") && value.starts_with("tcp://"))
        || ["_PROTO", "_PORT", "_ADDR"].iter().any(|end| name.starts_with("ROLECALL_PORT_") && name.ends_with(end))
        || name.starts_with("ROLECALL_TEST_")
}

/// Which of `all` somebody may have meant who wrote `name`.
fn nearest(name: &str, all: impl Iterator<Item = String>, prefix: &str) -> String {
    let likeness = |other: &String| strsim::jaro_winkler(name, other);
    let best = all.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|best| likeness(best) > 0.8);
    best.map(|best| format!("; did you mean `{prefix}{best}`?"))
        .unwrap_or_else(|| "; `rolecall config check` lists the settings that there are".to_owned())
}

/// Whether the address of a database may have a password in it: before the host, or as a parameter.
pub(super) fn has_password(url: &str) -> bool {
    let before_host = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user, _)| user);
    before_host.is_some_and(|user| user.contains(':')) || url.contains("password=")
}
