//! Where in a document a route's rule goes, and what is written there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document::{Document, METHODS, Operation, PathItem};
use crate::routing::Entry;

/// What a route for any method is described by, where its author describes none.
const USUAL: [&str; 5] = ["get", "put", "post", "delete", "patch"];

impl Document {
    /// Writes every rule where it belongs.
    pub(crate) fn write_rules(&mut self, entries: &[Entry]) {
        let (below, at): (Vec<_>, Vec<_>) =
            entries.iter().filter(|entry| entry.is_documented).partition(|entry| entry.path.ends_with("/*"));
        let mut written = BTreeSet::new();
        // Those for one method first: what they leave is for `ANY`.
        let (any, one): (Vec<_>, Vec<_>) = at.into_iter().partition(|entry| entry.method == "ANY");
        for entry in one {
            let (path, item) = self.item(&entry.path);
            if let Some(method) = verb(entry.method) {
                item.operations.entry(method).or_default().write(&entry.rule);
                written.insert((path, method));
            }
        }
        for entry in any {
            let (path, item) = self.item(&entry.path);
            if item.operations.is_empty() {
                item.operations.extend(USUAL.map(|method| (method, Operation::default())));
            }
            for (method, operation) in &mut item.operations {
                if written.insert((path.clone(), *method)) {
                    operation.write(&entry.rule);
                }
            }
        }
        self.write_below(&below, &written.into_iter().map(|(path, _)| path).collect());
        self.name_parameters();
        self.name_operations();
        self.components.add_ours(entries);
    }

    /// Rules for all that is below a prefix, for what the author describes there: the longest prefix counts.
    fn write_below(&mut self, entries: &[&Entry], routes: &BTreeSet<String>) {
        for (path, item) in self.paths.iter_mut().filter(|(path, _)| !routes.contains(*path)) {
            let path = shape(path);
            let covers =
                |prefix: &str| path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
            let entries = entries.iter().map(|entry| (shape(entry.path.trim_end_matches("/*")), &entry.rule));
            // What is below `/` is a fallback's, and that nothing else answers cannot be known.
            let longest = entries
                .filter(|(prefix, _)| !prefix.is_empty() && covers(prefix))
                .max_by_key(|(prefix, _)| prefix.len());
            let Some((_, rule)) = longest else { continue };
            for operation in item.operations.values_mut() {
                operation.write(rule);
            }
        }
    }

    /// The path in the author's spelling, or in ours, and what it answers.
    fn item(&mut self, route: &str) -> (String, &mut PathItem) {
        let wanted = shape(route);
        let path = self.paths.keys().find(|path| shape(path) == wanted).cloned().unwrap_or_else(|| template(route));
        let item = self.paths.entry(path.clone()).or_default();
        (path, item)
    }

    /// Describes the parameters that stand in a path and nowhere else (4.8.12: each one must be described).
    fn name_parameters(&mut self) {
        let components = &self.components;
        for (path, item) in &mut self.paths {
            let shared: Vec<String> = match item.rest.get("parameters") {
                Some(Value::Array(some)) => some.iter().filter_map(|one| components.in_path(one)).collect(),
                _ => vec![],
            };
            for operation in item.operations.values_mut().filter(|operation| operation.has_rule()) {
                for name in names(path) {
                    let own = operation.parameters.iter().filter_map(|one| components.in_path(one));
                    if !shared.iter().cloned().chain(own).any(|known| known == name) {
                        let parameter =
                            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
                        operation.parameters.push(parameter);
                    }
                }
            }
        }
    }

    /// Gives each operation a name that no other has (4.8.10). The first of a name keeps it.
    fn name_operations(&mut self) {
        let mut taken = BTreeSet::new();
        for operation in self.paths.values_mut().flat_map(|item| item.operations.values_mut()) {
            operation.id = operation.id.take().filter(|id| taken.insert(id.clone()));
        }
        for (path, item) in &mut self.paths {
            for (method, operation) in item.operations.iter_mut().filter(|(_, operation)| operation.id.is_none()) {
                let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
                let name = [*method].into_iter().chain(words).collect::<Vec<_>>().join("_");
                let more = (2..).map(|n| format!("{name}_{n}"));
                operation.id = [name.clone()].into_iter().chain(more).find(|name| taken.insert(name.clone()));
            }
        }
    }
}

/// A route's method as OpenAPI spells it.
fn verb(method: &str) -> Option<&'static str> {
    METHODS.into_iter().find(|known| known.eq_ignore_ascii_case(method))
}

/// A path without the names of its parameters: two of one shape are the same path (4.8.8).
fn shape(path: &str) -> String {
    let mut shape = String::with_capacity(path.len());
    for (n, part) in path.split(['{', '}']).enumerate() {
        shape.push_str(if n % 2 == 0 { part } else { "{}" });
    }
    shape
}

/// A route's path as OpenAPI writes it: there is no parameter that has slashes in it, so `{*rest}` is `{rest}`.
fn template(route: &str) -> String {
    route.replace("{*", "{")
}

/// The names of the parameters of a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split(['{', '}']).skip(1).step_by(2)
}
