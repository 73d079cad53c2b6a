//! Row 18 of the security goals: neither a restart nor `kill -9` forgets which refresh token was spent.

use super::{Tokens, alice, is_refused, refresh};
use crate::util::{
    Actor, Db, World,
    binary::{self, Service},
    postgres, until,
    world::PASSWORD,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_forgets_nothing() {
    for db in [Db::Sqlite, Db::Postgres] {
        let world = World::on(db).await;
        let first = alice(&world).await;
        let second = Tokens::of(refresh(&world.nobody(), &first.refresh).await);
        let world = world.restarted().await;
        // In the grace, the same one.
        assert_eq!(Tokens::of(refresh(&world.nobody(), &first.refresh).await).refresh, second.refresh);
        let third = Tokens::of(refresh(&world.nobody(), &second.refresh).await);
        let world = world.restarted().await;
        is_refused(&refresh(&world.nobody(), &first.refresh).await);
        let world = world.restarted().await;
        is_refused(&refresh(&world.nobody(), &third.refresh).await);
        world.stop().await;
    }
}

/// Refreshes until the service has gone; answers the last token that came, and the one that was sent for no answer.
async fn refreshes(nobody: Actor, mut token: String, enough: tokio::sync::oneshot::Sender<()>) -> String {
    let mut enough = Some(enough);
    for n in 0.. {
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let Ok(answer) = nobody.try_send("POST", "/token", &headers, form).await else { break };
        token = Tokens::of(answer).refresh;
        if n == 2 {
            let _ = enough.take().expect("once").send(());
        }
    }
    token
}

async fn killed(url: &str) {
    let (folder, listen) = (tempfile::TempDir::new().expect("a folder"), binary::address());
    let arguments = ["--listen", &listen, "--database-url", url, "--lease", "5"];
    let mut service = Service::start(folder.path(), &arguments);
    service.nobody().register("alice", PASSWORD).await.expect(201);
    let first = Tokens::of(service.nobody().log_in("alice", PASSWORD).await);
    let mut token = Tokens::of(refresh(&service.nobody(), &first.refresh).await).refresh;
    for _ in 0..4 {
        let (enough, came) = tokio::sync::oneshot::channel();
        let client = tokio::spawn(refreshes(service.nobody().with_new_connections(), token, enough));
        came.await.expect("some refreshes");
        service.kill();
        token = client.await.expect("no fault");
        let mut started = None;
        until(async || {
            started = Service::try_start(folder.path(), &arguments).ok();
            started.is_some()
        })
        .await;
        service = started.expect("it starts");
        // The one whose answer never came: whether or not it was spent, it goes on.
        token = Tokens::of(refresh(&service.nobody(), &token).await).refresh;
    }
    is_refused(&refresh(&service.nobody(), &first.refresh).await);
    is_refused(&refresh(&service.nobody(), &token).await);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_forgets_nothing_on_sqlite() {
    killed("sqlite://rolecall.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_forgets_nothing_on_postgres() {
    killed(&postgres::database().await).await;
}
