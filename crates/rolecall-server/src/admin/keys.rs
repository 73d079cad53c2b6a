//! `/admin/keys`: the keys that sign tokens and verify them. Private parts are in no answer.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::{StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rolecall::{Router, permission, routing::get};
use rolecall_core::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};
use zeroize::Zeroizing;

use super::{Changed, Made, Waiting, never_null};
use crate::{
    Error,
    app::App,
    change::{Change, Prefer},
    keys::{self, Handed, Imported, NewKey, Stage},
    request::{Acting, Json, Listed, Paging, Query, Segments, cut, page},
};

/// What it takes to change something here: the rule of its routes, asked again when the change begins.
const WRITE: &str = "rolecall.keys:write";
const READ: &str = "rolecall.keys:read";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/keys", get(permission(READ), list).post(permission(WRITE), add))
        .route("/keys/{kid}", get(permission(READ), show).delete(permission(WRITE), revoke))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(tags((name = "keys", description = "The keys that sign tokens.")), paths(list, add, show, revoke))]
pub(super) struct Described;

/// A key that signs or verifies tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Key)]
struct Shown {
    /// `kid` in the header of its tokens.
    kid: String,
    /// `alg` in the header of its tokens.
    #[schema(example = "ES256")]
    algorithm: String,
    state: Stage,
    /// NumericDate since when it is in the key set.
    published_at: i64,
    /// NumericDate from when on it signs; null where it only verifies.
    #[schema(required)]
    signs_from: Option<i64>,
    /// NumericDate from when on another one signs; null while none is there for that.
    #[schema(required)]
    retires_at: Option<i64>,
    /// NumericDate at which no token of its is left.
    #[schema(required)]
    gone_at: Option<i64>,
    /// NumericDate since when its tokens are refused.
    #[schema(required)]
    revoked_at: Option<i64>,
}

impl From<keys::Shown> for Shown {
    fn from(key: keys::Shown) -> Self {
        let keys::Shown { kid, algorithm, stage, published_at, signs_from, retires_at, gone_at, revoked_at } = key;
        Shown { kid, algorithm, state: stage, published_at, signs_from, retires_at, gone_at, revoked_at }
    }
}

/// The keys, those that were revoked among them; those of which no token is left are not.
#[utoipa::path(
    get, path = "/admin/keys", operation_id = "list_keys", tag = "keys",
    params(Paging),
    responses((status = 200, body = Listed<Shown>), (status = 400, description = "The query is not right.")),
)]
async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Answer<Listed<Shown>>, Error> {
    let asked = query.page(|kid| Some(kid.to_owned()))?;
    let keys = cut(keys::list(&app).await?, &asked, |key| &key.kid);
    Ok(Answer(page(keys.into_iter().map(Shown::from).collect(), asked.limit, |key| key.kid.clone())))
}

/// One key.
#[utoipa::path(
    get, path = "/admin/keys/{kid}", operation_id = "show_key", tag = "keys",
    params(("kid" = String, Path)),
    responses((status = 200, body = Shown), (status = 404, description = "There is no such key.")),
)]
async fn show(State(app): State<Arc<App>>, Segments(kid): Segments<String>) -> Result<Answer<Shown>, Error> {
    Ok(Answer(keys::find(&app, &kid).await?.into()))
}

/// A new key: `{}` or `algorithm` makes one, `jwk` or `pem` brings one in from elsewhere.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::NewKey)]
#[serde(deny_unknown_fields)]
struct Said {
    /// `ES256`, `RS256` or `EdDSA`; without it, the setting `signing_algorithm`.
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    algorithm: Option<String>,
    /// A private or a public JWK, its `kid` kept.
    #[serde(default, deserialize_with = "never_null")]
    #[schema(value_type = Object, required = false)]
    jwk: Option<Value>,
    /// The same in PEM: `PRIVATE KEY`, `PUBLIC KEY`, or the older forms of EC and RSA.
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    pem: Option<String>,
    /// For a key from elsewhere that has none of its own; without it, its thumbprint.
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    kid: Option<String>,
    /// For a key from elsewhere: whether it is to sign here. Without it, it does if it can.
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    signs: Option<bool>,
}

/// What is to be done.
enum Asked {
    Rotate(Algorithm),
    Import { handed: Handed, kid: Option<String>, signs: Option<bool> },
}

impl Said {
    fn asks(self, otherwise: Algorithm) -> Result<Asked, Error> {
        let Said { algorithm, jwk, pem, kid, signs } = self;
        let handed = match (algorithm, jwk, pem) {
            (None, Some(jwk), None) => Handed::Jwk(jwk),
            (None, None, Some(pem)) => Handed::Pem(Zeroizing::new(pem)),
            (said, None, None) if kid.is_none() && signs.is_none() => {
                return said.as_deref().map_or(Ok(otherwise), keys::algorithm).map(Asked::Rotate);
            }
            _ => {
                return Err(Error::Invalid(
                    "a new key is made (`algorithm`, or nothing), or brought in: by `jwk` or by `pem`, with `kid` and `signs` \
                     where they are needed"
                        .into(),
                ));
            }
        };
        Ok(Asked::Import { handed, kid, signs })
    }
}

/// Rotate, or bring in a key from elsewhere.
///
/// A new key is published at once, and signs as soon as everybody who verifies can have it, six minutes later; the one that
/// signs now stays until the last of its tokens is dead. A public key, or an RSA key below 3072 bits, only verifies, until it
/// is revoked. To bring one in takes holding everything (`rolecall.admin`), since whoever has it can sign any token.
#[utoipa::path(
    post, path = "/admin/keys", operation_id = "add_key", tag = "keys",
    params(Waiting),
    request_body = Said,
    responses(
        (status = 201, body = Made<Shown>, headers(("Location", description = "The key."))),
        (status = 400, description = "The algorithm or the key is not one that is good here."),
        (status = 409, description = "The key, or its `kid`, is known already, or there are too many keys."),
    ),
)]
async fn add(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    prefer: Prefer,
    Json(said): Json<Said>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Answer<Made<Shown>>), Error> {
    // What a key is made of comes before the change: it takes time that nobody else is to wait for.
    let (key, change) = match said.asks(app.config.signing_algorithm)? {
        Asked::Rotate(algorithm) => {
            let new = NewKey::generate(algorithm).await?;
            let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
            (keys::rotate(&mut change, &new).await?, change)
        }
        Asked::Import { handed, kid, signs } => {
            let imported = Imported::read(handed, kid, signs).await?;
            let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
            (keys::import(&mut change, &imported).await?, change)
        }
    };
    let done = change.commit(prefer).await?;
    let place = format!("/admin/keys/{}", utf8_percent_encode(&key.kid, NON_ALPHANUMERIC));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Answer(Made::by(key.into(), done))))
}

/// Revoke a key: its tokens are refused from the next call on. If it is the one that signs, another one signs at once,
/// which whoever keeps the old key set has to fetch.
#[utoipa::path(
    delete, path = "/admin/keys/{kid}", operation_id = "revoke_key", tag = "keys",
    params(("kid" = String, Path), Waiting),
    responses((status = 200, body = Changed), (status = 404, description = "There is no such key.")),
)]
async fn revoke(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(kid): Segments<String>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let spare = keys::spare(&app, &kid).await?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    keys::revoke(&mut change, &kid, spare.as_ref()).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
