//! The flags that several commands share: each wins over the environment, which wins over `rolecall.toml`.

use std::path::PathBuf;

use crate::Flags;

#[derive(clap::Args)]
pub(super) struct Shared {
    /// Settings [env: ROLECALL_CONFIG] [default: rolecall.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// `sqlite://FILE`, or `postgres://...` [env: ROLECALL_DATABASE_URL, or ROLECALL_DATABASE_URL_FILE, which names a
    /// file with it] [default: sqlite://rolecall.db]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// What encrypts the signing keys [env: ROLECALL_KEY_FILE] [default: rolecall.key]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    key_file: Option<String>,
    /// Address and port [env: ROLECALL_LISTEN] [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The address that callers use, as `https://auth.example.org` [env: ROLECALL_ISSUER] [default: from `listen`, on
    /// this machine]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
}

impl From<Shared> for Flags {
    fn from(said: Shared) -> Flags {
        let Shared { config, database_url, key_file, listen, issuer } = said;
        Flags { config, database_url, key_file, listen, issuer }
    }
}
