//! Chromium and its driver, for the tests of the documents page.

use crate::{
    install::{Installer, install, is_in_path},
    run::{Failed, Outcome},
};

const INSTALLERS: &[Installer] = &[
    Installer {
        program: "apt-get",
        refresh: Some("update"),
        install: "install -y --no-install-recommends chromium chromium-driver",
        by_root: true,
    },
    Installer {
        program: "apk",
        refresh: None,
        install: "add --no-cache chromium chromium-chromedriver",
        by_root: true,
    },
    Installer { program: "dnf", refresh: None, install: "install -y chromium chromedriver", by_root: true },
    Installer { program: "brew", refresh: None, install: "install --cask chromium chromedriver", by_root: false },
];

/// Sees to it that `chromedriver` can be started, after installing it where that can be done unasked: as root.
pub(crate) fn find_or_install() -> Outcome {
    if is_in_path("chromedriver") {
        return Ok(());
    }
    install("Chromium with its driver", ", so that `chromedriver` is in PATH", INSTALLERS)?;
    match is_in_path("chromedriver") {
        true => Ok(()),
        false => Err(Failed::because("the packages are installed, but `chromedriver` is not in PATH")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_installer_installs_a_driver() {
        for installer in INSTALLERS {
            let commands = installer.commands();
            assert!(commands.contains(installer.program) && commands.contains("driver"), "{commands}");
        }
    }
}
