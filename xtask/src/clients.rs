//! Strict clients of others against the service that runs: what they discover, ask for and check is what they are made
//! for, not what we made them for.

use std::{fs, process::Command};

use crate::{
    node,
    python::Programs,
    run::{Failed, Outcome, cargo, command, root, run},
    service::{Service, member},
};

/// The releases of all that is installed for Python.
pub(crate) const REQUIREMENTS: &str = "xtask/clients/requirements.txt";
const FOLDER: &str = "xtask/clients";
/// What signs, and what is published beside it, as for whom a rotation is under way.
const ALGORITHMS: [[&str; 2]; 3] = [["ES256", "RS256"], ["RS256", "ES256"], ["EdDSA", "ES256"]];

/// Tries all of them in turn, with a service for each algorithm.
pub(crate) fn check() -> Outcome {
    let programs = Programs::find_or_install("strict-clients-python", REQUIREMENTS)?;
    let packages = node::find_or_install("strict-clients-node", FOLDER)?;
    // It looks for packages beside itself.
    let script = packages.join("clients.mjs");
    fs::copy(root().join(FOLDER).join("clients.mjs"), &script)
        .map_err(|error| Failed::because(format_args!("{}: {error}", script.display())))?;

    run(&mut cargo("build --quiet --locked --package rolecall-server"))?;
    let python = programs.path("python");
    let tries = [
        ("node", script.to_string_lossy().into_owned()),
        (&python, format!("{FOLDER}/clients.py")),
        (&python, format!("{FOLDER}/fastapi_jwks.py")),
    ];
    for [signs, waits] in ALGORITHMS {
        eprintln!("keys of {signs}, and one of {waits} that is published:");
        let service = Service::start(&root().join("target/strict-clients"))?;
        sign_with(&service, [signs, waits])?;
        for (program, script) in &tries {
            run(told(command(program).arg(script), &service, signs)).inspect_err(|_| {
                eprintln!("the log of the service is {}", service.folder.join("log").display());
            })?;
        }
    }
    Ok(())
}

/// Makes a key for each: the first one signs from now on, the other one in six minutes.
fn sign_with(service: &Service, [signs, waits]: [&str; 2]) -> Outcome {
    let token = service.log_in()?;
    let ask = |call: &str, body: &str, expected: &str| {
        let head = format!("{call} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json");
        let answer = service.ask(&head, body)?;
        match answer.starts_with(&format!("HTTP/1.1 {expected}")) {
            true => Ok(answer),
            false => Err(Failed::because(format_args!("{call}: {answer}"))),
        }
    };
    let made = |algorithm: &str| ask("POST /admin/keys", &format!(r#"{{"algorithm":"{algorithm}"}}"#), "201");
    let first = ask("GET /admin/keys", "", "200")?;
    let first = member(&first, "kid").ok_or_else(|| Failed::because(format_args!("no key: {first}")))?;
    made(signs)?;
    made(waits)?;
    // The next one signs at once then, and no token of the first counts, this one's neither.
    ask(&format!("DELETE /admin/keys/{first}"), "", "200").map(drop)
}

/// A client that knows where the service is, what signs there, and who may administer it.
fn told<'a>(client: &'a mut Command, service: &Service, algorithm: &str) -> &'a mut Command {
    client
        .env("ISSUER", format!("http://{}", service.address))
        .env("ALGORITHM", algorithm)
        .env("USERNAME", "admin")
        .env("PASSWORD", &service.password)
        .env("PYTHONDONTWRITEBYTECODE", "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_tried_with_the_releases_that_it_names() -> std::io::Result<()> {
        let tried = fs::read_to_string(root().join(REQUIREMENTS))?;
        let named = fs::read_to_string(root().join("examples/fastapi-jwks/requirements.txt"))?;
        for line in named.lines() {
            // `pip freeze` does not name the extras that were asked for.
            let release = line.replace("[crypto]", "");
            assert!(tried.lines().any(|tried| tried == release), "{release} is not what is tried");
        }
        Ok(())
    }
}
