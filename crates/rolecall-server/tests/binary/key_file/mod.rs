//! `rolecall keys rotate-file`: nobody who uses the service notices, whatever cuts it off.

mod cut_off;
mod killed;
mod refused;
mod rotated;
mod unwritable;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    face::encoded,
    util::{
        Actor, Rows,
        binary::{self, Said, Service, rolecall, run},
        world::PASSWORD,
    },
};

const SQLITE: &str = "sqlite://rolecall.db";

/// A service for production that is not running, and what somebody has of it.
struct Scene {
    folder: TempDir,
    url: String,
    olivia: Actor,
    /// The refresh token that counts.
    refresh: String,
    /// Under which names guesses were counted.
    names: Vec<String>,
    /// What others verify with.
    published: Value,
}

impl Scene {
    /// With one key that signs, one that waits, and one of which nothing is left.
    async fn on(url: &str) -> Scene {
        Scene::with(url, None).await
    }

    /// The same with a key file that was there before.
    async fn with(url: &str, key: Option<&[u8]>) -> Scene {
        let folder = TempDir::new().expect("a folder");
        key.into_iter().for_each(|key| write(&folder.path().join("rolecall.key"), key));
        let settings = format!(
            "database_url = \"{url}\"\nlisten = \"{}\"\nlease = 5\nguesses_per_account = 1000\n",
            binary::address()
        );
        fs::write(folder.path().join("rolecall.toml"), settings).expect("a file");
        let said = run(&mut rolecall(folder.path(), &["init", "--username", "olivia"]), PASSWORD);
        assert_eq!(said.code, Some(0), "{said:?}");
        let service = Service::serve(folder.path(), &[]);
        let told = service.nobody().log_in("olivia", PASSWORD).await.expect(200).json();
        let text = |name: &str| told[name].as_str().expect("a token");
        let olivia = service.nobody().with_token(text("access_token"));
        let refresh = text("refresh_token").to_owned();
        for _ in 0..2 {
            let made = olivia.post("/admin/keys", json!({})).await.expect(201).json();
            let first =
                olivia.get("/admin/keys").await.expect(200).json()["items"].as_array().expect("keys").len() == 2;
            if first {
                olivia.delete(&format!("/admin/keys/{}", made["kid"].as_str().expect("a kid"))).await.expect(200);
            }
        }
        let published = olivia.get("/.well-known/jwks.json").await.expect(200).json();
        service.nobody().log_in("olivia", "a wrong one").await.expect(400);
        service.stop();
        let mut scene = Scene { folder, url: url.to_owned(), olivia, refresh, names: vec![], published };
        scene.names = scene.counted().await;
        scene
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn key(&self) -> PathBuf {
        self.path().join("rolecall.key")
    }

    /// The one that is to follow.
    fn new_key(&self) -> PathBuf {
        self.path().join("rolecall.key.new")
    }

    fn rotate(&self) -> Said {
        run(&mut rolecall(self.path(), &["keys", "rotate-file"]), "")
    }

    async fn rows(&self) -> Rows {
        Rows::at(&self.url, self.path()).await
    }

    async fn counted(&self) -> Vec<String> {
        self.rows().await.texts("SELECT bucket FROM guesses").await
    }

    /// Fails the test unless the service starts, and all that somebody has of it counts. Answers what it logs.
    async fn goes_on(&mut self) -> String {
        let service = Service::serve(self.path(), &[]);
        let olivia = self.olivia.with_new_connections();
        olivia.get("/admin/users").await.expect(200);
        assert_eq!(olivia.get("/.well-known/jwks.json").await.expect(200).json(), self.published);
        let form = format!("grant_type=refresh_token&refresh_token={}", encoded(&self.refresh));
        let told = service.nobody().form("/token", &form).await.expect(200).json();
        self.refresh = told["refresh_token"].as_str().expect("a token").to_owned();
        service.nobody().log_in("olivia", "a wrong one").await.expect(400);
        let log = service.stop();
        let counted = self.counted().await;
        assert!(!counted.is_empty() && counted.iter().all(|name| self.names.contains(name)), "another count begins");
        log
    }

    /// The same, of one that was rotated to its end: nothing is left beside the key file, which is as good.
    async fn goes_on_alone(&mut self) -> String {
        let log = self.goes_on().await;
        assert!(!self.new_key().exists());
        assert_eq!(fs::metadata(self.key()).expect("a file").permissions().mode() & 0o777, 0o600);
        log
    }
}

/// Writes a file as its owner's alone.
fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a mode");
}
