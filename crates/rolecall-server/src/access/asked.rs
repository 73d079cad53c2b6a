//! What a program asks, as the OpenID AuthZEN Authorization API 1.0 writes it (section 5): subject, action, resource and
//! context. Members that are not known are passed over, as it says.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use rolecall_core::json;
use serde_json::{Map, Value};
use std::sync::Arc;

use crate::{
    Error,
    app::App,
    decisions::Kind,
    request::{is_of_type, whole},
};

/// A JSON object.
pub(super) type Members = Map<String, Value>;

/// The body of every call of this API. Where another one of ours answers 415 this standard wants 400.
pub(super) struct Body(pub(super) Members);

impl FromRequest<Arc<App>> for Body {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let limits = &app.config.limits;
        let (parts, body) = request.into_parts();
        is_of_type(&parts.headers, "application/json").map_err(|why| invalid(why.detail()).into_response())?;
        let bytes = whole(body, limits).await.map_err(IntoResponse::into_response)?;
        let value = json::parse_within(&bytes, limits.json_depth)
            .map_err(|error| invalid(&format!("the body is no good JSON: {error}")).into_response())?;
        match value {
            Value::Object(members) => Ok(Body(members)),
            _ => Err(invalid("the body is a JSON object").into_response()),
        }
    }
}

pub(super) fn invalid(why: &str) -> Error {
    Error::Invalid(why.to_owned())
}

/// One question and what it leaves to the defaults of its call: an entity of its own takes the place of the default one
/// as a whole (section 7.1.1).
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) own: &'a Members,
    pub(super) defaults: Option<&'a Members>,
}

/// One question that can be answered.
pub(super) struct Asked {
    /// `None`: of a kind that there is not.
    pub(super) kind: Option<Kind>,
    pub(super) id: String,
    pub(super) permission: String,
    pub(super) owner: Option<String>,
}

impl<'a> Said<'a> {
    /// # Errors
    /// What is missing, or of a wrong type, in a sentence.
    pub(super) fn read(self) -> Result<Asked, String> {
        let (kind, id) = self.subject()?;
        let permission = self.permission()?;
        self.context()?;
        Ok(Asked { kind, id, permission, owner: self.owner()? })
    }

    pub(super) fn subject(self) -> Result<(Option<Kind>, String), String> {
        self.object("subject", "properties")?;
        Ok((Kind::named(self.text("subject", "type")?), self.text("subject", "id")?.to_owned()))
    }

    pub(super) fn subject_kind(self) -> Result<Option<Kind>, String> {
        self.text("subject", "type").map(Kind::named)
    }

    /// The resource's type and the action's name.
    pub(super) fn permission(self) -> Result<String, String> {
        self.object("action", "properties")?;
        self.text("resource", "id")?;
        Ok(format!("{}:{}", self.text("resource", "type")?, self.text("action", "name")?))
    }

    pub(super) fn resource_type(self) -> Result<&'a str, String> {
        self.text("resource", "id")?;
        self.text("resource", "type")
    }

    /// Whose the resource is: what is no text is nobody.
    pub(super) fn owner(self) -> Result<Option<String>, String> {
        let properties = self.object("resource", "properties")?;
        Ok(properties.and_then(|properties| properties.get("ownerID")).and_then(Value::as_str).map(str::to_owned))
    }

    /// It says nothing here, but it is an object.
    pub(super) fn context(self) -> Result<(), String> {
        let context = self.own.get("context").or_else(|| self.defaults?.get("context"));
        match context {
            None | Some(Value::Object(_)) => Ok(()),
            Some(_) => Err("`context` is a JSON object".into()),
        }
    }

    /// `None`: it is not there at all.
    fn entity(self, name: &str) -> Result<Option<&'a Members>, String> {
        match self.own.get(name).or_else(|| self.defaults?.get(name)) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(format!("`{name}` is a JSON object")),
        }
    }

    fn object(self, entity: &str, name: &str) -> Result<Option<&'a Members>, String> {
        match self.entity(entity)?.and_then(|members| members.get(name)) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(format!("`{entity}.{name}` is a JSON object")),
        }
    }

    /// A member that must be there.
    fn text(self, entity: &str, name: &str) -> Result<&'a str, String> {
        let members = self.entity(entity)?.ok_or_else(|| format!("`{entity}` is missing from the question"))?;
        match members.get(name) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(format!("`{entity}.{name}` is a string")),
            None => Err(format!("`{entity}.{name}` is missing")),
        }
    }
}
