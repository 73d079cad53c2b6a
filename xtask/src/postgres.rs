//! Where PostgreSQL's server is on this machine; and if it is nowhere, how it gets here.
//!
//! The tests start servers of their own, so nothing here starts, stops or configures one.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    install::{Installer, install, is_in_path, is_program, path},
    run::{Failed, Outcome, command, output},
};

/// Names the folder that has `initdb` and `postgres`: read here, and set for the tests.
pub(crate) const VARIABLE: &str = "ROLECALL_TEST_POSTGRES_BIN";

/// Where packages put what is not in `PATH`: a folder, how the names in it begin, and what is below.
const PLACES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),                      // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                               // PostgreSQL's own RPMs
    ("/usr/libexec", "postgresql", ""),                      // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"),              // Homebrew
    ("/usr/local/opt", "postgresql", "bin"),                 // Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"), // Homebrew on Linux
];

const INSTALLERS: &[Installer] = &[
    Installer {
        program: "apt-get",
        refresh: Some("update"),
        install: "install -y --no-install-recommends postgresql",
        by_root: true,
    },
    Installer { program: "apk", refresh: None, install: "add --no-cache postgresql", by_root: true },
    Installer { program: "dnf", refresh: None, install: "install -y postgresql-server", by_root: true },
    Installer { program: "brew", refresh: None, install: "install postgresql@17", by_root: false },
];

/// The folder with `initdb` and `postgres`, after installing them where that can be done unasked: as root.
pub(crate) fn find_or_install() -> Outcome<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE) {
        let folder = PathBuf::from(named);
        let complaint =
            || Failed::because(format_args!("no `initdb` and `postgres` in {VARIABLE}={}", folder.display()));
        return if has_server(&folder) { Ok(folder) } else { Err(complaint()) };
    }
    if let Some(folder) = find() {
        return Ok(folder);
    }
    let _no_cluster = is_in_path("apt-get").then(NoMainCluster::ask);
    let instead = format!(", or name the folder of `initdb` and `postgres` in {VARIABLE}");
    install("PostgreSQL's server", &instead, INSTALLERS)?;
    find().ok_or_else(|| Failed::because("the package is installed, but its `initdb` and `postgres` were not found"))
}

/// While this lives, Debian's package brings the programs only. Otherwise it would make a database cluster and start
/// a server, which nobody asked for. Where the request cannot be made, it does so: that is wasteful, not wrong.
struct NoMainCluster;

impl NoMainCluster {
    const FOLDER: &str = "/etc/postgresql-common/createcluster.d";
    const FILE: &str = "/etc/postgresql-common/createcluster.d/rolecall-tests.conf";

    fn ask() -> Self {
        let _ = fs::create_dir_all(Self::FOLDER).and_then(|()| fs::write(Self::FILE, "create_main_cluster = false\n"));
        Self
    }
}

impl Drop for NoMainCluster {
    fn drop(&mut self) {
        let _ = fs::remove_file(Self::FILE);
        let _ = fs::remove_dir(Self::FOLDER);
    }
}

fn find() -> Option<PathBuf> {
    let places = PLACES.iter().flat_map(|(parent, start, below)| versions(Path::new(parent), start, below));
    let asked = || Some(PathBuf::from(output(command("pg_config").arg("--bindir"))?.trim_end()));
    path().chain(places).find(|folder| has_server(folder)).or_else(|| asked().filter(|folder| has_server(folder)))
}

/// The folders `parent/start*/below`, the newest version first.
fn versions(parent: &Path, start: &str, below: &str) -> Vec<PathBuf> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().ok().filter(|name| name.starts_with(start));
    let mut names: Vec<String> = fs::read_dir(parent).into_iter().flatten().flatten().filter_map(name).collect();
    names.sort_by_key(|name| std::cmp::Reverse(version(name)));
    names.iter().map(|name| parent.join(name).join(below)).collect()
}

/// `17` of `postgresql@17`; 0 where there is none.
fn version(name: &str) -> u32 {
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn has_server(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| is_program(folder, program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_first_number_in_a_name() {
        let read = ["15", "postgresql@17", "pgsql-16", "9.6", "postgresql", ""].map(version);
        assert_eq!(read, [15, 17, 16, 9, 0, 0]);
    }

    #[test]
    fn the_newest_version_comes_first_and_a_server_needs_both_programs() -> std::io::Result<()> {
        let root = env::temp_dir().join(format!("rolecall-xtask-{}", std::process::id()));
        for (version, programs) in
            [("9", &["initdb", "postgres"][..]), ("15", &["initdb", "postgres"]), ("16", &["initdb"])]
        {
            let bin = root.join(version).join("bin");
            fs::create_dir_all(&bin)?;
            for program in programs {
                fs::write(bin.join(program).with_extension(env::consts::EXE_EXTENSION), "")?;
            }
        }

        let found = versions(&root, "", "bin");
        let usable: Vec<&PathBuf> = found.iter().filter(|folder| has_server(folder)).collect();

        assert_eq!(found, [root.join("16/bin"), root.join("15/bin"), root.join("9/bin")]);
        assert_eq!(usable, [&root.join("15/bin"), &root.join("9/bin")]);
        fs::remove_dir_all(root)
    }

    #[test]
    fn a_place_that_does_not_exist_has_no_versions() {
        assert!(versions(Path::new("/nowhere/at/all"), "", "bin").is_empty());
    }

    #[test]
    fn every_installer_installs_a_server() {
        for installer in INSTALLERS {
            let commands = installer.commands();
            assert!(commands.contains("install") || commands.contains(" add "), "{commands}");
            assert!(commands.contains(installer.program) && commands.contains("postgresql"), "{commands}");
        }
    }
}
