//! The fuzz targets of the tests under libFuzzer: one program, in which ROLECALL_FUZZ_TARGET names the target and
//! ROLECALL_FUZZ_CORPUS the folder that its seeds are put into. `cargo xtask fuzz` builds and runs it.
#![no_main]

#[path = "../../crates/rolecall-core/tests/fuzz/json.rs"]
mod json;
#[path = "../../crates/rolecall-core/tests/fuzz/jwk.rs"]
mod jwk;
#[path = "../../crates/rolecall-core/tests/fuzz/names.rs"]
mod names;
#[path = "../../crates/rolecall-core/tests/fuzz/policy.rs"]
mod policy;
#[path = "../../crates/rolecall-core/tests/fuzz/token.rs"]
mod token;

#[path = "../../crates/rolecall-server/tests/fuzz/calls.rs"]
mod calls;
#[path = "../../crates/rolecall-server/tests/fuzz/service.rs"]
mod service;
#[path = "../../crates/rolecall-server/tests/fuzz/spellings.rs"]
mod spellings;

use std::{env, fs, path::Path, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use service::Service;

type Target = Box<dyn Fn(&[u8]) + Send + Sync>;

static TARGET: OnceLock<Target> = OnceLock::new();

fuzz_target!(
    init: {
        let name = env::var("ROLECALL_FUZZ_TARGET").expect("ROLECALL_FUZZ_TARGET names the target");
        let (seeds, target) = named(&name);
        if let Ok(folder) = env::var("ROLECALL_FUZZ_CORPUS") {
            for (n, seed) in seeds.iter().enumerate() {
                fs::write(Path::new(&folder).join(format!("seed-{n}")), seed).expect("a seed is written");
            }
        }
        let _ = TARGET.set(target);
    },
    |bytes: &[u8]| {
        if let Some(target) = TARGET.get() {
            target(bytes);
        }
    }
);

fn named(name: &str) -> (Vec<Vec<u8>>, Target) {
    match name {
        "json" => (json::seeds(), Box::new(json::run)),
        "jwk" => (jwk::seeds(), Box::new(jwk::run)),
        "names" => (names::seeds(), Box::new(names::run)),
        "policy" => (policy::seeds(), Box::new(policy::run)),
        "token" => (token::seeds(), Box::new(token::run)),
        "calls" => (calls::seeds(), asking(calls::run)),
        "spellings" => (spellings::seeds(), asking(spellings::run)),
        _ => panic!("there is no target `{name}`"),
    }
}

/// A target that asks a service: one for the whole run.
fn asking(run: fn(&Service, &[u8])) -> Target {
    let service = Service::start();
    Box::new(move |bytes| run(&service, bytes))
}
