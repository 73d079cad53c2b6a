//! PostgreSQL databases that cannot be used.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use super::{dev_refuses, folder, refused};
use crate::util::{Db, Rows, World, binary::Service, postgres};

const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_applications() {
    for tables in [
        &["CREATE TABLE invoices (id BIGINT)"][..],
        // One that uses the same library for its migrations.
        &[
            "CREATE TABLE invoices (id BIGINT)",
            "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on \
             TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time \
             BIGINT NOT NULL)",
            "INSERT INTO _sqlx_migrations VALUES (20240101, 'theirs', now(), TRUE, '\\x00', 1)",
        ],
        // One that has a table of the same name.
        &["CREATE TABLE instance (id BIGINT)"],
        &["CREATE TABLE policy (id BIGINT)"],
    ] {
        let (folder, url) = (folder(), postgres::database().await);
        let mut rows = Rows::at(&url, folder.path()).await;
        for sql in tables {
            rows.run(sql).await;
        }
        let before = rows.texts(TABLES).await;
        refused(folder.path(), &url, &["has tables of another application", "name an empty database"]);
        assert_eq!(rows.texts(TABLES).await, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_a_newer_release() {
    let down = World::on(Db::Postgres).await.down().await;
    let mut rows = Rows::at(&down.url, down.folder.path()).await;
    rows.run("INSERT INTO _sqlx_migrations VALUES (9999, 'later', now(), TRUE, '\\x00', 1)").await;
    refused(down.folder.path(), &down.url, &["made by a newer Rolecall", "run that one, or a later one"]);
    rows.run("DELETE FROM _sqlx_migrations WHERE version = 9999").await;
    down.up().await.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_init_made() {
    let down = World::on(Db::Postgres).await.down().await;
    let mut rows = Rows::at(&down.url, down.folder.path()).await;
    rows.run("UPDATE instance SET made_by = 'init'").await;
    let row = "SELECT holder || signed_off::text || lease_ms::text || version::text FROM policy";
    let before = rows.texts(row).await;
    dev_refuses(down.folder.path(), &down.url, &["was not made by `dev`", "name another database"]);
    assert_eq!(rows.texts(row).await, before, "who could not start has written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_must_not_be_written() {
    let down = World::on(Db::Postgres).await.down().await;
    let mut rows = Rows::at(&down.url, down.folder.path()).await;
    let name = rows.texts("SELECT current_database()::text").await[0].clone();
    rows.run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    refused(down.folder.path(), &down.url, &["cannot be written", "writable"]);
    rows.run(&format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await;
    down.up().await.stop().await;
}

const SECRET: &str = "fiveHundredGreenGeese";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_not_there() {
    let folder = folder();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    for url in [
        format!("postgres://rolecall:{SECRET}@127.0.0.1:{closed}/rolecall"),
        format!("postgres://rolecall:{SECRET}@localhost/rolecall?host=/no/such/folder"),
        format!("postgres://rolecall:{SECRET}@no-such-host.invalid/rolecall"),
    ] {
        let message =
            refused(folder.path(), &url, &["cannot be reached", "see that it runs and that the address is right"]);
        assert!(!message.contains(SECRET), "{message}");
    }
    let there = postgres::database().await;
    let (before, after) = there.split_once("/test_").expect("a name");
    let url = format!("{before}/no_such_database?{}", after.split_once('?').expect("a folder").1);
    refused(folder.path(), &url, &["no_such_database", "see that it runs and that the address is right"]);
    let url = there.replacen("rolecall@", &format!("nobody_here:{SECRET}@"), 1);
    let message = refused(folder.path(), &url, &["nobody_here", "see that it runs and that the address is right"]);
    assert!(!message.contains(SECRET), "{message}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "something was made");
}

/// A server that says no to every password.
fn says_no() -> u16 {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("an address").port();
    thread::spawn(move || {
        for client in server.incoming() {
            let Ok(mut client) = client else { return };
            let mut message = |expected: usize| {
                let mut bytes = vec![0; expected];
                client.read_exact(&mut bytes).map(|()| bytes)
            };
            let Ok(length) = message(8) else { continue };
            if length[4..] == 80_877_103_u32.to_be_bytes() {
                // No encryption; then comes the start message.
                let _ = client.write_all(b"N");
                let mut head = [0; 4];
                let _ = client.read_exact(&mut head);
            }
            let text = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"rolecall\"\0\0";
            let length = u32::try_from(text.len() + 4).expect("short").to_be_bytes();
            let _ = client.write_all(&[b"E", &length[..], text].concat());
        }
    });
    port
}

#[test]
fn one_that_does_not_take_the_password() {
    let (folder, port) = (folder(), says_no());
    let url = format!("postgres://rolecall:{SECRET}@127.0.0.1:{port}/rolecall");
    let message = refused(
        folder.path(),
        &url,
        &["password authentication failed", "see that it runs and that the address is right"],
    );
    assert!(!message.contains(SECRET), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_is_told_nowhere() {
    let (folder, url) = (folder(), postgres::database().await);
    let with_password = url.replacen("rolecall@", &format!("rolecall:{SECRET}@"), 1);
    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &with_password];
    let service = Service::start(folder.path(), &arguments);
    assert!(!service.told.to_string().contains(SECRET));
    let said = crate::util::binary::refuses(crate::util::binary::rolecall(folder.path(), &["dev"]).args(arguments));
    assert!(!said.refused(&["is in use by"]).contains(SECRET));
    assert!(!service.stop().contains(SECRET));
}
