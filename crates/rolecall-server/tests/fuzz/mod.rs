//! Fuzz targets. Each has what must hold for any bytes (`run`), and bytes to begin with (`seeds`), and asks a service in
//! this process as callers do.
//!
//! Here they run on some inputs made by chance, most of them from a seed. `cargo xtask fuzz` runs the same functions
//! under libFuzzer, which is why they know nothing of the rest of these tests.

mod calls;
mod service;
mod spellings;

use proptest::{prelude::*, test_runner::TestRunner};

use service::Service;

/// A seed with some bytes overwritten, left out or put in; or bytes from nowhere.
fn bytes(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0..3_u8, prop_oneof![any::<u8>(), b' '..=b'~']);
    let edited = (prop::sample::select(seeds), prop::collection::vec(edit, 0..4)).prop_map(|(mut bytes, edits)| {
        for (at, how, byte) in edits {
            let at = at.index(bytes.len() + 1);
            match how {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    });
    prop_oneof![4 => edited, 1 => any::<String>().prop_map(String::into_bytes), 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

fn try_out(seeds: Vec<Vec<u8>>, run: impl Fn(&Service, &[u8])) {
    let service = Service::start();
    for seed in &seeds {
        run(&service, seed);
    }
    let config = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
    let done = TestRunner::new(config).run(&bytes(seeds), |bytes| {
        run(&service, &bytes);
        Ok(())
    });
    done.unwrap_or_else(|failed| panic!("{failed}"));
}

#[test]
fn any_call_is_answered_in_a_documented_shape() {
    try_out(calls::seeds(), calls::run);
}

#[test]
fn a_name_has_one_spelling_and_is_found_by_each() {
    try_out(spellings::seeds(), spellings::run);
}
