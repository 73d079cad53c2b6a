//! Asks for what is never an argument: a password, at the terminal and unseen, or on the first line of standard input.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write, stderr, stdin};

use zeroize::Zeroizing;

use crate::Error;

/// Whether somebody sits there who can be asked.
pub(super) fn is_somebody_there() -> bool {
    stdin().is_terminal()
}

/// A line that may be seen.
#[expect(clippy::print_stderr, reason = "a question to whoever typed the command")]
pub(super) fn line(question: &str) -> Result<String, Error> {
    eprint!("{question}: ");
    stderr().flush().map_err(unreadable)?;
    let mut line = String::new();
    match stdin().lock().read_line(&mut line).map_err(unreadable)? {
        0 => Err(unreadable(ErrorKind::UnexpectedEof.into())),
        _ => Ok(line.trim().to_owned()),
    }
}

/// A new password. At a terminal it is typed twice.
pub(super) fn password(question: &str) -> Result<Zeroizing<String>, Error> {
    if !is_somebody_there() {
        let mut line = Zeroizing::new(String::new());
        stdin().read_line(&mut line).map_err(unreadable)?;
        let length = line.trim_end_matches(['\r', '\n']).len();
        line.truncate(length);
        return Ok(line);
    }
    let prompt = |text: &str| rpassword::prompt_password(text).map(Zeroizing::new).map_err(unreadable);
    until_good(|| {
        let password = prompt(&format!("{question} (15 characters or more): "))?;
        match prompt("The same again: ")? == password {
            true => Ok(password),
            false => Err(Error::Invalid("the two are not the same".into())),
        }
    })
}

/// At a terminal, whoever answers what is not good enough is told why, and asked again.
#[expect(clippy::print_stderr, reason = "words to whoever typed the command")]
pub(super) fn until_good<T>(ask: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    loop {
        match ask() {
            Err(Error::Invalid(why)) if is_somebody_there() => eprintln!("{why}"),
            done => return done,
        }
    }
}

fn unreadable(error: io::Error) -> Error {
    Error::Start(format!("the answer cannot be read: {error}"))
}
