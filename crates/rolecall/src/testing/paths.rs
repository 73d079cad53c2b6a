//! A call for each row of the matrix: paths with something in place of their parameters, and the methods of a row.

use std::collections::HashSet;

use http::Method;

use crate::Row;

/// The methods that routes are asked with.
pub(super) const METHODS: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];

/// The methods that a row answers: `GET` answers `HEAD` too, and `ANY` what the same path's other rows leave.
pub(super) fn methods(row: &Row, all: &[Row]) -> Vec<Method> {
    let others = all.iter().filter(|other| other.path == row.path);
    let named: HashSet<&str> = others.map(|other| other.method).collect();
    let is_named =
        |method: &Method| named.contains(method.as_str()) || (*method == Method::HEAD && named.contains("GET"));
    match row.method {
        "ANY" => METHODS.into_iter().filter(|method| !is_named(method)).collect(),
        "GET" if !named.contains("HEAD") => vec![Method::GET, Method::HEAD],
        name => METHODS.into_iter().filter(|method| method.as_str() == name).collect(),
    }
}

/// The methods of a path that have no rule.
pub(super) fn methods_without_a_rule(path: &str, all: &[Row]) -> Vec<Method> {
    let ruled: Vec<_> = all.iter().filter(|row| row.path == path).flat_map(|row| methods(row, all)).collect();
    // A preflight (Fetch, 4.8) has no token, so a layer outside may well answer it.
    METHODS.into_iter().filter(|method| *method != Method::OPTIONS && !ruled.contains(method)).collect()
}

/// Paths that a row should answer, the likeliest first.
pub(super) fn samples(path: &str, all: &[Row]) -> Vec<String> {
    // A parameter's value must not be what another route has at that place.
    let taken: HashSet<&str> = all.iter().flat_map(|row| row.path.split('/')).collect();
    let filled = fill(path, |name| {
        let free = [name.to_owned(), format!("{name}-1"), format!("some-{name}-of-the-probe")];
        free.into_iter().find(|value| !taken.contains(value.as_str())).unwrap_or_default()
    });
    match filled.strip_suffix("/*") {
        None => vec![filled],
        Some(base) => {
            ["below", "below/it", "below/it/somewhere", ""].iter().map(|rest| format!("{base}/{rest}")).collect()
        }
    }
}

/// The path with a value for each parameter: `{id}` gets one, `{*rest}` some segments, and `{{` is a brace.
fn fill(path: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix(brace) {
            // Doubled, it stands for itself.
            filled.push_str(if brace == "{" { "%7B" } else { "%7D" });
            rest = after;
            continue;
        }
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(&match name.strip_prefix('*') {
            Some(name) => format!("{}/and/more", value(name)),
            None => value(name),
        });
        rest = after;
    }
    filled + rest
}
