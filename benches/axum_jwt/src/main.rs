//! Log-in and one guarded route as most people would write them: axum, `jsonwebtoken`, Argon2id on tokio's blocking
//! threads, accounts in memory. A token is verified at each call, and nothing can be taken away before it expires.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use axum::{
    Form, Json, Router,
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
    routing::{get, post},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

const PASSWORD: &str = "seventeen violet otters";
const ACCOUNTS: usize = 1000;

struct App {
    /// Name and hash.
    accounts: HashMap<String, String>,
    signs: EncodingKey,
    verifies: DecodingKey,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    roles: Vec<String>,
    exp: u64,
}

#[derive(Deserialize)]
struct LogIn {
    username: String,
    password: String,
}

#[derive(Serialize)]
struct Token {
    access_token: String,
    token_type: &'static str,
}

struct Caller(Claims);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, StatusCode> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|text| text.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
        let decoded = decode(token, &app.verifies, &app.validation).map_err(|_| StatusCode::UNAUTHORIZED)?;
        Ok(Caller(decoded.claims))
    }
}

async fn log_in(State(app): State<Arc<App>>, Form(said): Form<LogIn>) -> Result<Json<Token>, StatusCode> {
    let hash = app.accounts.get(&said.username).cloned().ok_or(StatusCode::UNAUTHORIZED)?;
    let same = tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(&hash).ok()?;
        Argon2::default().verify_password(said.password.as_bytes(), &hash).ok()
    });
    same.await.ok().flatten().ok_or(StatusCode::UNAUTHORIZED)?;
    let claims = Claims { sub: said.username, roles: vec!["user".into()], exp: now() + 900 };
    let token = encode(&Header::new(Algorithm::HS256), &claims, &app.signs);
    let access_token = token.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(Token { access_token, token_type: "bearer" }))
}

async fn users(Caller(claims): Caller) -> Result<Json<Vec<HashMap<&'static str, String>>>, StatusCode> {
    match claims.roles.iter().any(|role| role == "user") {
        true => Ok(Json(vec![HashMap::from([("username", claims.sub)])])),
        false => Err(StatusCode::FORBIDDEN),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hash: PasswordHash = Argon2::default().hash_password(PASSWORD.as_bytes())?;
    let hash = hash.to_string();
    let secret = b"a secret of thirty-two bytes, or more";
    let app = App {
        accounts: (0..ACCOUNTS).map(|n| (format!("person-{n}"), hash.clone())).collect(),
        signs: EncodingKey::from_secret(secret),
        verifies: DecodingKey::from_secret(secret),
        validation: Validation::new(Algorithm::HS256),
    };
    let routes = Router::new().route("/token", post(log_in)).route("/users/", get(users)).with_state(Arc::new(app));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}
