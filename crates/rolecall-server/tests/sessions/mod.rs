//! Sessions: how one goes on by its refresh token, what ends it, and who may see and end it.

mod administered;
mod again;
mod at_once;
mod indices;
mod mine;
mod password;
mod re_checked;
mod refresh;
mod restart;
mod reuse;
mod scope;

use rolecall_server::Config;

use crate::{
    face::{encoded, oauth_error, opened},
    util::{Actor, Answer, World, world::PASSWORD},
};

/// What a log-in or a refresh answered.
struct Tokens {
    access: String,
    refresh: String,
    expires_in: i64,
    scope: Option<String>,
}

impl Tokens {
    #[track_caller]
    fn of(answer: Answer) -> Tokens {
        let told = answer.expect(200).json();
        let text = |name: &str| told[name].as_str().expect("a token").to_owned();
        Tokens {
            access: text("access_token"),
            refresh: text("refresh_token"),
            expires_in: told["expires_in"].as_i64().expect("seconds"),
            scope: told.get("scope").map(|scope| scope.as_str().expect("a scope").to_owned()),
        }
    }

    /// Whoever has the access token.
    fn bearer(&self, world: &World) -> Actor {
        world.nobody().with_token(&self.access)
    }
}

/// Alice registers and logs in.
async fn alice(world: &World) -> Tokens {
    world.nobody().register("alice", PASSWORD).await.expect(201);
    log_in(world, None).await
}

/// Alice logs in once more.
async fn log_in(world: &World, scope: Option<&str>) -> Tokens {
    Tokens::of(world.nobody().log_in_for("alice", PASSWORD, scope).await)
}

/// The id of their session.
fn sid(tokens: &Tokens) -> String {
    opened(&tokens.access).1["sid"].as_str().expect("an id").to_owned()
}

async fn refresh(actor: &Actor, token: &str) -> Answer {
    actor.form("/token", &format!("grant_type=refresh_token&refresh_token={}", encoded(token))).await
}

async fn refresh_for(actor: &Actor, token: &str, scope: &str) -> Answer {
    let (token, scope) = (encoded(token), encoded(scope));
    actor.form("/token", &format!("grant_type=refresh_token&refresh_token={token}&scope={scope}")).await
}

/// Fails the test unless the token does not count.
#[track_caller]
fn is_refused(answer: &Answer) {
    oauth_error(answer, 400, "invalid_grant");
}

/// Fails the test unless nothing of the session counts any more.
async fn is_over(world: &World, tokens: &Tokens) {
    tokens.bearer(world).get("/me").await.expect(401);
    is_refused(&refresh(&world.nobody(), &tokens.refresh).await);
}

/// A token counts once.
fn without_grace(config: &mut Config) {
    config.refresh_grace = std::time::Duration::ZERO;
}
