//! When nobody knows whether a change was committed, nothing is decided until it is known.

use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{assignment, version, with_role};
use crate::util::{
    Actor, Answer, Db, Rows, World, postgres,
    proxy::{AtCommit, Proxy},
    until,
};

struct Scene {
    proxy: Proxy,
    world: World,
    rows: Rows,
    admin: Actor,
    alice: Actor,
    before: i64,
}

impl Scene {
    async fn new() -> Scene {
        let (proxy, direct) = (Proxy::start(), postgres::database().await);
        let world = World::at(Db::Postgres, proxy.url(&direct), TempDir::new().expect("a folder")).await;
        let rows = Rows::at(&direct, world.folder.path()).await;
        let admin = world.administrator().await;
        let alice = with_role(&world, &admin, "alice").await;
        let before = version(&admin).await;
        Scene { proxy, world, rows, admin, alice, before }
    }

    /// Takes alice's role away; the connection to the database breaks meanwhile.
    async fn breaks(&self, at: AtCommit) -> JoinHandle<Answer> {
        self.proxy.at_next_commit(at);
        let (admin, path) = (self.admin.clone(), assignment(self.alice.id(), "admin"));
        let call = tokio::spawn(async move { admin.delete(&path).await });
        self.proxy.happened().await;
        call
    }

    /// From when the process knows that it does not know.
    async fn decides_nothing(&self) {
        until(async || self.alice.get("/items/").await.status == 503).await;
        for _ in 0..5 {
            let refused = self.alice.get("/items/").await.expect(503);
            assert_ne!(refused.header("retry-after"), "");
            self.alice.get("/users/").await.expect(503);
            self.admin.get("/admin/roles").await.expect(503);
            self.alice.with_token("not.a.token").get("/users/").await.expect(503);
            self.world.nobody().get("/users/").await.expect(401);
            self.world.nobody().get("/health").await.expect(200);
            self.world.nobody().get("/ready").await.expect(503);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_was_made() {
    let mut scene = Scene::new().await;
    let call = scene.breaks(AtCommit::CutAfter).await;
    assert_eq!(scene.rows.version().await, scene.before + 1);
    scene.decides_nothing().await;
    assert!(!call.is_finished(), "the caller was told what nobody knew");

    scene.proxy.heal();
    let told = call.await.expect("no panic").expect(200).json();
    assert_eq!((told["version"].as_i64(), told["in_force"].as_bool()), (Some(scene.before + 1), Some(true)));
    scene.alice.get("/items/").await.expect(403);
    scene.alice.get("/users/").await.expect(200);
    assert_eq!(version(&scene.admin).await, scene.before + 1);
    scene.world.give(&scene.admin, &scene.alice, "admin").await;
    scene.alice.get("/items/").await.expect(200);
    scene.world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_was_not_made() {
    let mut scene = Scene::new().await;
    let call = scene.breaks(AtCommit::CutBefore).await;
    scene.decides_nothing().await;
    assert!(!call.is_finished(), "the caller was told what nobody knew");

    scene.proxy.heal();
    call.await.expect("no panic").expect(503);
    scene.alice.get("/items/").await.expect(200);
    assert_eq!((scene.rows.version().await, version(&scene.admin).await), (scene.before, scene.before));
    let told = scene.admin.delete(&assignment(scene.alice.id(), "admin")).await.expect(200).json();
    assert_eq!(told["version"], scene.before + 1);
    scene.alice.get("/items/").await.expect(403);
    scene.world.stop().await;
}

/// The connection is there, and silent: 5 s after the question it is given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_answer_never_comes() {
    let scene = Scene::new().await;
    let call = scene.breaks(AtCommit::HoldAnswer).await;
    let told = call.await.expect("no panic").expect(200).json();
    assert_eq!((told["version"].as_i64(), told["in_force"].as_bool()), (Some(scene.before + 1), Some(true)));
    scene.alice.get("/items/").await.expect(403);
    assert_eq!(version(&scene.admin).await, scene.before + 1);
    // The connection is still waited for when the service stops; it does not wait for ever.
    stops(scene.world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_database_does_not_keep_a_process_from_stopping() {
    let scene = Scene::new().await;
    scene.proxy.go_silent();
    stops(scene.world).await;
}

async fn stops(world: World) {
    tokio::time::timeout(std::time::Duration::from_secs(60), world.stop()).await.expect("it stops");
}

/// Longer than anybody waits for an answer: 15 s.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_long_to_know() {
    let scene = Scene::new().await;
    let call = scene.breaks(AtCommit::CutAfter).await;
    call.await.expect("no panic").expect(503);
    scene.decides_nothing().await;
    // Who asks for another change does not get one by that.
    let (admin, path) = (scene.admin.clone(), assignment(scene.alice.id(), "user"));
    admin.delete(&path).await.expect(503);

    scene.proxy.heal();
    until(async || scene.alice.get("/users/").await.status == 200).await;
    scene.alice.get("/items/").await.expect(403);
    assert_eq!(version(&scene.admin).await, scene.before + 1);
    scene.world.stop().await;
}
