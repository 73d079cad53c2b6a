//! What the tests need from the machine's package manager: installed by root, said to anybody else.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::run::{Failed, Outcome, command, output, run};

/// How a package manager brings something.
pub(crate) struct Installer {
    pub(crate) program: &'static str,
    pub(crate) refresh: Option<&'static str>,
    pub(crate) install: &'static str,
    /// Whether root runs it. What belongs to a person's account is for that person to run.
    pub(crate) by_root: bool,
}

/// Installs `what` ("PostgreSQL's server"), if that can be done unasked, and says so first; otherwise says how.
/// `instead` is what to do where no package manager is known.
pub(crate) fn install(what: &str, instead: &str, installers: &[Installer]) -> Outcome {
    let Some(installer) = installers.iter().find(|installer| is_in_path(installer.program)) else {
        return Err(Failed::because(format_args!(
            "{what} is not installed, and no package manager known here is. Install it{instead}"
        )));
    };
    if !(installer.by_root && is_root()) {
        return Err(Failed::because(format_args!(
            "{what} is not installed, and the tests need it. Install it:\n    {}",
            installer.commands()
        )));
    }
    eprintln!("{what} is not installed, and the tests need it. Installing it: {}", installer.commands());
    installer.run()
}

impl Installer {
    /// What a person would type.
    pub(crate) fn commands(&self) -> String {
        let sudo = if self.by_root && !is_root() { "sudo " } else { "" };
        let line = |arguments| format!("{sudo}{} {arguments}", self.program);
        self.refresh.into_iter().chain([self.install]).map(line).collect::<Vec<_>>().join(" && ")
    }

    fn run(&self) -> Outcome {
        for arguments in self.refresh.into_iter().chain([self.install]) {
            run(command(self.program).args(arguments.split_whitespace()).env("DEBIAN_FRONTEND", "noninteractive"))?;
        }
        Ok(())
    }
}

pub(crate) fn is_in_path(program: &str) -> bool {
    path().any(|folder| is_program(&folder, program))
}

pub(crate) fn is_program(folder: &Path, program: &str) -> bool {
    folder.join(program).with_extension(env::consts::EXE_EXTENSION).is_file()
}

pub(crate) fn path() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn is_root() -> bool {
    output(command("id").arg("-u")).is_some_and(|id| id.trim_end() == "0")
}
