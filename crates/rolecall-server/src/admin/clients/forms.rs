//! A client as it is told, and as it is said.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    admin::{never_null, present},
    clients::{Client, GrantType, Said},
};

/// How a client proves who it is.
#[derive(ToSchema)]
#[schema(
    as = rolecall::ClientAuthMethod,
    pattern = "^(none|client_secret_basic|client_secret_post|private_key_jwt)$",
    example = "client_secret_basic",
)]
#[expect(dead_code, reason = "it describes what the rules parse")]
struct MethodText(String);

/// By what a client may ask for tokens.
#[derive(ToSchema)]
#[schema(
    as = rolecall::ClientGrantType,
    pattern = "^(client_credentials|password|refresh_token|urn:rolecall:oauth:grant-type:api-key)$",
    example = "client_credentials",
)]
#[expect(dead_code, reason = "it describes what the rules parse")]
struct GrantText(String);

/// A client (RFC 7591, 2).
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Client)]
pub(super) struct Shown {
    #[schema(format = "uuid")]
    pub(super) client_id: String,
    client_name: String,
    #[schema(value_type = MethodText)]
    token_endpoint_auth_method: &'static str,
    #[schema(value_type = Vec<GrantText>)]
    grant_types: Vec<&'static str>,
    redirect_uris: Vec<String>,
    /// Its public keys (RFC 7517); null where it has none.
    #[schema(required, value_type = Option<Object>)]
    jwks: Option<Value>,
    /// People type their passwords into it.
    first_party: bool,
    /// The `identifier` of the API that its tokens are for when it names none; null: as for everybody.
    #[schema(required)]
    default_audience: Option<String>,
    /// The `identifier`s of the APIs whose tokens it may ask about.
    apis: Vec<String>,
    /// From which browsers may call for it.
    cors_origins: Vec<String>,
    /// It gets no token, and those that were issued to it are void.
    disabled: bool,
    /// NumericDate: seconds since 1970.
    client_id_issued_at: i64,
}

impl From<Client> for Shown {
    fn from(client: Client) -> Self {
        Shown {
            client_id: client.id,
            client_name: client.name,
            token_endpoint_auth_method: client.auth_method.as_str(),
            grant_types: client.grant_types.into_iter().map(GrantType::as_str).collect(),
            redirect_uris: client.redirect_uris,
            // We wrote it.
            jwks: client.jwks.and_then(|jwks| serde_json::from_str(&jwks).ok()),
            first_party: client.first_party,
            default_audience: client.default_audience,
            apis: client.apis,
            cors_origins: client.cors_origins,
            disabled: client.disabled,
            client_id_issued_at: client.created_at,
        }
    }
}

/// A new client (RFC 7591, 2); all but its name may be left out.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::NewClient)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    #[schema(example = "stock sync")]
    client_name: String,
    /// `client_secret_basic` without.
    #[schema(value_type = Option<MethodText>)]
    token_endpoint_auth_method: Option<String>,
    /// `client_credentials` without; nothing for a client that cannot prove who it is.
    #[schema(value_type = Option<Vec<GrantText>>)]
    grant_types: Option<Vec<String>>,
    /// `https`, or `http` on loopback; compared as a whole.
    redirect_uris: Option<Vec<String>>,
    /// Public keys (RFC 7517), for `private_key_jwt`.
    #[schema(value_type = Option<Object>)]
    jwks: Option<Value>,
    /// Only such a client may use `password`.
    first_party: Option<bool>,
    /// The `identifier` of an API.
    default_audience: Option<String>,
    /// `identifier`s of APIs.
    apis: Option<Vec<String>>,
    /// As browsers write them: `https://app.example.org`.
    cors_origins: Option<Vec<String>>,
}

impl From<New> for Said {
    fn from(new: New) -> Said {
        Said {
            client_name: Some(new.client_name),
            token_endpoint_auth_method: new.token_endpoint_auth_method,
            grant_types: new.grant_types,
            redirect_uris: new.redirect_uris,
            jwks: new.jwks.map(Some),
            first_party: new.first_party,
            default_audience: new.default_audience.map(Some),
            apis: new.apis,
            cors_origins: new.cors_origins,
            disabled: None,
        }
    }
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::EditedClient)]
#[serde(deny_unknown_fields)]
pub(super) struct Edited {
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    client_name: Option<String>,
    #[serde(default, deserialize_with = "never_null")]
    #[schema(value_type = MethodText, required = false)]
    token_endpoint_auth_method: Option<String>,
    #[serde(default, deserialize_with = "never_null")]
    #[schema(value_type = Vec<GrantText>, required = false)]
    grant_types: Option<Vec<String>>,
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    redirect_uris: Option<Vec<String>>,
    /// `null` removes them; absent leaves them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    jwks: Option<Option<Value>>,
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    first_party: Option<bool>,
    /// `null` removes it; absent leaves it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    default_audience: Option<Option<String>>,
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    apis: Option<Vec<String>>,
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    cors_origins: Option<Vec<String>>,
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

impl From<Edited> for Said {
    fn from(edited: Edited) -> Said {
        Said {
            client_name: edited.client_name,
            token_endpoint_auth_method: edited.token_endpoint_auth_method,
            grant_types: edited.grant_types,
            redirect_uris: edited.redirect_uris,
            jwks: edited.jwks,
            first_party: edited.first_party,
            default_audience: edited.default_audience,
            apis: edited.apis,
            cors_origins: edited.cors_origins,
            disabled: edited.disabled,
        }
    }
}
