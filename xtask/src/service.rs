//! A Rolecall to try things with: what was built beside this program, as `dev`, on a port of its own.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use crate::run::{Failed, Outcome, command};

/// The service, in a folder of its own that is thrown away at the next start.
pub(crate) struct Service {
    process: Child,
    /// Where it was started, and writes its log.
    pub(crate) folder: PathBuf,
    /// Host and port.
    pub(crate) address: String,
    /// Its administrator's, who is called `admin`.
    pub(crate) password: String,
}

impl Service {
    /// Starts it, in a folder that is emptied first.
    pub(crate) fn start(folder: &Path) -> Outcome<Self> {
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
        let process = command.stdout(Stdio::piped()).stderr(log).spawn().map_err(unusable)?;
        let mut service =
            Service { process, folder: folder.to_owned(), address: String::new(), password: String::new() };
        let mut told = String::new();
        if let Some(stdout) = service.process.stdout.take() {
            BufReader::new(stdout).read_line(&mut told).map_err(unusable)?;
        }
        let (Some(address), Some(password)) = (member(&told, "address"), member(&told, "password")) else {
            let log = folder.join("log");
            return Err(Failed::because(format_args!("the service did not start: {}", log.display())));
        };
        address.trim_start_matches("http://").clone_into(&mut service.address);
        password.clone_into(&mut service.password);
        Ok(service)
    }

    /// A token of the administrator.
    pub(crate) fn log_in(&self) -> Outcome<String> {
        let form = format!("grant_type=password&username=admin&password={}", self.password);
        let answer = self.ask("POST /token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded", &form)?;
        let token = member(&answer, "access_token").map(str::to_owned);
        token.ok_or_else(|| Failed::because(format_args!("the administrator cannot log in: {answer}")))
    }

    /// One call, and all that comes back.
    pub(crate) fn ask(&self, head: &str, body: &str) -> Outcome<String> {
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
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A text in a JSON document that has no escapes.
pub(crate) fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
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
