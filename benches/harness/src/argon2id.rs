//! Argon2id alone, with the service's parameters and a block of memory that is used again: what a log-in cannot do
//! without.

use std::time::{Duration, Instant};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};

use crate::{machine, service};

/// 19 MiB, 2 passes, one lane: what the service hashes with (its `passwords.rs`).
fn params() -> anyhow::Result<Params> {
    Params::new(19 * 1024, 2, 1, Some(32)).map_err(|error| anyhow::anyhow!("{error}"))
}

const SALT: [u8; 16] = *b"sixteen bytes of";

/// The PHC string of a password.
///
/// # Errors
/// When it cannot be computed.
pub fn hash(password: &str) -> anyhow::Result<String> {
    let mut bare = Bare::new()?;
    bare.compute(password)?;
    let hash = PasswordHash {
        algorithm: argon2::ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params()?)?,
        salt: Some(Salt::new(&SALT)?),
        hash: Some(Output::new(&bare.output)?),
    };
    Ok(hash.to_string())
}

/// Somebody who hashes and does nothing else.
pub struct Bare {
    hasher: Argon2<'static>,
    memory: Vec<Block>,
    output: [u8; 32],
}

impl Bare {
    /// With memory of his own.
    ///
    /// # Errors
    /// When the parameters are none.
    pub fn new() -> anyhow::Result<Bare> {
        let params = params()?;
        let memory = vec![Block::default(); params.block_count()];
        Ok(Bare { hasher: Argon2::new(Algorithm::Argon2id, Version::V0x13, params), memory, output: [0; 32] })
    }

    /// Hashes for so long; answers how many in a second, and how long this thread's core was busy with each, in
    /// milliseconds.
    ///
    /// # Errors
    /// When it cannot be computed.
    pub fn run(&mut self, time: Duration) -> anyhow::Result<(f64, f64)> {
        let (mut hashes, start, cpu) = (0.0, Instant::now(), machine::thread_cpu());
        while start.elapsed() < time {
            self.compute(service::PASSWORD)?;
            hashes += 1.0;
        }
        let used = machine::thread_cpu() - cpu;
        Ok((hashes / start.elapsed().as_secs_f64(), used.as_secs_f64() * 1e3 / hashes))
    }

    fn compute(&mut self, password: &str) -> anyhow::Result<()> {
        let Bare { hasher, memory, output } = self;
        let computed = hasher.hash_password_into_with_memory(password.as_bytes(), &SALT, output, memory);
        computed.map_err(|error| anyhow::anyhow!("{error}"))
    }
}
