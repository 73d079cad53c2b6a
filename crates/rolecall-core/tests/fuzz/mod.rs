//! Fuzz targets. Each file has what must hold for any bytes (`run`), and bytes to begin with (`seeds`).
//!
//! Here they run on a few hundred inputs made by chance, most of them from a seed. `cargo xtask fuzz` runs the same
//! functions under libFuzzer, which is why they know nothing of the rest of these tests.

mod json;
mod jwk;
mod names;
mod policy;
mod token;

use proptest::prelude::*;

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
    prop_oneof![4 => edited, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

macro_rules! targets {
    ($($target:ident),*) => {
        proptest! {
            #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

            $(
                #[test]
                fn $target(bytes in bytes($target::seeds())) {
                    $target::run(&bytes);
                }
            )*
        }

        #[test]
        fn each_seed_holds() {
            $(
                for seed in $target::seeds() {
                    $target::run(&seed);
                }
            )*
        }
    };
}

targets!(json, jwk, names, policy, token);
