//! Clients: programs that ask for tokens, with what they have several of.

use std::{fmt, str::FromStr};

use super::{StoreError, Tx, on};

/// A client (RFC 7591, 2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// For good; `client_id` in its tokens, and `sub` in those that it gets for itself.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How it proves who it is.
    pub auth_method: AuthMethod,
    /// Its public keys, as a JWK Set.
    pub jwks: Option<String>,
    /// Whether people type their passwords into it.
    pub first_party: bool,
    /// The API that its tokens are for when it names none.
    pub default_audience: Option<String>,
    /// Whether it gets nothing, and nothing that was issued to it counts.
    pub disabled: bool,
    /// NumericDate.
    pub created_at: i64,
    /// By which grants it may ask for tokens; in order, each once.
    pub grant_types: Vec<GrantType>,
    /// Where people may be sent back to; as above.
    pub redirect_uris: Vec<String>,
    /// From which origins browsers may call for it; as above.
    pub cors_origins: Vec<String>,
    /// Whose tokens it may ask about; as above.
    pub apis: Vec<String>,
}

impl Client {
    /// From where pages may call because of it.
    pub fn origins(&self) -> &[String] {
        if self.disabled { &[] } else { &self.cors_origins }
    }
}

/// How a client proves who it is (RFC 7591, 2; the names of OpenID Connect Core, 9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthMethod {
    /// It cannot: a public client.
    None,
    /// By a secret in a Basic header.
    ClientSecretBasic,
    /// By a secret in the form.
    ClientSecretPost,
    /// By an assertion that it signed (RFC 7523).
    PrivateKeyJwt,
}

/// By what a token can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum GrantType {
    /// RFC 6749, 4.4: the client for itself.
    ClientCredentials,
    /// RFC 6749, 4.3: a person's name and password.
    Password,
    /// RFC 6749, 6.
    RefreshToken,
    /// Our own: an API key that a person gave.
    ApiKey,
}

impl AuthMethod {
    /// All of them, by name.
    pub const ALL: [AuthMethod; 4] =
        [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::PrivateKeyJwt];

    /// Its registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthMethod::None => "none",
            AuthMethod::ClientSecretBasic => "client_secret_basic",
            AuthMethod::ClientSecretPost => "client_secret_post",
            AuthMethod::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Whether it takes a secret.
    pub fn is_secret(self) -> bool {
        matches!(self, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost)
    }
}

impl GrantType {
    /// All of them.
    pub const ALL: [GrantType; 4] =
        [GrantType::ClientCredentials, GrantType::Password, GrantType::RefreshToken, GrantType::ApiKey];

    /// Its registered name, or the URI of our own (RFC 6749, 4.5).
    pub fn as_str(self) -> &'static str {
        match self {
            GrantType::ClientCredentials => "client_credentials",
            GrantType::Password => "password",
            GrantType::RefreshToken => "refresh_token",
            GrantType::ApiKey => "urn:rolecall:oauth:grant-type:api-key",
        }
    }
}

/// A text is the name of none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unknown;

impl FromStr for AuthMethod {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        AuthMethod::ALL.into_iter().find(|method| method.as_str() == text).ok_or(Unknown)
    }
}

impl FromStr for GrantType {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        GrantType::ALL.into_iter().find(|grant| grant.as_str() == text).ok_or(Unknown)
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const GRANT_TYPE: &str = "grant_type";
const REDIRECT_URI: &str = "redirect_uri";
const CORS_ORIGIN: &str = "cors_origin";
const API: &str = "api";

/// Adds one.
pub async fn insert(tx: &mut Tx, client: &Client) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query(
        "INSERT INTO clients (id, name, auth_method, jwks, first_party, default_audience, disabled, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(&client.id)
        .bind(&client.name)
        .bind(client.auth_method.as_str())
        .bind(&client.jwks)
        .bind(client.first_party)
        .bind(&client.default_audience)
        .bind(client.disabled)
        .bind(client.created_at)
        .execute(db)
        .await
        .map(drop)?);
    insert_lists(tx, client).await
}

/// Writes all that can be different about one.
pub async fn update(tx: &mut Tx, client: &Client) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query(
        "UPDATE clients SET name = $2, auth_method = $3, jwks = $4, first_party = $5, default_audience = $6, disabled = $7 \
         WHERE id = $1")
        .bind(&client.id)
        .bind(&client.name)
        .bind(client.auth_method.as_str())
        .bind(&client.jwks)
        .bind(client.first_party)
        .bind(&client.default_audience)
        .bind(client.disabled)
        .execute(db)
        .await
        .map(drop)?);
    on!(tx, db => sqlx::query("DELETE FROM client_lists WHERE client_id = $1")
        .bind(&client.id)
        .execute(db)
        .await
        .map(drop)?);
    insert_lists(tx, client).await
}

async fn insert_lists(tx: &mut Tx, client: &Client) -> Result<(), StoreError> {
    let of = |kind, values: &[String]| values.iter().map(|value| (kind, value.clone())).collect::<Vec<_>>();
    let grants: Vec<_> = client.grant_types.iter().map(|grant| (GRANT_TYPE, grant.to_string())).collect();
    let (uris, origins) = (of(REDIRECT_URI, &client.redirect_uris), of(CORS_ORIGIN, &client.cors_origins));
    for (kind, value) in [grants, uris, origins, of(API, &client.apis)].concat() {
        on!(tx, db => sqlx::query("INSERT INTO client_lists (client_id, kind, value) VALUES ($1, $2, $3)")
            .bind(&client.id)
            .bind(kind)
            .bind(value)
            .execute(db)
            .await
            .map(drop)?);
    }
    Ok(())
}

/// One client.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Client>, StoreError> {
    let row: Option<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, name, auth_method, jwks, first_party, default_audience, disabled, created_at FROM clients \
         WHERE id = $1")
        .bind(id)
        .fetch_optional(db)
        .await?);
    match row {
        Some(row) => Ok(with_lists(tx, vec![row]).await?.pop()),
        None => Ok(None),
    }
}

/// Clients in the order of their ids, after one.
pub async fn list(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<Client>, StoreError> {
    let rows: Vec<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, name, auth_method, jwks, first_party, default_audience, disabled, created_at FROM clients \
         WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(db)
        .await?);
    with_lists(tx, rows).await
}

/// Whether one is there and not disabled.
pub async fn is_enabled(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let found: Option<String> = on!(tx, db => sqlx::query_scalar("SELECT id FROM clients WHERE id = $1 AND NOT disabled")
        .bind(id)
        .fetch_optional(db)
        .await?);
    Ok(found.is_some())
}

/// The origins of all that are not disabled, each once.
pub async fn cors_origins(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    Ok(on!(tx, db => sqlx::query_scalar(
        "SELECT DISTINCT value FROM client_lists JOIN clients ON clients.id = client_id \
         WHERE kind = $1 AND NOT disabled")
        .bind(CORS_ORIGIN)
        .fetch_all(db)
        .await?))
}

/// Removes one with its secrets and assignments; `false` if there was none.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let gone =
        on!(tx, db => sqlx::query("DELETE FROM clients WHERE id = $1").bind(id).execute(db).await?.rows_affected());
    Ok(gone > 0)
}

/// Takes an API out of all clients: none asks about its tokens any more.
pub async fn forget_api(tx: &mut Tx, identifier: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM client_lists WHERE kind = $1 AND value = $2")
        .bind(API)
        .bind(identifier)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

type Row = (String, String, String, Option<String>, bool, Option<String>, bool, i64);

/// Rows in the order of their ids, with what they have several of.
async fn with_lists(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<Client>, StoreError> {
    let mut clients = rows.into_iter().map(client).collect::<Result<Vec<_>, _>>()?;
    let (Some(first), Some(last)) = (clients.first(), clients.last()) else { return Ok(clients) };
    let lists: Vec<(String, String, String)> = on!(tx, db => sqlx::query_as(
        "SELECT client_id, kind, value FROM client_lists WHERE client_id >= $1 AND client_id <= $2 \
         ORDER BY client_id, kind, value")
        .bind(&first.id)
        .bind(&last.id)
        .fetch_all(db)
        .await?);
    for (id, kind, value) in lists {
        let Some(client) = clients.iter_mut().find(|client| client.id == id) else { continue };
        match kind.as_str() {
            GRANT_TYPE => client.grant_types.push(value.parse().map_err(|Unknown| strange(&value))?),
            REDIRECT_URI => client.redirect_uris.push(value),
            CORS_ORIGIN => client.cors_origins.push(value),
            API => client.apis.push(value),
            _ => return Err(strange(&kind)),
        }
    }
    Ok(clients)
}

fn client(row: Row) -> Result<Client, StoreError> {
    let (id, name, auth_method, jwks, first_party, default_audience, disabled, created_at) = row;
    Ok(Client {
        id,
        name,
        auth_method: auth_method.parse().map_err(|Unknown| strange(&auth_method))?,
        jwks,
        first_party,
        default_audience,
        disabled,
        created_at,
        grant_types: vec![],
        redirect_uris: vec![],
        cors_origins: vec![],
        apis: vec![],
    })
}

fn strange(text: &str) -> StoreError {
    StoreError::Strange(format!("`{text}` in a client"))
}
