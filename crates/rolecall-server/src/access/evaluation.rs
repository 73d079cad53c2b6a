//! OpenID AuthZEN Authorization API 1.0: a program asks whether somebody may do something (sections 6 and 7), and where
//! it can ask (section 9).
//!
//! `resource.type:action.name` is the permission. The roles are those that the subject has; what the question says of
//! him in `properties` is not believed. `resource.properties.ownerID` says whose the resource is.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::header;
use rolecall::{
    Caller, Router, permission, public_because,
    routing::{get, post},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use super::asked::{Body, Members, Said, invalid};
use crate::{Error, app::App, decisions::Decisions};

/// What it takes to ask about others.
pub(super) const EVALUATE: &str = "rolecall.decisions:evaluate";
/// What it takes to be told why.
const EXPLAINED: &str = "rolecall.decisions:read";
/// Most questions of one call.
const MOST: usize = 256;
/// Seconds for which others may keep the metadata.
const KEEP: &str = "public, max-age=300";

pub(super) fn routes() -> Router<Arc<App>> {
    let may_ask = || permission(EVALUATE);
    Router::new()
        .route("/access/v1/evaluation", post(may_ask(), evaluation))
        .route("/access/v1/evaluations", post(may_ask(), evaluations))
        .route("/.well-known/authzen-configuration", get(public_because("metadata, AuthZEN 1.0"), metadata))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(paths(evaluation, evaluations, metadata))]
pub(super) struct Described;

/// The answer to one question.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::AccessDecision)]
struct Decided {
    decision: bool,
    /// `reason`, for callers with `rolecall.decisions:read`; `error`, for a question that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    context: Option<Value>,
}

/// The answers to several questions, in their order; or to one.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::AccessDecisions)]
#[serde(untagged)]
enum Answers {
    Several { evaluations: Vec<Decided> },
    One(Decided),
}

/// A question: `subject` (`type` and `id`), `action` (`name`), `resource` (`type`, `id`), perhaps `context`.
#[derive(ToSchema)]
#[schema(as = rolecall::AccessQuestion)]
#[expect(dead_code, reason = "it describes; `Said` reads, since defaults fill what is left out")]
struct Question {
    /// `{"type": "user", "id": "alice"}`: a user by id or name, or a `client` by id.
    #[schema(value_type = Object)]
    subject: Value,
    /// `{"name": "read"}`.
    #[schema(value_type = Object)]
    action: Value,
    /// `{"type": "items", "id": "1", "properties": {"ownerID": "..."}}`.
    #[schema(value_type = Object)]
    resource: Value,
}

/// May this subject do this?
///
/// A subject that is not known, or disabled, may nothing. Neither is anything that no role can hold, as a wildcard.
#[utoipa::path(
    post, path = "/access/v1/evaluation", operation_id = "evaluate_access", tag = "access",
    request_body = Question,
    responses(
        (status = 200, body = Decided),
        (status = 400, description = "That is no question; it says why."),
    ),
)]
async fn evaluation(caller: Caller, State(app): State<Arc<App>>, Body(asked): Body) -> Result<Json<Decided>, Error> {
    let said = Said { own: &asked, defaults: None };
    let mut decisions = Decisions::begin(&app).await?;
    Ok(Json(one(&mut decisions, said, &caller).await?))
}

/// May these subjects do this? Up to 256 questions in `evaluations`, with what they leave out beside it.
///
/// All are decided by one version. `options.evaluations_semantic` is `execute_all`, `deny_on_first_deny` or
/// `permit_on_first_permit`. Without `evaluations` it is one question.
#[utoipa::path(
    post, path = "/access/v1/evaluations", operation_id = "evaluate_accesses", tag = "access",
    request_body = Object,
    responses(
        (status = 200, body = Answers),
        (status = 400, description = "Those are no questions; it says why."),
    ),
)]
async fn evaluations(caller: Caller, State(app): State<Arc<App>>, Body(asked): Body) -> Result<Json<Answers>, Error> {
    let questions = match asked.get("evaluations") {
        None => &[][..],
        Some(Value::Array(questions)) if questions.len() <= MOST => questions,
        Some(Value::Array(_)) => return Err(invalid(&format!("`evaluations` has at most {MOST} questions"))),
        Some(_) => return Err(invalid("`evaluations` is an array")),
    };
    let ends_with = ends_with(&asked)?;
    let mut decisions = Decisions::begin(&app).await?;
    if questions.is_empty() {
        let said = Said { own: &asked, defaults: None };
        return Ok(Json(Answers::One(one(&mut decisions, said, &caller).await?)));
    }
    let mut evaluations = vec![];
    for question in questions {
        let decided = match question {
            Value::Object(own) => {
                let said = Said { own, defaults: Some(&asked) };
                match one(&mut decisions, said, &caller).await {
                    // One question that cannot be read is answered by no, and spoils no other.
                    Err(Error::Invalid(why)) => unreadable(&why),
                    decided => decided?,
                }
            }
            _ => unreadable("a question is a JSON object"),
        };
        let is_last = ends_with == Some(decided.decision);
        evaluations.push(decided);
        if is_last {
            break;
        }
    }
    Ok(Json(Answers::Several { evaluations }))
}

/// The decision after which no other question is looked at (section 7.1.2.1).
fn ends_with(asked: &Members) -> Result<Option<bool>, Error> {
    let semantic = match asked.get("options") {
        None => None,
        Some(Value::Object(options)) => options.get("evaluations_semantic"),
        Some(_) => return Err(invalid("`options` is a JSON object")),
    };
    match semantic.map(Value::as_str) {
        None | Some(Some("execute_all")) => Ok(None),
        Some(Some("deny_on_first_deny")) => Ok(Some(false)),
        Some(Some("permit_on_first_permit")) => Ok(Some(true)),
        Some(_) => {
            Err(invalid("`evaluations_semantic` is `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`"))
        }
    }
}

async fn one(decisions: &mut Decisions, said: Said<'_>, caller: &Caller) -> Result<Decided, Error> {
    let asked = said.read().map_err(Error::Invalid)?;
    let known = match asked.kind {
        Some(kind) => decisions.find(kind, &asked.id).await?,
        None => None,
    };
    let verdict = decisions.decide(known.as_ref(), &asked.permission, asked.owner.as_deref());
    // The names in it are for whoever may read decisions.
    let context = caller.may(EXPLAINED).then(|| json!({ "reason": verdict.to_string() }));
    Ok(Decided { decision: verdict.is_allowed(), context })
}

fn unreadable(why: &str) -> Decided {
    Decided { decision: false, context: Some(json!({ "error": { "status": 400, "message": why } })) }
}

/// Where this API is (section 9).
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::AccessMetadata)]
struct Metadata {
    #[schema(format = "uri")]
    policy_decision_point: String,
    #[schema(format = "uri")]
    access_evaluation_endpoint: String,
    #[schema(format = "uri")]
    access_evaluations_endpoint: String,
    #[schema(format = "uri")]
    search_subject_endpoint: String,
    #[schema(format = "uri")]
    search_action_endpoint: String,
}

/// Where others find what can be asked. Resources cannot be searched: they are not known here.
#[utoipa::path(
    get, path = "/.well-known/authzen-configuration", operation_id = "access_metadata", tag = "access",
    responses((status = 200, body = Metadata)),
)]
async fn metadata(State(app): State<Arc<App>>) -> ([(header::HeaderName, &'static str); 1], Json<Metadata>) {
    let at = |path: &str| format!("{}/access/v1/{path}", app.issuer);
    let metadata = Metadata {
        policy_decision_point: app.issuer.clone(),
        access_evaluation_endpoint: at("evaluation"),
        access_evaluations_endpoint: at("evaluations"),
        search_subject_endpoint: at("search/subject"),
        search_action_endpoint: at("search/action"),
    };
    ([(header::CACHE_CONTROL, KEEP)], Json(metadata))
}
