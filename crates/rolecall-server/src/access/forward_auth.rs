//! `/forward-auth`: a proxy asks about a call before it passes it on (nginx `auth_request`, Caddy, Traefik, Envoy).
//!
//! The rule stands in the query (or, for Envoy, before the path), which the proxy's configuration writes and no caller
//! can. What the caller sent is the token, and it is judged by the guard as a call to one of our routes is. A question that
//! is not right is 400, and so is a call that two programs could read differently: both let nobody through.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rolecall::{Audience, Caller, Router, Rule, authenticated, permission, public_because, role, routing::any};
use rolecall_core::{Permission, RoleName};
use utoipa::OpenApi;

use super::forwarded;
use crate::{Error, app::App, request::Query};

/// What every 204 says, so that no header of the caller's own gets through in its place.
const SUBJECT: HeaderName = HeaderName::from_static("x-rolecall-subject");
const NAME: HeaderName = HeaderName::from_static("x-rolecall-name");
const ROLES: HeaderName = HeaderName::from_static("x-rolecall-roles");

/// What no header can have (RFC 9110, 5.5), what would end a name in a list, and the sign that encodes.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b',').add(b';').add(b'"').add(b'\\');

pub(super) fn routes() -> Router<Arc<App>> {
    let judges = || public_because("it judges the caller of another API, for a proxy");
    Router::new()
        .route("/forward-auth", any(judges(), by_query))
        .route("/forward-auth/{*rule_and_path}", any(judges(), by_path))
}

/// What it takes and answers.
#[derive(OpenApi)]
#[openapi(
    tags((name = "access", description = "The decision for programs that have no guard of their own.")),
    paths(by_query, by_path),
)]
pub(super) struct Described;

/// What the query may say; [`Asked::read`] reads it.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "it describes; `Asked` reads, so that a parameter that is unknown or there twice is refused"
)]
struct Asking {
    /// What the caller must be allowed to do.
    #[param(example = "items:read", pattern = "^[a-z0-9._-]{1,128}:[a-z0-9._-]{1,128}$")]
    permission: Option<String>,
    /// The role that the caller must have, directly or by inheritance; beside `permission`: both.
    #[param(example = "admin", pattern = "^[a-z0-9][a-z0-9._-]{0,63}$")]
    role: Option<String>,
    /// Whose tokens are good: the API that the proxy stands in front of. Without it, ours.
    audience: Option<String>,
    /// `true`, with nothing beside it: anybody passes, and it is only looked at what is forwarded.
    #[param(pattern = "^true$")]
    public: Option<String>,
}

/// What a proxy asks.
enum Asked {
    /// Whether the caller may.
    Whether { rule: Rule, audience: Option<Audience> },
    /// Nothing about the caller: only whether the call can be read in one way.
    Public,
}

impl Asked {
    fn read(mut query: Query) -> Result<Asked, Error> {
        fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
            query: &mut Query,
            name: &str,
        ) -> Result<Option<T>, Error> {
            let parse = |text: String| text.parse().map_err(|why| Error::Invalid(format!("`{name}`: {why}")));
            // One without a value is a mistake, and would be no rule at all.
            query.text_as_sent(name).map(parse).transpose()
        }
        let asked: Option<Permission> = parsed(&mut query, "permission")?;
        let in_role: Option<RoleName> = parsed(&mut query, "role")?;
        let audience: Option<Audience> = parsed(&mut query, "audience")?;
        let public = query.text_as_sent("public");
        query.nothing_else("the query has another parameter than `permission`, `role`, `audience` and `public`")?;
        match public.as_deref() {
            None => {}
            Some("true") if asked.is_none() && in_role.is_none() && audience.is_none() => return Ok(Asked::Public),
            Some(_) => return Err(Error::Invalid("`public` is `true`, with nothing beside it".into())),
        }
        let rules = [asked.map(|name| permission(name.as_str())), in_role.map(|name| role(name.as_str()))];
        let rule = rules.into_iter().flatten().fold(authenticated(), Rule::and);
        Ok(Asked::Whether { rule, audience })
    }

    /// As a path has it, before the one that was asked for.
    fn read_path(path: &str, app: &App) -> Result<Asked, Error> {
        let rest = path.strip_prefix("/forward-auth/").unwrap_or_default();
        let (rule, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if !rule.contains('=') || path.is_empty() {
            return Err(Error::Invalid("a path is `/forward-auth/RULE` and the path that was asked for".into()));
        }
        forwarded::is_one_path("path", path.as_bytes())?;
        Asked::read(Query::parse(rule, &app.config.limits)?)
    }
}

/// May this call pass?
///
/// For a proxy, with the headers of the call that it asks about: its token is judged as on a route of ours. With
/// `permission`, `role` or both; with neither, any valid token passes, and with `public=true` anybody. 204 says who it is in `X-Rolecall-Subject`,
/// `X-Rolecall-Name` and `X-Rolecall-Roles`, each there in every 204. 400 is for the proxy: its question is not right, or
/// the call that it forwards can be read in two ways. `docs/proxies.md` has configurations.
#[utoipa::path(
    get, path = "/forward-auth", operation_id = "forward_auth", tag = "access", security((), ("rolecall" = [])),
    params(Asking),
    responses(
        (status = 204, description = "It may.", headers(
            ("X-Rolecall-Subject", description = "The caller's id."),
            ("X-Rolecall-Name", description = "The caller's name, percent-encoded where it is not plain ASCII."),
            ("X-Rolecall-Roles", description = "The roles of the session, with `,` between them; inherited ones are not among them."),
        )),
        (status = 400, description = "The question is not right, or what is forwarded is ambiguous; it says why."),
        (status = 401, description = "It is not known who calls.", headers(("WWW-Authenticate", description = "`Bearer` (RFC 6750)"))),
        (status = 403, description = "The caller may not.", headers(("WWW-Authenticate", description = "`Bearer` with `error=\"insufficient_scope\"` (RFC 6750)"))),
        (status = 503, description = "It cannot be told now."),
    ),
)]
async fn by_query(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    query: Query,
) -> Result<Response, Response> {
    let asked = Asked::read(query).map_err(IntoResponse::into_response)?;
    decide(&app, asked, &headers, &uri).await
}

/// May this call pass? For a proxy that asks with the path of the call.
///
/// Envoy puts a prefix before the path that was asked for: `/forward-auth/RULE/path?query`, where `RULE` is what the query
/// says otherwise, as `permission=items:read&role=admin`. The query is the caller's, and says nothing here. The rest is as
/// at `/forward-auth`.
#[utoipa::path(
    get, path = "/forward-auth/{rule_and_path}", operation_id = "forward_auth_by_path", tag = "access",
    security((), ("rolecall" = [])),
    params(("rule_and_path" = String, Path, example = "permission=items:read/items/1")),
    responses(
        (status = 204, description = "It may; with the headers of `/forward-auth`."),
        (status = 400, description = "The question is not right, or what is forwarded is ambiguous; it says why."),
        (status = 401, description = "It is not known who calls.", headers(("WWW-Authenticate", description = "`Bearer` (RFC 6750)"))),
        (status = 403, description = "The caller may not.", headers(("WWW-Authenticate", description = "`Bearer` with `error=\"insufficient_scope\"` (RFC 6750)"))),
        (status = 503, description = "It cannot be told now."),
    ),
)]
async fn by_path(State(app): State<Arc<App>>, headers: HeaderMap, uri: Uri) -> Result<Response, Response> {
    let refused = |error: Error| error.into_response();
    let asked = Asked::read_path(uri.path(), &app).map_err(refused)?;
    // Here the host is the caller's: elsewhere a proxy asks by ours.
    forwarded::is_for_one_host(&headers).map_err(refused)?;
    decide(&app, asked, &headers, &uri).await
}

async fn decide(app: &Arc<App>, asked: Asked, headers: &HeaderMap, uri: &Uri) -> Result<Response, Response> {
    let refused = |error: Error| error.into_response();
    forwarded::is_unambiguous(headers).map_err(refused)?;
    let Asked::Whether { rule, audience } = asked else {
        return Ok(pass([const { HeaderValue::from_static("") }; 3]));
    };
    let ours = || app.issuer.parse().map_err(Error::internal);
    let audience = audience.map_or_else(ours, Ok).map_err(refused)?;
    let caller = app.guard(audience).admit(rule, headers, uri).await.map_err(IntoResponse::into_response)?;
    Ok(pass(said_of(&caller).map_err(refused)?))
}

fn pass(said: [HeaderValue; 3]) -> Response {
    let [subject, name, roles] = said;
    (StatusCode::NO_CONTENT, [(SUBJECT, subject), (NAME, name), (ROLES, roles)]).into_response()
}

fn said_of(caller: &Caller) -> Result<[HeaderValue; 3], Error> {
    let header = |text: &str| HeaderValue::try_from(encoded(text)).map_err(Error::internal);
    // A role's name has no comma.
    let roles = HeaderValue::try_from(caller.roles().join(",")).map_err(Error::internal)?;
    Ok([header(caller.id())?, header(caller.name())?, roles])
}

/// A text as a header can have it: what is not plain is percent-encoded UTF-8, so that nothing in a name can end the
/// header or begin another one, and whoever decodes it has the name.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}
