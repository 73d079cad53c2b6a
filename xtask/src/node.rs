//! Packages from the npm registry, in a folder of their own under target/.

use std::{fs, path::PathBuf};

use crate::{
    install::{Installer, install, is_in_path},
    run::{Failed, Outcome, command, root, run},
};

const INSTALLERS: &[Installer] = &[
    Installer {
        program: "apt-get",
        refresh: Some("update"),
        install: "install -y --no-install-recommends nodejs npm",
        by_root: true,
    },
    Installer { program: "apk", refresh: None, install: "add --no-cache nodejs npm", by_root: true },
    Installer { program: "dnf", refresh: None, install: "install -y nodejs npm", by_root: true },
    Installer { program: "brew", refresh: None, install: "install node", by_root: false },
];

/// What a folder's `package-lock.json` names, installed into target/`place` when that is not there yet. Answers where.
///
/// No package's own script runs while it is installed.
pub(crate) fn find_or_install(place: &str, from: &str) -> Outcome<PathBuf> {
    const LOCK: &str = "package-lock.json";

    let unusable = |error: std::io::Error| Failed::because(format_args!("target/{place}: {error}"));
    let (wanted, folder) = (root().join(from), root().join("target").join(place));
    // Written last, so it is there only when all of them are.
    let installed = folder.join("installed");
    let lock = fs::read(wanted.join(LOCK)).map_err(unusable)?;
    if fs::read(&installed).is_ok_and(|there| there == lock) {
        return Ok(folder);
    }
    if !(is_in_path("node") && is_in_path("npm")) {
        install("Node.js with npm", ", version 18 or later", INSTALLERS)?;
    }
    eprintln!("installing into target/{place}, once: npm ci, by {from}/{LOCK}");
    fs::create_dir_all(&folder).map_err(unusable)?;
    for name in ["package.json", LOCK] {
        fs::copy(wanted.join(name), folder.join(name)).map_err(unusable)?;
    }
    run(command("npm").current_dir(&folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]))?;
    fs::write(&installed, lock).map_err(unusable)?;
    Ok(folder)
}
