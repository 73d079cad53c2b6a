//! The applications that are flooded with log-ins: Rolecall, and what one would write by hand in Rust and in Python.

use std::{path::PathBuf, process::Command};

use crate::{
    client::Client,
    program::{self, Program},
    service::{self, Service},
};

/// The Python that `cargo xtask bench` installed FastAPI for.
const PYTHON: &str = "BENCH_PYTHON";
/// From the root of the repository.
const TUTORIAL: &str = "benches/fastapi_tutorial";
/// So many accounts log in, where there are as many.
pub const PEOPLE: u32 = 1000;

/// An application.
pub struct Application {
    /// What the page calls it.
    pub name: &'static str,
    /// What is called meanwhile: guarded, and answered out of memory.
    pub path: &'static str,
    /// Who logs in.
    pub people: Vec<String>,
    /// What it is asked in ordinary use besides: paths, by many at once.
    pub look_ups: Vec<String>,
    /// And what is changed, one after the other: methods and paths.
    pub changes: Vec<(&'static str, String)>,
    start: Box<dyn Fn() -> anyhow::Result<Running>>,
}

/// One that runs.
pub struct Running {
    /// Its process.
    pub program: Program,
    /// The token of somebody who may call its path.
    pub token: String,
}

impl Application {
    /// Starts it anew.
    ///
    /// # Errors
    /// When it does not start, or its administrator cannot log in.
    pub fn start(&self) -> anyhow::Result<Running> {
        (self.start)()
    }

    /// Those that are compared, in the order of their turns.
    ///
    /// # Errors
    /// When one of them was not built.
    pub fn all() -> anyhow::Result<[Application; 3]> {
        Ok([rolecall()?, axum_jwt()?, fastapi()?])
    }
}

/// The service, which somebody logged in to before it was started for the last time: so it has hashed nothing yet.
fn rolecall() -> anyhow::Result<Application> {
    let service = Service::make()?;
    service.seed(PEOPLE)?;
    let before = service.start()?;
    let token = service.administrator()?.token().to_owned();
    drop(before);
    Ok(Application {
        name: "Rolecall",
        path: "/admin/roles",
        people: (0..PEOPLE).map(service::person).collect(),
        look_ups: (0..PEOPLE).map(|n| format!("/admin/users?username={}", service::person(n))).collect(),
        changes: (0..PEOPLE / 10).flat_map(there_and_back).collect(),
        start: Box::new(move || Ok(Running { program: service.start()?, token: token.clone() })),
    })
}

fn there_and_back(n: u32) -> [(&'static str, String); 2] {
    let role = format!("/admin/users/{}/roles/rolecall.auditor", service::id(n));
    [("PUT", role.clone()), ("DELETE", role)]
}

fn axum_jwt() -> anyhow::Result<Application> {
    let path = program::beside("axum_jwt")?;
    Ok(Application {
        name: "axum, `jsonwebtoken`, Argon2id",
        path: "/users/",
        people: (0..PEOPLE).map(|n| format!("person-{n}")).collect(),
        look_ups: vec![],
        changes: vec![],
        start: Box::new(move || logged_in(Program::start(&mut Command::new(&path), "http://")?)),
    })
}

fn fastapi() -> anyhow::Result<Application> {
    let python = program::named(PYTHON)?;
    Ok(Application {
        name: "the FastAPI tutorial, bcrypt",
        path: "/users/",
        people: vec!["person-0".to_owned()],
        look_ups: vec![],
        changes: vec![],
        start: Box::new(move || logged_in(uvicorn(&python)?)),
    })
}

fn uvicorn(python: &PathBuf) -> anyhow::Result<Program> {
    let address = program::free_address()?;
    let mut command = Command::new(python);
    command.args(["-m", "uvicorn", "main:app", "--no-access-log", "--port", &address.port().to_string()]);
    // It leaves nothing among the sources.
    command.current_dir(TUTORIAL).env("PYTHONDONTWRITEBYTECODE", "1");
    Program::start_at(&mut command, address)
}

fn logged_in(program: Program) -> anyhow::Result<Running> {
    let mut client = Client::connect(program.address)?;
    client.log_in("person-0", service::PASSWORD)?;
    let token = client.token().to_owned();
    Ok(Running { program, token })
}
