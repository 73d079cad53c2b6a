//! Compares what the sources name with the rules, and says where and why they differ.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Rule,
    names::{Name, names},
};

/// A file of the repository.
pub(crate) struct Source {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// All sources that some rule is about.
    pub(crate) fn all(root: &Path, rules: &[Rule]) -> Vec<Self> {
        let mut files = Vec::new();
        for folder in ["crates", "examples"] {
            collect(&root.join(folder), &mut files);
        }
        files.sort();
        let path = |file: &PathBuf| file.strip_prefix(root).ok()?.to_str().map(|path| path.replace('\\', "/"));
        let read = |file: &PathBuf| {
            let path = path(file).filter(|path| rules.iter().any(|rule| rule.covers(path)))?;
            let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{path}: {error}"));
            Some(Self { path, text })
        };
        files.iter().filter_map(read).collect()
    }

    /// `["crate", "store", "users"]` for `crates/rolecall-server/src/store/users.rs`.
    fn module(&self) -> Vec<String> {
        let inside = self.path.split_once("/src/").map_or(self.path.as_str(), |(_, inside)| inside);
        let parts = inside.trim_end_matches(".rs").split('/').map(str::to_owned);
        let mut module: Vec<String> = ["crate".to_owned()].into_iter().chain(parts).collect();
        module.pop_if(|last| last == "mod");
        if module.len() == 2 {
            module.pop_if(|last| last == "lib" || last == "main");
        }
        module
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

impl Rule {
    /// Whether this rule is about the file.
    fn covers(&self, path: &str) -> bool {
        self.within.iter().any(|folder| {
            let mut parts = path.split('/');
            if !folder.split('/').all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part)) {
                return false;
            }
            let module = parts.next().unwrap_or_default().trim_end_matches(".rs");
            (self.only.is_empty() || self.only.contains(&module)) && !self.except.contains(&module)
        })
    }
}

/// What `source` names against the rules.
pub(crate) fn source_findings(source: &Source, rules: &[Rule]) -> Vec<String> {
    let names = names(&source.text, source.module());
    let mut findings = Vec::new();
    for rule in rules.iter().filter(|rule| rule.covers(&source.path)) {
        for name in &names {
            if let Some(never) = rule.never.iter().find(|never| is_against(name, never)) {
                findings.push(finding(&source.path, name.line, &name.path.join("::"), rule.who, never, rule.because));
            }
        }
    }
    findings.dedup();
    findings
}

/// Whether the name is one of those that `never` stands for, and the import that it came by was not one already.
fn is_against(name: &Name, never: &str) -> bool {
    matches(&name.path, never) && !name.imported.as_ref().is_some_and(|imported| matches(imported, never))
}

fn matches(path: &[String], never: &str) -> bool {
    let wanted: Vec<&str> = never.trim_start_matches("*::").split("::").collect();
    if never.starts_with("*::") && path.windows(wanted.len()).any(|part| part == wanted) {
        return true;
    }
    match path {
        // `use crate::*` brings `crate::store` too.
        [start @ .., last] if last == "*" && start.len() < wanted.len() => {
            wanted.iter().zip(start).all(|(a, b)| a == b)
        }
        _ => path.len() >= wanted.len() && wanted.iter().zip(path).all(|(a, b)| a == b),
    }
}

/// The dependencies in a `Cargo.toml`, those of tests and build scripts too, that must not be there.
pub(crate) fn manifest_findings(source: &Source, never: &[&str], because: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut in_dependencies = false;
    for (index, line) in source.text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let unquoted = |text: &str| text.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace()).to_owned();
        let mut named = Vec::new();
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_matches(['[', ']']);
            in_dependencies = table.ends_with("dependencies") || table.contains("dependencies.");
            named.extend(table.rsplit_once("dependencies.").map(|(_, name)| unquoted(name)));
        } else if in_dependencies {
            named.extend(line.split(['=', '.']).next().map(unquoted));
            let package = line.split_once("package").and_then(|(_, rest)| rest.split(['"', '\'']).nth(1));
            named.extend(package.map(unquoted));
        }
        for name in named.iter().filter(|name| never.contains(&name.as_str())) {
            findings.push(finding(&source.path, index + 1, name, "this crate", name, because));
        }
    }
    findings
}

fn finding(path: &str, line: usize, found: &str, who: &str, never: &str, because: &str) -> String {
    format!("{path}:{line}: `{found}`\n    {who} must not know `{never}`: {because}")
}
