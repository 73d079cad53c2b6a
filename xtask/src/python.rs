//! Programs from the Python Package Index, in a folder of their own under target/.

use std::{fs, path::PathBuf};

use crate::{
    install::{Installer, install},
    run::{Failed, Outcome, command, output, root, run},
};

const INSTALLERS: &[Installer] = &[
    Installer {
        program: "apt-get",
        refresh: Some("update"),
        install: "install -y --no-install-recommends python3 python3-venv",
        by_root: true,
    },
    Installer { program: "apk", refresh: None, install: "add --no-cache python3", by_root: true },
    Installer { program: "dnf", refresh: None, install: "install -y python3", by_root: true },
    Installer { program: "brew", refresh: None, install: "install python3", by_root: false },
];

/// Where such programs are.
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// What a file of requirements names, with the release of each; installed into target/`place`, once.
    pub(crate) fn find_or_install(place: &str, requirements: &str) -> Outcome<Self> {
        let wanted = fs::read_to_string(root().join(requirements))
            .map_err(|error| Failed::because(format_args!("{requirements} cannot be read: {error}")))?;
        let programs = Programs { folder: root().join("target").join(place) };
        // Written last, so it is there only when all of them are.
        let installed = programs.folder.join("installed");
        if fs::read_to_string(&installed).is_ok_and(|there| there == wanted) {
            return Ok(programs);
        }
        let has_python = || output(command("python3").args(["-c", "import venv, ensurepip"])).is_some();
        if !has_python() {
            install("Python with `venv`", ", version 3.10 or later, as `python3`", INSTALLERS)?;
        }
        eprintln!("installing into target/{place}, once: pip install --requirement {requirements}");
        let folder = programs.folder.to_string_lossy();
        run(command("python3").args(["-m", "venv", "--clear", &folder]))?;
        run(command(&programs.path("pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(requirements))?;
        fs::write(&installed, wanted).map_err(|error| Failed::because(format_args!("{folder}: {error}")))?;
        Ok(programs)
    }

    /// One of them.
    pub(crate) fn path(&self, name: &str) -> String {
        let bin = if cfg!(windows) { "Scripts" } else { "bin" };
        self.folder.join(bin).join(name).to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bench, clients, schemathesis};

    #[test]
    fn every_program_has_one_release() -> std::io::Result<()> {
        let (checks, application, strict) = (schemathesis::REQUIREMENTS, bench::REQUIREMENTS, clients::REQUIREMENTS);
        for (file, program) in [
            (checks, "openapi-spec-validator"),
            (checks, "schemathesis"),
            (application, "fastapi"),
            (strict, "Authlib"),
            (strict, "PyJWT"),
            (strict, "python-jose"),
        ] {
            let text = fs::read_to_string(root().join(file))?;
            let mut lines = text.lines().filter(|line| !line.starts_with('#'));
            assert!(lines.all(|line| line.split("==").count() == 2), "{text}");
            assert!(text.contains(&format!("\n{program}==")), "{text}");
        }
        Ok(())
    }
}
