//! `/admin/clients/{id}/roles/{role}`: what a client may do when it acts for itself; as with users.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{
    Router, permission,
    routing::{get, put},
};

use super::known;
use crate::{
    Error,
    admin::{
        Changed, NameText, Waiting,
        assignments::{GRANT, Shown, Until},
        roles,
    },
    app::App,
    change::{Change, Prefer},
    rbac::{self, Holder},
    request::{Acting, Listed, MaybeJson, Paging, Query, Segments, cut, page},
};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/clients/{id}/roles", get(permission("rolecall.clients:read"), list_roles))
        .route("/clients/{id}/roles/{role}", put(permission(GRANT), assign).delete(permission(GRANT), deassign))
}

/// The roles that are assigned to a client, those that have ended among them; inherited ones are not.
#[utoipa::path(
    get, path = "/admin/clients/{id}/roles", operation_id = "list_client_roles", tag = "clients",
    params(("id" = String, Path, format = "uuid"), Paging),
    responses(
        (status = 200, body = Listed<Shown>),
        (status = 400, description = "The query is not right."),
        (status = 404, description = "There is no such client."),
    ),
)]
pub(super) async fn list_roles(
    State(app): State<Arc<App>>,
    Segments(client): Segments<String>,
    query: Query,
) -> Result<Answer<Listed<Shown>>, Error> {
    let asked = query.page(roles::role_key)?;
    let assigned = rbac::assigned_roles(&app, Holder::Client(known(&client)?)).await?;
    let assigned = cut(assigned, &asked, |assignment| &assignment.role);
    Ok(Answer(page(assigned.into_iter().map(Shown::from).collect(), asked.limit, |shown| shown.role.clone())))
}

/// Give a client a role, for good or until a time. A token that it has for itself can use it at once.
#[utoipa::path(
    put, path = "/admin/clients/{id}/roles/{role}", operation_id = "assign_client_role", tag = "clients",
    params(("id" = String, Path, format = "uuid"), ("role" = NameText, Path), Waiting),
    request_body = Option<Until>,
    responses(
        (status = 200, body = Changed),
        (status = 400, description = "The end is in the past, or the body is not right."),
        (status = 403, description = "It would give what the caller does not hold, or it is to itself."),
        (status = 404, description = "There is no such client, or no such role."),
    ),
)]
pub(super) async fn assign(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((client, role)): Segments<(String, String)>,
    prefer: Prefer,
    MaybeJson(said): MaybeJson<Until>,
) -> Result<Answer<Changed>, Error> {
    let (client, role) = (known(&client)?, roles::known(&role)?);
    let mut change = Change::begin(&app, &by, Some(GRANT)).await?;
    rbac::assign(&mut change, Holder::Client(client), &role, said.and_then(|said| said.until)).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Take a role from a client. In force everywhere when this answers (unless `Prefer: respond-async`).
#[utoipa::path(
    delete, path = "/admin/clients/{id}/roles/{role}", operation_id = "deassign_client_role", tag = "clients",
    params(("id" = String, Path, format = "uuid"), ("role" = NameText, Path), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The client holds more than the caller does."),
        (status = 404, description = "There is no such client, or no such role."),
    ),
)]
pub(super) async fn deassign(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((client, role)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let (client, role) = (known(&client)?, roles::known(&role)?);
    let mut change = Change::begin(&app, &by, Some(GRANT)).await?;
    rbac::deassign(&mut change, Holder::Client(client), &role).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
