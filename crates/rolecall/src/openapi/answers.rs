//! What a rule says in an operation, and the guard's answers that operations refer to.

use serde_json::{Map, Value, json};

use super::{
    document::{Components, Operation, Response},
    security::SCHEME,
};
use crate::{routing::Entry, rule::Expr};

/// How an operation shows its rule.
const RULE: &str = "x-rolecall-rule";
/// Names of ours among the components; `rolecall.` keeps them apart from those of the author.
const PROBLEM: &str = "rolecall.Problem";
const AMBIGUOUS: (&str, &str) = ("400", "rolecall.AmbiguousToken");
const UNKNOWN: (&str, &str) = ("401", "rolecall.Unauthenticated");
const CANNOT_TELL: (&str, &str) = ("503", "rolecall.CannotTell");

impl Operation {
    /// Writes a rule into it.
    pub(super) fn write(&mut self, rule: &Expr) {
        self.rest.insert(RULE.into(), json!(rule.to_string()));
        // A page shows extensions last, if at all.
        let description = self.rest.get("description").and_then(Value::as_str);
        let description = said_too(description, format!("Who may: {rule}."));
        self.rest.insert("description".into(), description.into());
        let is_public = matches!(rule, Expr::Public(_));
        if !is_public || self.security.is_none() {
            self.security = Some(rule.security());
        }
        if self.responses.is_empty() {
            let answer = Response { description: Some("What the handler answers.".into()), ..Response::default() };
            self.responses.insert("default".into(), answer);
        }
        if is_public {
            return;
        }
        for (status, component) in [AMBIGUOUS, UNKNOWN, CANNOT_TELL] {
            let reference = Some(format!("#/components/responses/{component}"));
            let response = || Response { reference, ..Response::default() };
            self.responses.entry(status.into()).or_insert_with(response);
        }
        if rule.can_refuse() {
            let refusal = self.responses.entry("403".into()).or_default();
            // What stands elsewhere is shared with others.
            if refusal.reference.is_none() {
                write_refusal(refusal, rule);
            }
        }
    }

    pub(super) fn has_rule(&self) -> bool {
        self.rest.contains_key(RULE)
    }
}

/// What the author says, and then this, once.
fn said_too(theirs: Option<&str>, ours: String) -> String {
    match theirs {
        None => ours,
        Some(theirs) if theirs.ends_with(&ours) => theirs.to_owned(),
        Some(theirs) => format!("{theirs}\n\n{ours}"),
    }
}

fn write_refusal(refusal: &mut Response, rule: &Expr) {
    refusal.description = Some(said_too(refusal.description.as_deref(), format!("This needs {rule}.")));
    if refusal.headers.is_empty() {
        refusal.headers = challenge("`Bearer` with `error=\"insufficient_scope\"` (RFC 6750)");
    }
    if refusal.content.is_empty() {
        refusal.content = problem();
    }
}

impl Components {
    /// What the operations refer to: our scheme with the scopes that rules name, and the guard's answers.
    pub(super) fn add_ours(&mut self, entries: &[Entry]) {
        let entries: Vec<_> = entries.iter().filter(|entry| entry.is_documented).collect();
        let scheme = json!({
            "type": "oauth2",
            "description": "Log in with a name and a password. Without a scope the token can do all that the account may.",
            "flows": { "password": { "tokenUrl": "/token", "scopes": {} } },
        });
        let scheme = self.schemes.entry(SCHEME).or_insert(scheme);
        if let Some(Value::Object(flows)) = scheme.get_mut("flows") {
            for flow in flows.values_mut().filter_map(Value::as_object_mut) {
                let Value::Object(scopes) = flow.entry("scopes").or_insert_with(|| json!({})) else { continue };
                for name in entries.iter().flat_map(|entry| entry.rule.names()) {
                    if let Expr::Permission(name) | Expr::Own(name) | Expr::Scope(name) = name {
                        let described = format!("Limit the token to {name}.");
                        scopes.entry(name.to_string()).or_insert_with(|| json!(described));
                    }
                }
            }
        }
        if entries.iter().all(|entry| matches!(entry.rule, Expr::Public(_))) {
            return;
        }
        self.schemas.entry(PROBLEM).or_insert_with(problem_schema);
        let answers = [
            (
                AMBIGUOUS.1,
                "The token was sent in a way that two readers might read differently.",
                challenged("invalid_request"),
            ),
            (
                UNKNOWN.1,
                "It is not known who calls: no token was sent, or it is not good any more. Log in, and send \
                 `Authorization: Bearer TOKEN`.",
                challenge("`Bearer`, with `error=\"invalid_token\"` where a token was sent (RFC 6750)"),
            ),
            (CANNOT_TELL.1, "It cannot be told now whether the caller may. Try again.", retry_after()),
        ];
        for (name, description, headers) in answers {
            let response = || json!({ "description": description, "headers": headers, "content": problem() });
            self.responses.entry(name).or_insert_with(response);
        }
    }

    /// The name of a parameter that stands in the path, described here or elsewhere.
    pub(super) fn in_path(&self, parameter: &Value) -> Option<String> {
        let elsewhere = parameter["$ref"].as_str().and_then(|place| place.strip_prefix("#/components/parameters/"));
        let parameter = elsewhere.map_or(Some(parameter), |name| self.parameters.get(name))?;
        (parameter["in"] == "path").then(|| parameter["name"].as_str().map(str::to_owned))?
    }
}

fn problem() -> Map<String, Value> {
    let schema = json!({ "schema": { "$ref": format!("#/components/schemas/{PROBLEM}") } });
    Map::from_iter([("application/problem+json".to_owned(), schema)])
}

/// RFC 9457, as [`Problem`](crate::Problem) writes it.
fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "An error for a person and a program (RFC 9457).",
        "properties": {
            "type": { "type": "string", "format": "uri", "description": "Which error it is; it does not change.", "examples": ["urn:rolecall:problem:forbidden"] },
            "title": { "type": "string", "description": "The status in words." },
            "status": { "type": "integer", "description": "The status of the response." },
            "detail": { "type": "string", "description": "What to do about it." },
            "request_id": { "type": "string", "description": "By which the log knows the call." },
        },
        "required": ["type", "title", "status", "detail"],
    })
}

fn challenged(error: &str) -> Map<String, Value> {
    challenge(&format!("`Bearer` with `error=\"{error}\"` (RFC 6750)"))
}

fn challenge(description: &str) -> Map<String, Value> {
    header("WWW-Authenticate", description, "string")
}

fn retry_after() -> Map<String, Value> {
    header("Retry-After", "Seconds after which to try again.", "integer")
}

fn header(name: &str, description: &str, kind: &str) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), json!({ "description": description, "schema": { "type": kind } }))])
}
