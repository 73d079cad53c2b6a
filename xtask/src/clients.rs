//! Strict clients of others against the service that runs: what they discover, ask for and check is what they are made
//! for, not what we made them for.

use std::{fs, process::Command};

use crate::{
    node,
    python::Programs,
    run::{Failed, Outcome, cargo, command, root, run},
    service::Service,
};

/// The releases of all that is installed for Python.
pub(crate) const REQUIREMENTS: &str = "xtask/clients/requirements.txt";
const FOLDER: &str = "xtask/clients";

/// Tries all of them in turn, with one service.
pub(crate) fn check() -> Outcome {
    let programs = Programs::find_or_install("strict-clients-python", REQUIREMENTS)?;
    let packages = node::find_or_install("strict-clients-node", FOLDER)?;
    // It looks for packages beside itself.
    let script = packages.join("clients.mjs");
    fs::copy(root().join(FOLDER).join("clients.mjs"), &script)
        .map_err(|error| Failed::because(format_args!("{}: {error}", script.display())))?;

    run(&mut cargo("build --quiet --locked --package rolecall-server"))?;
    let service = Service::start(&root().join("target/strict-clients"))?;
    let python = programs.path("python");
    let tries = [
        ("node", script.to_string_lossy().into_owned()),
        (&python, format!("{FOLDER}/clients.py")),
        (&python, format!("{FOLDER}/fastapi_jwks.py")),
    ];
    tries.iter().try_for_each(|(program, script)| {
        run(told(command(program).arg(script), &service)).inspect_err(|_| {
            eprintln!("the log of the service is {}", service.folder.join("log").display());
        })
    })
}

/// A client that knows where the service is, and who may administer it.
fn told<'a>(client: &'a mut Command, service: &Service) -> &'a mut Command {
    client
        .env("ISSUER", format!("http://{}", service.address))
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
