//! `/me/password`: a new one, for whoever knows the one that there is.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{Router, authenticated, routing::post};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use crate::{
    Error, accounts,
    app::App,
    change::Prefer,
    changed::{Changed, Waiting},
    request::{Acting, Json},
};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/me/password", post(authenticated(), change))
}

/// What it takes and answers.
#[derive(OpenApi)]
#[openapi(paths(change))]
pub(super) struct Described;

/// The password that there is, and the one that there is to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::NewPassword)]
#[serde(deny_unknown_fields)]
struct Said {
    #[schema(format = Password)]
    current_password: String,
    /// 15 characters or more, and hard to guess.
    #[schema(example = "eighteen violet otters", format = Password)]
    password: String,
}

/// Change my password. All my other sessions end; none of their tokens counts when this answers.
///
/// Not with a token that is cut to a scope.
#[utoipa::path(
    post, path = "/me/password", operation_id = "change_my_password", tag = "me",
    params(Waiting),
    request_body = Said,
    responses(
        (status = 200, body = Changed),
        (status = 400, description = "The current password is wrong, or the new one cannot be used; it says why."),
        (status = 403, description = "The token is cut to a scope."),
        (status = 404, description = "The account was deleted at this moment."),
        (status = 409, description = "The password was changed by somebody else at this moment."),
        (status = 429, description = "Too many guesses were made at this account, or from this address."),
        (status = 503, description = "Too much is going on, or the database cannot be reached."),
    ),
)]
async fn change(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    prefer: Prefer,
    Json(said): Json<Said>,
) -> Result<Answer<Changed>, Error> {
    let done = accounts::change_password(&app, &by, &said.current_password, &said.password, prefer).await?;
    Ok(Answer(Changed::by(done)))
}
