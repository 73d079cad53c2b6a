//! `rolecall completions`: a script for the shell that somebody types in.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::print;
use crate::Error;

/// Every command and flag, for the tab key.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rolecall completions bash > ~/.local/share/bash-completion/completions/rolecall
  rolecall completions zsh > ~/.zfunc/_rolecall            a folder of `fpath`
  rolecall completions fish > ~/.config/fish/completions/rolecall.fish")]
pub(super) struct Arguments {
    /// Which one
    shell: Shell,
}

pub(super) fn run(asked: &Arguments) -> Result<(), Error> {
    let mut script = vec![];
    generate(asked.shell, &mut super::Arguments::command(), "rolecall", &mut script);
    print(&String::from_utf8_lossy(&script))
}
