//! Running commands from the root of the repository; their output goes straight to ours.

use std::{
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

/// What became of a task.
pub(crate) type Outcome<T = ()> = Result<T, Failed>;

/// A task that failed and has said why.
#[derive(Debug)]
pub(crate) struct Failed {
    /// What this process exits with.
    pub(crate) code: u8,
}

impl Failed {
    /// Says why, and fails.
    pub(crate) fn because(why: impl std::fmt::Display) -> Self {
        eprintln!("error: {why}");
        Self { code: 1 }
    }
}

/// The cargo that runs this task, with the arguments in `line`.
pub(crate) fn cargo(line: &str) -> Command {
    let mut command = command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(line.split_whitespace());
    command
}

/// A command that runs at the root of the repository.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed { code: code(status) }),
        Err(error) => Err(Failed::because(format_args!("cannot run {}: {error}", command.get_program().display()))),
    }
}

/// What a command prints when it succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where the repository is.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The command's own exit code; 1 for one that a signal ended.
fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(1)
}
