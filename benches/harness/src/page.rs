//! The page that the numbers go into. Its prose is written by hand; what lies between `<!-- bench NAME -->` and
//! `<!-- end -->` is written by a run.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::parts::{PARTS, Part};

const MACHINE: &str = "machine";
const END: &str = "<!-- end -->";

/// The page, with a place for each part.
pub struct Page {
    path: PathBuf,
    text: String,
}

impl Page {
    /// Reads it, before anything is measured for nothing. A run of all parts says which machine that was; a run of one
    /// must be on the same, or numbers of two machines would stand side by side.
    ///
    /// # Errors
    /// When it is not there, lacks a place, or has another machine's numbers.
    pub fn read(path: &Path, machine: &str, parts: &[&Part]) -> anyhow::Result<Page> {
        let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let mut page = Page { path: path.to_owned(), text };
        for name in PARTS.iter().map(|part| part.name).chain([MACHINE]) {
            page.place(name)?;
        }
        if parts.len() == PARTS.len() {
            page.put(MACHINE, &format!("{machine}\n"))?;
        }
        let (from, to) = page.place(MACHINE)?;
        let known = page.text[from..to].trim() == machine;
        anyhow::ensure!(
            known,
            "the page has the numbers of another machine or commit: run `cargo xtask bench all --write`"
        );
        Ok(page)
    }

    /// Writes what a part tells into its place.
    ///
    /// # Errors
    /// When the page cannot be written.
    pub fn put(&mut self, name: &str, text: &str) -> anyhow::Result<()> {
        let (from, to) = self.place(name)?;
        self.text.replace_range(from..to, &format!("\n\n{}\n\n", text.trim()));
        fs::write(&self.path, &self.text).with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// From behind the first mark to before the second.
    fn place(&self, name: &str) -> anyhow::Result<(usize, usize)> {
        let mark = format!("<!-- bench {name} -->");
        let from = self.text.find(&mark).map(|at| at + mark.len());
        let found = from.and_then(|from| Some((from, from + self.text[from..].find(END)?)));
        found.with_context(|| format!("{} has no `{mark}` followed by `{END}`", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(folder: &Path, machine: &str) -> PathBuf {
        let places = PARTS.iter().map(|part| format!("# {0}\n<!-- bench {0} -->\nold\n{END}\n", part.name));
        let text = format!("<!-- bench machine -->\n{machine}\n{END}\n{}", places.collect::<String>());
        let path = folder.join("performance.md");
        fs::write(&path, text).expect("a page");
        path
    }

    #[test]
    fn a_part_is_written_into_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = page(folder.path(), "this machine");
        let mut read = Page::read(&path, "this machine", &[&PARTS[0]]).expect("read");
        read.put(PARTS[1].name, "new\n").expect("written");
        let text = fs::read_to_string(&path).expect("the page");
        assert!(text.contains(&format!("<!-- bench {} -->\nold\n{END}", PARTS[0].name)), "{text}");
        assert!(text.contains(&format!("<!-- bench {} -->\n\nnew\n\n{END}", PARTS[1].name)), "{text}");
    }

    #[test]
    fn one_part_alone_does_not_go_beside_the_numbers_of_another_machine() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = page(folder.path(), "another machine");
        assert!(Page::read(&path, "this machine", &[&PARTS[0]]).is_err());
        let all: Vec<&Part> = PARTS.iter().collect();
        assert!(Page::read(&path, "this machine", &all).is_ok());
    }
}
