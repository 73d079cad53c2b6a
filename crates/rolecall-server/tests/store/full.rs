//! A disk that is full: no more changes, but decisions; and it goes on when there is room again.

use std::{fs, io::Write, path::Path, process::Command};

use serde_json::json;
use tempfile::TempDir;

use crate::util::{binary::Service, world::PASSWORD};

/// A small disk of memory, where that is permitted.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    pub fn new() -> Option<Disk> {
        let folder = TempDir::new().expect("a folder");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(folder.path()).output();
        mount.is_ok_and(|said| said.status.success()).then_some(Disk { folder })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn fill(&self) {
        let mut filler = fs::File::create(self.path().join("filler")).expect("a file");
        while filler.write_all(&[1; 4096]).is_ok() {}
        while filler.write_all(&[1]).is_ok() {}
    }

    /// There is room again.
    pub fn empty(&self) {
        fs::remove_file(self.path().join("filler")).expect("removed");
    }

    /// With `ro`, nothing can be written any more; with `rw` it can again.
    pub fn remount(&self, how: &str) {
        let how = format!("remount,{how}");
        let said = Command::new("mount").args(["-o", &how]).arg(self.path()).output().expect("it starts");
        assert!(said.status.success(), "{said:?}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_go_on_and_so_do_changes_when_there_is_room() {
    let Some(disk) = Disk::new() else {
        println!("left out: no disk can be mounted here");
        return;
    };
    let service = Service::start(disk.path(), &["--listen", "127.0.0.1:0"]);
    let admin = service.nobody().logged_in("admin", service.password().expect("a password")).await;
    disk.fill();
    // What was set aside for the log is used up first.
    let (mut n, mut made) = (0, vec![]);
    let refused = loop {
        let name = format!("role{n}");
        let grants: Vec<String> = (0..50).map(|k| format!("object{n}.{k}:operation")).collect();
        let answer = admin.post("/admin/roles", json!({ "name": name, "permissions": grants })).await;
        match answer.status {
            201 => made.push(name),
            _ => break answer,
        }
        n += 1;
        assert!(n < 2000, "the disk is not full");
    };
    let problem = refused.expect(503).json();
    assert!(
        problem["detail"].as_str().is_some_and(|text| text.starts_with("the database cannot be used now")),
        "{problem}"
    );
    service.nobody().register("alice", PASSWORD).await.expect(503);
    admin.get("/me").await.expect(200);
    admin.get("/admin/users").await.expect(200);
    service.nobody().get("/users/").await.expect(404);

    disk.empty();
    crate::util::until(async || admin.get("/me").await.status == 200).await;
    service.nobody().register("alice", PASSWORD).await.expect(201);
    let after = admin.post("/admin/roles", json!({ "name": "after", "permissions": [] })).await.expect(201).json();
    assert_eq!(after["version"].as_u64(), Some(made.len() as u64 + 2), "none of those that were refused");
    assert!(service.stop().contains("free space on the disk"), "the log does not say why");
    let again = Service::start(disk.path(), &["--listen", "127.0.0.1:0"]);
    again.nobody().log_in("alice", PASSWORD).await.expect(200);
    again.stop();
}

#[test]
fn a_first_start_says_so_and_the_next_one_works() {
    let Some(disk) = Disk::new() else {
        println!("left out: no disk can be mounted here");
        return;
    };
    disk.fill();
    let said = Service::try_start(disk.path(), &["--listen", "127.0.0.1:0"]).err().expect("no room");
    said.refused(&["free space on the disk"]);
    disk.empty();
    let service = Service::start(disk.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(service.told["created"], true);
    service.stop();
}
