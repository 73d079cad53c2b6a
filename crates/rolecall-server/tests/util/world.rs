//! One service with its own database, its clock in our hands, and an application that it guards.

use std::{net::SocketAddr, time::Duration};

use axum::{Json, extract::Path};
use rolecall::{
    Caller, Router,
    clock::Clock,
    optional, permission, public, role,
    routing::{get, post},
};
use rolecall_server::{Config, Dev, Error, Rolecall};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Actor, postgres};

/// A password that is good enough, for whoever needs one.
pub const PASSWORD: &str = "seventeen violet otters";

/// Which database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Db {
    Sqlite,
    Postgres,
}

/// One service.
pub struct World {
    pub db: Db,
    /// Set forward to make things expire.
    pub clock: Clock,
    /// Where its files are.
    pub folder: TempDir,
    /// Where its database is.
    pub url: String,
    address: SocketAddr,
    password: String,
    configure: fn(&mut Config),
    stopper: CancellationToken,
    served: JoinHandle<Result<(), Error>>,
}

impl World {
    /// A new one, on a new database.
    pub async fn on(db: Db) -> World {
        World::with(db, |_| {}).await
    }

    /// The same with other settings.
    pub async fn with(db: Db, configure: fn(&mut Config)) -> World {
        let url = match db {
            Db::Sqlite => "sqlite://rolecall.db".to_owned(),
            Db::Postgres => postgres::database().await,
        };
        let folder = TempDir::new().expect("a folder");
        Down { db, clock: Clock::system(), folder, url, password: String::new(), configure }.up().await
    }

    /// A new one, on a database at this address, with its files in this folder.
    pub async fn at(db: Db, url: String, folder: TempDir) -> World {
        Down { db, clock: Clock::system(), folder, url, password: String::new(), configure: |_| {} }.up().await
    }

    /// The service on this database, not yet serving.
    pub async fn start(url: &str, folder: &TempDir, clock: &Clock) -> Result<Rolecall, Error> {
        Rolecall::start(World::config(url, folder)?, clock.clone()).await
    }

    fn config(url: &str, folder: &TempDir) -> Result<Config, Error> {
        let said = Dev { listen: Some("127.0.0.1:0".into()), database_url: Some(url.into()), lease: Some(5) };
        Config::dev(folder.path(), &said)
    }

    /// Serves with a service that was started.
    pub fn serve(db: Db, url: String, folder: TempDir, clock: Clock, rolecall: Rolecall, password: &str) -> World {
        let down = Down { db, clock, folder, url, password: password.to_owned(), configure: |_| {} };
        down.serving(rolecall)
    }

    /// Stops it in order, and starts it again on the same database. Its address is another one, so old tokens are void.
    pub async fn restarted(self) -> World {
        self.down().await.up().await
    }

    /// Stops it in order; what is left can be started again.
    pub async fn down(self) -> Down {
        let World { db, clock, folder, url, password, configure, stopper, served, .. } = self;
        stopper.cancel();
        served.await.expect("no panic").expect("served");
        Down { db, clock, folder, url, password, configure }
    }

    /// Stops it in order.
    pub async fn stop(self) {
        self.stopper.cancel();
        self.served.await.expect("no panic").expect("served");
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The password of `admin`.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Lets time go by for the service.
    pub fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The same, until the service decides again: on PostgreSQL its lease is over then, and it asks for the next one.
    pub async fn wait_for(&self, seconds: u64) {
        self.wait(seconds);
        let ready = async {
            while self.nobody().get("/ready").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ready).await.expect("the service decides again");
    }

    /// Now, as the service sees it.
    pub fn now(&self) -> i64 {
        self.clock.wall()
    }

    pub fn nobody(&self) -> Actor {
        Actor::nobody(self.address)
    }

    /// The account that `dev` makes, logged in.
    pub async fn administrator(&self) -> Actor {
        self.nobody().logged_in("admin", &self.password).await
    }

    /// Somebody who registers and logs in.
    pub async fn user(&self, name: &str) -> Actor {
        self.nobody().register(name, PASSWORD).await.expect(201);
        self.nobody().logged_in(name, PASSWORD).await
    }

    /// An administrator gives somebody a role; the token that he has can use it at once.
    pub async fn give(&self, admin: &Actor, to: &Actor, role: &str) {
        admin.put(&format!("/admin/users/{}/roles/{role}", to.id())).await.expect(200);
    }

    /// An administrator makes a role.
    pub async fn role(&self, admin: &Actor, name: &str, permissions: &[&str], inherits: &[&str]) {
        let role = json!({ "name": name, "permissions": permissions, "inherits": inherits });
        admin.post("/admin/roles", role).await.expect(201);
    }
}

/// A service that was stopped.
pub struct Down {
    pub db: Db,
    pub clock: Clock,
    pub folder: TempDir,
    pub url: String,
    password: String,
    configure: fn(&mut Config),
}

impl Down {
    /// The same with other settings.
    pub fn with(self, configure: fn(&mut Config)) -> Down {
        Down { configure, ..self }
    }

    /// Starts it again on the same database.
    pub async fn up(mut self) -> World {
        let mut config = World::config(&self.url, &self.folder).expect("settings");
        (self.configure)(&mut config);
        let rolecall = Rolecall::start(config, self.clock.clone()).await.expect("the service starts");
        if let Some(made) = rolecall.greeting().administrator() {
            self.password = made.password.to_string();
        }
        self.serving(rolecall)
    }

    fn serving(self, rolecall: Rolecall) -> World {
        let Down { db, clock, folder, url, password, configure } = self;
        let (address, stopper) = (rolecall.address(), rolecall.stopper());
        let served = tokio::spawn(rolecall.serve_until_stopped(application()));
        World { db, clock, folder, url, address, password, configure, stopper, served }
    }
}

/// The application that the service guards in tests: the tutorial's routes, and one for each kind of rule.
fn application() -> Router {
    Router::new()
        .route(
            "/items/",
            get(role("admin"), async |caller: Caller| Json(json!([{ "item_id": "Foo", "owner": caller.name() }]))),
        )
        .route("/users/", get(role("user"), async |caller: Caller| Json(json!([{ "username": caller.name() }]))))
        .route(
            "/notes/",
            get(permission("notes:read"), async || "notes").post(permission("notes:write"), async || "noted"),
        )
        .route("/staff/", get(role("staff").and(permission("notes:read")), async || "staff"))
        .route(
            "/hello",
            get(optional(), async |caller: Option<Caller>| {
                caller.map_or("stranger".to_owned(), |c| c.name().to_owned())
            }),
        )
        .route("/has/{role}", get(rolecall::authenticated(), has))
        .route("/may/{permission}", get(rolecall::authenticated(), may))
        .route("/panic", post(public(), async || -> &'static str { panic!("a handler panics") }))
}

async fn has(caller: Caller, Path(role): Path<String>) -> Json<Value> {
    Json(json!(caller.has_role(&role)))
}

async fn may(caller: Caller, Path(permission): Path<String>) -> Json<Value> {
    Json(json!(caller.may(&permission)))
}
