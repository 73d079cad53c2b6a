//! nginx and Caddy, for the tests of `docs/proxies.md`. These start proxies of their own, so nothing here starts, stops
//! or configures one.

use std::{fs, path::Path};

use crate::{
    install::{Installer, install, is_in_path, is_program},
    run::{Failed, Outcome, command, output},
};

const INSTALLERS: &[Installer] = &[
    Installer {
        program: "apt-get",
        refresh: Some("update"),
        install: "install -y --no-install-recommends nginx caddy",
        by_root: true,
    },
    Installer { program: "apk", refresh: None, install: "add --no-cache nginx caddy", by_root: true },
    Installer { program: "dnf", refresh: None, install: "install -y nginx caddy", by_root: true },
    Installer { program: "brew", refresh: None, install: "install nginx caddy", by_root: false },
];

/// Sees to it that both can be started, after installing them where that can be done unasked: as root.
pub(crate) fn find_or_install() -> Outcome {
    if are_there() {
        return Ok(());
    }
    {
        let _no_services = is_in_path("apt-get").then(NoServices::ask);
        install("nginx or Caddy", ", both of them, so that `nginx` and `caddy` are in PATH", INSTALLERS)?;
    }
    match are_there() {
        true => Ok(()),
        false => Err(Failed::because("the packages are installed, but `nginx` or `caddy` was not found")),
    }
}

fn are_there() -> bool {
    // Debian's nginx is in a folder that only root has in PATH.
    let is_there = |program| is_in_path(program) || is_program(Path::new("/usr/sbin"), program);
    is_there("nginx") && is_there("caddy")
}

/// While this lives, Debian's packages bring the programs only. Otherwise they would start two servers on port 80, which
/// nobody asked for; and at its end these are not started by the machine either. A policy that is there already is its
/// owner's.
struct NoServices {
    was_written: bool,
}

impl NoServices {
    /// Asked by `invoke-rc.d` before it starts something; 101 means no.
    const FILE: &str = "/usr/sbin/policy-rc.d";

    fn ask() -> Self {
        let is_free = !Path::new(Self::FILE).exists();
        let was_written = is_free && fs::write(Self::FILE, "#!/bin/sh\nexit 101\n").is_ok();
        if was_written {
            let _ = output(command("chmod").args(["0755", Self::FILE]));
        }
        Self { was_written }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.was_written {
            let _ = fs::remove_file(Self::FILE);
        }
        // Where there is no systemd there is nothing to do.
        let _ = output(command("systemctl").args(["disable", "nginx", "caddy"]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_installer_installs_both() {
        for installer in INSTALLERS {
            let commands = installer.commands();
            for word in [installer.program, "nginx", "caddy"] {
                assert!(commands.contains(word), "{commands}");
            }
        }
    }
}
