//! The first lines of `dev`: where it is, who administers it, and calls to paste.

use std::{
    fmt,
    io::{Write, stdout},
    net::SocketAddr,
};

use serde_json::{Value, json};

use crate::setup::Administrator;

/// What to tell whoever started it. Printed, it is text for a person.
pub struct Greeting {
    pub(crate) address: SocketAddr,
    pub(crate) issuer: String,
    pub(crate) database: String,
    pub(crate) administrator: Option<Administrator>,
    pub(crate) moved_from: Option<String>,
    /// Whether there is a page to try calls.
    pub(crate) docs: bool,
}

impl Greeting {
    /// The account that this start made; its password is told nowhere else.
    pub fn administrator(&self) -> Option<&Administrator> {
        self.administrator.as_ref()
    }

    /// The same for a program.
    pub fn to_json(&self) -> Value {
        let mut told = json!({
            "address": format!("http://{}", self.address),
            "issuer": self.issuer,
            "database": self.database,
            "created": self.administrator.is_some(),
        });
        if let Some(made) = &self.administrator {
            told["administrator"] = json!({ "username": made.username, "password": *made.password });
        }
        if let Some(before) = &self.moved_from {
            told["issuer_before"] = json!(before);
        }
        told
    }
}

/// Writes the first lines to stdout. Whoever reads them may have gone; the service does not depend on it.
pub fn print(told: &impl fmt::Display) {
    let mut stdout = stdout().lock();
    let _ = writeln!(stdout, "{told}").and_then(|()| stdout.flush());
}

impl fmt::Display for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (base, database) = (format!("http://{}", self.address), &self.database);
        writeln!(f, "Rolecall listens on {base}, for development: open registration, this machine only.")?;
        match &self.administrator {
            Some(made) => {
                writeln!(f, "It made a database, {database}, and an account. This password is shown only now:\n")?;
                writeln!(f, "administrator: {}  password: {}\n", made.username, *made.password)?;
                if self.docs {
                    writeln!(f, "In a browser: {base}/docs/ (press Authorize to log in)\n")?;
                }
                writeln!(f, "To try it, paste this into another terminal, all or piece by piece:\n")?;
                write!(f, "{}", calls(&base, &made.password))?;
            }
            None => {
                writeln!(f, "The database was there: {database}. The password of `admin` was shown when it was made.")?;
                writeln!(
                    f,
                    "To set a new one, stop this (Ctrl-C), start `rolecall users password admin` in its place,"
                )?;
                writeln!(f, "and start this again. From the sources: `cargo run --release -- users password admin`.")?;
                if database.starts_with("PostgreSQL") {
                    writeln!(f, "It takes the same `--database-url` or ROLECALL_DATABASE_URL as this.")?;
                }
                if self.docs {
                    writeln!(f, "In a browser: {base}/docs/")?;
                }
                if let Some(before) = &self.moved_from {
                    writeln!(f, "\nIts address was {before} before: tokens from then are void, so log in again.")?;
                }
            }
        }
        write!(f, "\nCtrl-C ends it.")
    }
}

fn calls(base: &str, password: &str) -> String {
    format!(
        r#"# register alice, and log in
curl -sw '\n' {base}/register -H 'Content-Type: application/json' \
  -d '{{"username": "alice", "password": "seventeen violet otters"}}'
TOKEN=$(curl -s {base}/token -d grant_type=password -d username=alice \
  -d 'password=seventeen violet otters' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

# who am I, and what may I do?
curl -sw '\n' {base}/me -H "Authorization: Bearer $TOKEN"

# as the administrator, give alice the role `admin`: the token that she has can use it at once
ADMIN=$(curl -s {base}/token -d grant_type=password -d username=admin \
  -d password={password} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
ALICE=$(curl -s "{base}/admin/users?username=alice" -H "Authorization: Bearer $ADMIN" \
  | sed 's/.*"id":"\([^"]*\)".*/\1/')
curl -sw '\n' -X PUT {base}/admin/users/$ALICE/roles/admin -H "Authorization: Bearer $ADMIN"
curl -sw '\n' {base}/me -H "Authorization: Bearer $TOKEN"
"#
    )
}
