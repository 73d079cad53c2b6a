//! The OpenAPI document against the service that runs: schemathesis makes calls out of the document, by the hundred,
//! and no answer may be one that the document does not describe.

use crate::{
    python::Programs,
    run::{Failed, Outcome, cargo, command, root, run},
    service::Service,
};

/// The document that is checked in.
pub(crate) const DOCUMENT: &str = "docs/openapi.json";
/// The releases of all that is installed.
pub(crate) const REQUIREMENTS: &str = "xtask/schemathesis.txt";
/// Everything that it knows to look at but two: a schema cannot say which passwords are too easily guessed, so what fits
/// it may be refused; and a proxy asks `/forward-auth` by any method, of which the document names one. Undescribed
/// statuses, bodies and headers are found by the others.
const CHECKS: [&str; 4] = ["--checks", "all", "--exclude-checks", "positive_data_acceptance,unsupported_method"];
/// What may end the session of whoever calls it, so these come by themselves, and last.
const LOGS_OUT: &str = "^end_(my_)?sessions?$";
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
    try_out(&service, &programs, Some(&token), &["--exclude-operation-id-regex", LOGS_OUT])?;
    if service.ask(&format!("GET /me HTTP/1.1\r\nAuthorization: Bearer {token}"), "")?.contains("401 Unauthorized") {
        return Err(Failed::because("the calls ended the administrator's own session: what came after proves nothing"));
    }
    eprintln!("schemathesis, as the administrator, who logs out:");
    try_out(&service, &programs, Some(&token), &["--include-operation-id-regex", LOGS_OUT])?;
    eprintln!("schemathesis, without a token:");
    try_out(&service, &programs, None, &[])
}

fn try_out(service: &Service, programs: &Programs, token: Option<&str>, which: &[&str]) -> Outcome {
    let mut command = command(&programs.path("schemathesis"));
    // Where it leaves what it remembers.
    command.current_dir(&service.folder).arg("run").arg(format!("http://{}/openapi.json", service.address));
    if let Some(token) = token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    run(command.args(CHECKS).args(CALLS).args(which)).inspect_err(|_| {
        eprintln!("the log of the service is {}", service.folder.join("log").display());
    })
}
