//! Where the key file lies: under its name, or, until a rotation has come to its end, still beside it.
//!
//! A rotation writes the new file beside the old one, encrypts everything in the database anew in one transaction that
//! names the new file, and then gives that the name of the old one. Whatever cuts it off, the database says which of the
//! two is its own, and the next start does what is left.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    KeyFile,
    file::{is_credential, sync_folder},
};
use crate::Error;

/// The two names that the key file of a database can have.
pub struct Place {
    path: PathBuf,
    /// Of the one that is to follow.
    new: PathBuf,
}

/// The key file of a database, and by which of the two names it was found.
pub struct Found {
    file: KeyFile,
    place: Place,
    /// Whether it has still to be given its name.
    waits: bool,
}

impl Place {
    /// By the setting `key_file`. What a link leads to is replaced, and not the link.
    pub fn of(key_file: &Path) -> Place {
        let is_link = key_file.symlink_metadata().is_ok_and(|file| file.is_symlink());
        let linked = if is_link { key_file.canonicalize().ok() } else { None };
        let path = linked.unwrap_or_else(|| key_file.to_owned());
        Place { new: path.with_added_extension("new"), path }
    }

    /// The name that it has when nothing is under way.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a rotation that was cut off has left.
    pub fn left(&self) -> Option<&Path> {
        self.new.symlink_metadata().is_ok().then_some(self.new.as_path())
    }

    /// The file that the database names by its id. It names none before the first rotation.
    ///
    /// # Errors
    /// [`Error::Start`] when neither is it, or it cannot be read.
    pub fn find(self, named: Option<&str>) -> Result<Found, Error> {
        let Some(named) = named else {
            return Ok(Found { file: KeyFile::open(&self.path)?, place: self, waits: false });
        };
        match (KeyFile::open(&self.path), KeyFile::find(&self.new)) {
            (Ok(file), _) if file.id() == named => Ok(Found { file, place: self, waits: false }),
            (_, Ok(Some(file))) if file.id() == named => Ok(Found { file, place: self, waits: true }),
            // It may be the one.
            (Err(error), _) | (_, Err(error)) => Err(error),
            (Ok(_), Ok(beside)) => {
                let (name, new) = (self.path.display(), self.new.display());
                let beside = if beside.is_some() { "neither is" } else { "there is no" };
                Err(Error::Start(format!(
                    "the key file `{name}` is not the one that belongs to this database, which was rotated since, and \
                     {beside} `{new}`: copy the key file here from the machine on which `rolecall keys rotate-file` was \
                     run, or bring back the newest copy of it"
                )))
            }
        }
    }

    /// Makes the file that is to follow. It is on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Start`] when it cannot be made, or would not last.
    pub fn prepare(&self) -> Result<KeyFile, Error> {
        if is_credential(&self.path) {
            return Err(Error::Start(format!(
                "the key file `{}` is a credential of systemd's, which is only a copy: rotate the file that it is made \
                 from, named by `--key-file`, and make the credential anew",
                self.path.display()
            )));
        }
        if is_mounted(&self.path) {
            return Err(Error::Start(format!(
                "the key file `{}` is mounted by itself, so that no other file can take its name: mount its folder, or \
                 rotate it where it comes from; nothing was changed",
                self.path.display()
            )));
        }
        let new = KeyFile::write(&self.new).map_err(|error| {
            let hint = "nothing was changed; rotate it where its folder can be written, and has room";
            Error::Start(format!("{error}: {hint}"))
        })?;
        if let Err(error) = same_owner(&self.path, &self.new) {
            self.discard();
            return Err(Error::Start(format!(
                "the key file `{}` belongs to another user, to whom the new one cannot be given: {error}; run this as that \
                 user; nothing was changed",
                self.path.display()
            )));
        }
        if let Err(error) = sync_folder(&self.new) {
            self.discard();
            return Err(Error::Start(format!("the key file `{}` cannot be made: {error}", self.new.display())));
        }
        Ok(new)
    }

    /// Removes the one that was to follow, if it is still this one: another process may have made one of that name, which
    /// the database names by now.
    pub fn discard_own(&self, new: &KeyFile) {
        if KeyFile::open(&self.new).is_ok_and(|there| there.id() == new.id()) {
            self.discard();
        }
    }

    /// Gives the one that follows the name of the one before, which is gone.
    ///
    /// # Errors
    /// What the system says.
    pub fn adopt(&self) -> std::io::Result<()> {
        fs::rename(&self.new, &self.path)?;
        sync_folder(&self.path)
    }

    /// Removes the one that was to follow. Only where no database can name it.
    pub fn discard(&self) {
        // Asked first: a disk that is read-only says no even where there is nothing.
        if self.left().is_none() {
            return;
        }
        let (name, new) = (self.path.display(), self.new.display());
        match fs::remove_file(&self.new) {
            Ok(()) => {
                tracing::info!("the key file `{new}` is not needed and was removed: `{name}` is the one that counts")
            }
            Err(error) => tracing::warn!(
                %error,
                "the key file `{new}` is of a rotation that did not take place, and cannot be removed: remove it"
            ),
        }
    }
}

impl Found {
    /// The file.
    pub fn file(&self) -> &KeyFile {
        &self.file
    }

    /// Does what a rotation that was cut off has left to do. Where that is not possible now, it goes on as it is.
    ///
    /// Only when no transaction of another process can still be under way.
    pub fn settled(self) -> KeyFile {
        let (name, new) = (self.place.path.display(), self.place.new.display());
        match self.waits.then(|| self.place.adopt()) {
            None => self.place.discard(),
            Some(Ok(())) => tracing::info!("a rotation of the key file came to its end: `{new}` is `{name}` now"),
            Some(Err(error)) => tracing::warn!(
                %error,
                "the key file of this database is `{new}`, and cannot be renamed to `{name}`: rename it"
            ),
        }
        self.file
    }
}

/// Whether something is mounted at this very path, as containers do it with one file: then nothing can be renamed over it
/// (EBUSY). Told by what Linux says of its mounts; elsewhere this is not done.
fn is_mounted(path: &Path) -> bool {
    let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") else { return false };
    let Some(path) = path.canonicalize().ok().and_then(|path| path.into_os_string().into_string().ok()) else {
        return false;
    };
    // What would end the field is escaped in octal (proc_pid_mountinfo(5)).
    let escaped = path.replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011").replace('\n', "\\012");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&escaped))
}

/// Gives the new file to whom the old one belongs: whoever rotates it may be root.
fn same_owner(old: &Path, new: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        let (owner, made) = (fs::metadata(old)?, fs::metadata(new)?);
        let different = |old: u32, new: u32| (old != new).then_some(old);
        let (user, group) = (different(owner.uid(), made.uid()), different(owner.gid(), made.gid()));
        if user.is_some() || group.is_some() {
            chown(new, user, group)?;
        }
    }
    Ok(())
}
