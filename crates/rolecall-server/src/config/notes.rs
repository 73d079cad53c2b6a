//! What is worth a second look before a service goes into production, though it can start like this.

use std::path::Path;

use super::{Config, Resolved, setting, source::Origin};
use crate::{
    guesses::GuessLimits,
    keys::{KeyFile, Place},
    store::Database,
};

/// Five times as many are free at one account from everywhere; NIST SP 800-63B-4, 3.2.2, allows 100.
const MOST_GUESSES: u32 = 20;

impl Resolved {
    /// Sentences about what keeps the service from starting, as far as that shows without its database.
    pub fn errors(&self) -> Vec<String> {
        match &self.config {
            Ok(config) => KeyFile::find(&config.key_file).err().map(|error| error.to_string()).into_iter().collect(),
            Err(wrong) => wrong.clone(),
        }
    }

    /// Sentences about what is allowed and deserves a reason.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![];
        if let Ok(config) = &self.config {
            self.of_config(config, &mut notes);
        }
        for path in &self.raw.secret_files {
            if is_for_others(path) && self.has_password() {
                let name = path.display();
                notes.push(format!(
                    "others can read `{name}`, which has a password in it: run `chmod 600 {name}`, or keep the password in a \
                     file of its own that ROLECALL_DATABASE_URL_FILE names"
                ));
            }
        }
        notes
    }

    fn of_config(&self, config: &Config, notes: &mut Vec<String>) {
        let mut note = |text: &str| notes.push(text.to_owned());
        if config.password_grant {
            note(
                "`password_grant` is on: people type their password into the application (RFC 9700, section 2.4, and OWASP \
                 ASVS 5.0, 10.4.4, advise against it); keep it to first-party applications, or set `password_grant = false`",
            );
        }
        if config.registration.is_some() {
            note("`registration` is open: anybody who reaches `/register` makes himself an account");
        }
        if config.docs {
            note("`docs` is on: whoever reaches the service reads what it can be asked (OWASP ASVS 5.0, 13.4.5)");
        }
        if config.audience.is_some() {
            note(
                "`audience` is another API than this service: a token that was asked for without `resource` is good there and \
                 not at `/me` and `/admin`; whoever administers asks for one with `resource` and the issuer",
            );
        }
        if config.cors_origins.iter().any(|origin| origin.starts_with("http:") && !is_here(origin)) {
            note(
                "`cors_origins` has one of `http`: whoever is on the way to its pages can change them, and has what they have; \
                 use `https`",
            );
        }
        if !config.issuer.as_deref().is_some_and(is_here) && config.cors_origins.iter().any(|origin| is_here(origin)) {
            note(
                "`cors_origins` has one on the machine of whoever looks at its pages, where any program can serve some: keep \
                 that for development",
            );
        }
        if config.behind_proxy && config.trusted_proxies.is_empty() {
            note(
                "`behind_proxy` is on without `trusted_proxies`: every call seems to come from the proxy, so guesses of one \
                 caller slow all of them down; name the proxy's address",
            );
        }
        if !config.behind_proxy && !config.trusted_proxies.is_empty() {
            note(
                "`trusted_proxies` names proxies, and `behind_proxy` is off: set `behind_proxy = true` if there is one",
            );
        }
        if config.trusted_proxies.covers_everybody() {
            note(
                "`trusted_proxies` covers every address: whoever calls says himself where he comes from, and has as many \
                 guesses as he likes; name the proxies alone",
            );
        }
        let GuessLimits { per_account, per_address } = config.guess_limits;
        if per_account == 0 || per_address == 0 {
            note(
                "a limit on guesses is off (`guesses_per_account`, `guesses_per_address`): whoever tries passwords is \
                 slowed down by nothing but the hashing",
            );
        }
        if per_account > MOST_GUESSES {
            note(
                "`guesses_per_account` is more than 20: five times as many guesses at one account are free, and NIST SP \
                 800-63B-4, 3.2.2, allows 100",
            );
        }
        if config.behind_proxy && !self.names_issuer {
            note(
                "`behind_proxy` is on and `issuer` is the address behind the proxy: write the one that callers use before \
                 `rolecall init` fixes it",
            );
        }
        if self.is_flag(&setting::DATABASE_URL) && self.has_password() {
            note(
                "`--database-url` has a password in it, which everybody on this machine can see: use ROLECALL_DATABASE_URL_FILE",
            );
        }
        if let Database::Postgres(url) = &config.database
            && url.can_be_overheard()
        {
            note(
                "the way to PostgreSQL can be read along, and nobody checks that it is the right one at its end: add \
                 `?sslmode=verify-full` to `database_url`, and `&sslrootcert=FILE` if its certificate is from an authority of \
                 your own",
            );
        }
        if let Database::Sqlite(path) = &config.database
            && path.parent() == config.key_file.parent()
        {
            note(
                "the key file lies beside the database: whoever copies the folder has both, and can sign tokens; put it \
                 elsewhere, and keep it out of the database's backups",
            );
        }
        if let Some(left) = Place::of(&config.key_file).left() {
            note(&format!(
                "`{}` is of a rotation of the key file that was cut off: the next start takes the one that belongs to the \
                 database, and removes the other one; keep both until then",
                left.display()
            ));
        }
    }

    fn is_flag(&self, setting: &setting::Setting) -> bool {
        self.raw.said.get(setting.name).is_some_and(|(_, origin)| matches!(origin, Origin::Flag(_)))
    }

    /// Whether the address of the database may have a password in it.
    fn has_password(&self) -> bool {
        let said = self.raw.said.get(setting::DATABASE_URL.name);
        said.is_some_and(|(said, _)| super::source::has_password(&said.to_string()))
    }
}

/// Whether an origin is the machine of whoever asks it.
fn is_here(origin: &str) -> bool {
    let uri = origin.parse::<http::Uri>().ok();
    uri.as_ref().and_then(http::Uri::host).is_some_and(super::is_this_machine)
}

#[cfg(unix)]
fn is_for_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_for_others(_: &Path) -> bool {
    false
}
