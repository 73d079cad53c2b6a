//! The OpenAPI document against the service that runs: schemathesis makes calls out of the document, by the hundred,
//! and no answer may be one that the document does not describe.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use crate::{
    python::Programs,
    run::{Failed, Outcome, cargo, command, root, run},
};

/// The document that is checked in.
pub(crate) const DOCUMENT: &str = "docs/openapi.json";
/// The releases of all that is installed.
pub(crate) const REQUIREMENTS: &str = "xtask/schemathesis.txt";
/// Everything that it knows to look at but one: a schema cannot say which passwords are too easily guessed, so what fits
/// it may be refused. Undescribed statuses, bodies and headers are found by the others.
const CHECKS: [&str; 4] = ["--checks", "all", "--exclude-checks", "positive_data_acceptance"];
/// The same calls each time.
const CALLS: [&str; 11] = [
    "--phases",
    "examples,coverage,fuzzing,stateful",
    "--generation-deterministic",
    "--max-examples",
    "60",
    "--request-timeout",
    "20",
    "--no-color",
    "--warnings",
    "off",
    "--continue-on-failure",
];

/// Validates the document, and tries the service: as its administrator, and as nobody.
pub(crate) fn check() -> Outcome {
    let programs = Programs::find_or_install("schemathesis-programs", REQUIREMENTS)?;
    run(command(&programs.path("openapi-spec-validator")).arg(DOCUMENT))?;

    run(&mut cargo("build --quiet --locked --package rolecall-server"))?;
    let service = Service::start(&root().join("target/schemathesis"))?;
    let token = service.log_in()?;
    eprintln!("schemathesis, as the administrator:");
    service.try_out(&programs, Some(&token))?;
    if service.ask(&format!("GET /me HTTP/1.1\r\nAuthorization: Bearer {token}"), "")?.contains("401 Unauthorized") {
        return Err(Failed::because("the calls ended the administrator's own session: what came after proves nothing"));
    }
    eprintln!("schemathesis, without a token:");
    service.try_out(&programs, None)
}

/// The service, in a folder of its own that is thrown away at the next start.
struct Service {
    process: Child,
    folder: PathBuf,
    address: String,
    password: String,
}

impl Service {
    fn start(folder: &Path) -> Outcome<Self> {
        let unusable = |error: std::io::Error| Failed::because(format_args!("{}: {error}", folder.display()));
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(unusable)?;
        }
        fs::create_dir_all(folder).map_err(unusable)?;
        let log = fs::File::create(folder.join("log")).map_err(unusable)?;
        // It is built beside this program.
        let program = std::env::current_exe().map_err(unusable)?.with_file_name("rolecall");
        let mut command = command(&program.to_string_lossy());
        command.current_dir(folder).args(["dev", "--json", "--listen", "127.0.0.1:0"]);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROLECALL_")) {
            command.env_remove(name);
        }
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().map_err(unusable)?;
        let mut told = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut told).map_err(unusable)?;
        }
        let member = |name| member(&told, name).map(str::to_owned);
        match (member("address"), member("password")) {
            (Some(address), Some(password)) => {
                let address = address.trim_start_matches("http://").to_owned();
                Ok(Service { process, folder: folder.to_owned(), address, password })
            }
            _ => {
                let _ = process.kill();
                Err(Failed::because(format_args!("the service did not start: {}", folder.join("log").display())))
            }
        }
    }

    fn log_in(&self) -> Outcome<String> {
        let form = format!("grant_type=password&username=admin&password={}", self.password);
        let answer = self.ask("POST /token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded", &form)?;
        let token = member(&answer, "access_token").map(str::to_owned);
        token.ok_or_else(|| Failed::because(format_args!("the administrator cannot log in: {answer}")))
    }

    /// One call, and all that comes back.
    fn ask(&self, head: &str, body: &str) -> Outcome<String> {
        let ask = || {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(60)))?;
            let (host, length) = (&self.address, body.len());
            write!(stream, "{head}\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_| answer)
        };
        ask().map_err(|error: std::io::Error| Failed::because(format_args!("the service does not answer: {error}")))
    }

    fn try_out(&self, programs: &Programs, token: Option<&str>) -> Outcome {
        let mut command = command(&programs.path("schemathesis"));
        // Where it leaves what it remembers.
        command.current_dir(&self.folder).arg("run").arg(format!("http://{}/openapi.json", self.address));
        if let Some(token) = token {
            command.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        run(command.args(CHECKS).args(CALLS)).inspect_err(|_| {
            eprintln!("the log of the service is {}", self.folder.join("log").display());
        })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A text in a JSON document that has no escapes.
fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_by_its_whole_name() {
        let json = r#"{"re_password":"no","administrator":{"password":"yes","username":"admin"}}"#;
        assert_eq!((member(json, "password"), member(json, "word")), (Some("yes"), None));
    }
}
