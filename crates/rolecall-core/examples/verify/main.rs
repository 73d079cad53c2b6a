//! Whether signatures hold, for test vectors of others: a line in, `{"jwk": {...}, "jws": "..."}`, a word out, `valid` or
//! `invalid`.
//!
//! ```text
//! cargo run -q -p rolecall-core --example verify < vectors.jsonl
//! ```
//!
//! Only header and signature are looked at, by what guards use. What that means for keys is said in
//! `docs/conformance.md`.

mod verdict;

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in verdict::lines(io::stdin().lock()) {
        writeln!(output, "{}", verdict::of(&line?))?;
    }
    Ok(())
}
