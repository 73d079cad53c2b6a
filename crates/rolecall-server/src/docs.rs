//! The OpenAPI document of the service: what the handlers say about themselves, and what holds for all of them. The
//! rules are written into it by the router.

use http::StatusCode;
use rolecall::{Router, public_because};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::{Error, access, admin, me, oauth, ops};

/// Where the page is; the document is beside it.
const PAGE: &str = "/docs";
/// How a client says who it is where the handler asks for it; routes of callers have the guard's scheme.
const CLIENT: &str = "client";
const PROBLEM: &str = "#/components/schemas/rolecall.Problem";

/// What may go wrong while a body is read: the status, the component that says it, and in which words.
const BODY: [(&str, &str, &str); 3] = [
    ("408", "rolecall.TooSlow", "The body did not come in time."),
    ("413", "rolecall.TooLarge", "The body is too large."),
    ("415", "rolecall.ContentType", "The body is not of the type that is read here."),
];
const FAULT: (&str, &str, &str) = ("500", "rolecall.Fault", "A fault of ours. The log knows the call by its id.");

#[derive(OpenApi)]
#[openapi(
    info(title = "Rolecall", description = include_str!("docs/description.md")),
    servers((url = "/")),
)]
struct Described;

/// The document without rules: the service alone.
pub fn base() -> Value {
    let mut described = Described::openapi();
    let parts = [
        me::described(),
        oauth::Described::openapi(),
        admin::described(),
        access::described(),
        ops::Described::openapi(),
    ];
    for part in parts {
        described.merge(part);
    }
    // Texts and numbers: nothing in it can fail to be JSON.
    let mut document = serde_json::to_value(described).unwrap_or_default();
    for operation in operations(&mut document) {
        complete(operation);
    }
    let responses = BODY.iter().chain([&FAULT]).map(|(_, name, description)| {
        ((*name).to_owned(), json!({ "description": description, "content": problem() }))
    });
    document["components"]["responses"] = responses.collect::<Map<_, _>>().into();
    document["components"]["securitySchemes"][CLIENT] = json!({
        "type": "http", "scheme": "basic",
        "description": "A client, by its id and its secret (RFC 6749, 2.3.1). One that is registered to do so sends \
                        `client_secret`, or an assertion that it signed, in the form instead.",
    });
    document
}

/// The document of an application that embeds the service: its own, and what it does not say itself is ours.
///
/// # Errors
/// [`Error::Invalid`] when it is no OpenAPI 3.1 document.
pub fn with_ours(mut theirs: Value) -> Result<Value, Error> {
    let no_document = |why: rolecall::NotOpenApi| Error::Invalid(why.to_string());
    Router::<()>::new().openapi(&theirs).map_err(no_document)?;
    let mut ours = base();
    if theirs.get("info").is_some() {
        // What is said there is about the whole.
        ours["info"].take();
    }
    if let (Some(Value::Array(theirs)), Some(Value::Array(ours))) = (theirs.get_mut("tags"), ours.get_mut("tags")) {
        theirs.append(ours);
    }
    fill(&mut theirs, ours);
    Ok(theirs)
}

/// The routes with the page and the document.
pub fn with_page<S: Clone + Send + Sync + 'static>(routes: Router<S>, base: &Value) -> Router<S> {
    routes.docs(PAGE, public_because("the page to try calls, where `docs` is on"), base)
}

/// What `theirs` does not have.
fn fill(theirs: &mut Value, ours: Value) {
    let (Value::Object(theirs), Value::Object(ours)) = (theirs, ours) else { return };
    for (name, value) in ours {
        match theirs.get_mut(&name) {
            Some(theirs) => fill(theirs, value),
            None => {
                theirs.insert(name, value);
            }
        }
    }
}

/// What every handler may answer, and how every error looks that is not OAuth's.
fn complete(operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    // AuthZEN says 400 to a body of another type.
    let is_authzen = has_body && operation["tags"] == json!(["access"]);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, response) in responses.iter_mut() {
        if response.get("description").is_none() {
            let status = status.parse::<StatusCode>().ok().and_then(|status| status.canonical_reason());
            response["description"] = status.unwrap_or_default().into();
        }
        if status.starts_with(['4', '5']) && response.get("content").is_none() {
            response["content"] = problem();
        }
        if ["429", "503"].contains(&status.as_str()) && response.get("headers").is_none() {
            response["headers"] = json!({ "Retry-After": {
                "description": "Seconds after which to try again.", "schema": { "type": "integer" },
            } });
        }
    }
    let of_bodies = BODY.iter().filter(|(status, ..)| has_body && !(is_authzen && *status == "415"));
    for (status, component, _) in of_bodies.chain([&FAULT]) {
        let reference = json!({ "$ref": format!("#/components/responses/{component}") });
        responses.entry(*status).or_insert(reference);
    }
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut)
}

fn problem() -> Value {
    json!({ "application/problem+json": { "schema": { "$ref": PROBLEM } } })
}
