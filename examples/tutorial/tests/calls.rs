//! The tutorial's calls, as its reader types them, against the application as he starts it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The application, in a folder of its own.
struct Tutorial {
    child: Child,
    address: String,
    lines: Vec<String>,
}

impl Tutorial {
    fn start(folder: &Path) -> Tutorial {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tutorial"));
        command.current_dir(folder).env("ROLECALL_LISTEN", "127.0.0.1:0").env_remove("ROLECALL_DATABASE_URL");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("standard output"));
        let mut lines = vec![];
        while lines.last().is_none_or(|line| line != "Ctrl-C ends it.") {
            let mut line = String::new();
            assert_ne!(stdout.read_line(&mut line).expect("text"), 0, "it ended: {lines:?}");
            lines.push(line.trim_end().to_owned());
        }
        thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let address = lines[0].split_whitespace().find(|word| word.starts_with("http://")).expect("an address");
        Tutorial { child, address: address.trim_end_matches(',').to_owned(), lines }
    }

    /// What `curl` gets: status, headers in lower case, body.
    fn curl(&self, path: &str, arguments: &[&str]) -> (u16, String, String) {
        let mut curl = Command::new("curl");
        let said = curl.args(["-si", &format!("{}{path}", self.address)]).args(arguments).output().expect("curl runs");
        let text = String::from_utf8(said.stdout).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    fn token(&self, username: &str, password: &str) -> String {
        let form = format!("grant_type=password&username={username}&password={password}");
        let (status, head, body) = self.curl("/token", &["-d", &form]);
        assert_eq!(status, 200, "{body}");
        assert!(head.contains("cache-control: no-store"), "{head}");
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)));
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    fn get(&self, path: &str, token: &str) -> (u16, String, String) {
        self.curl(path, &["-H", &format!("Authorization: Bearer {token}")])
    }
}

impl Drop for Tutorial {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn challenge(head: &str) -> &str {
    head.lines().find_map(|line| line.strip_prefix("www-authenticate: ")).unwrap_or_default()
}

const PASSWORD: &str = "seventeen violet otters";

#[test]
fn the_whole_tutorial() {
    let folder = TempDir::new().expect("a folder");
    let tutorial = Tutorial::start(folder.path());
    let administrator = tutorial.lines.iter().find_map(|line| line.strip_prefix("administrator: admin  password: "));
    let administrator = administrator.expect("the password is told");

    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let register = ["-H", "Content-Type: application/json", "-d", &body];
    let (status, _, registered) = tutorial.curl("/register", &register);
    assert_eq!(status, 201, "{registered}");
    let registered: Value = serde_json::from_str(&registered).expect("JSON");
    assert_eq!(registered["username"], "alice");
    assert_eq!(tutorial.curl("/register", &register).0, 409);

    let alice = tutorial.token("alice", PASSWORD);
    let (status, head, _) = tutorial.curl("/token", &["-d", "grant_type=password&username=alice&password=wrong"]);
    assert_eq!(status, 400, "{head}");
    let (status, _, me) = tutorial.get("/me", &alice);
    assert_eq!(status, 200);
    let me: Value = serde_json::from_str(&me).expect("JSON");
    assert_eq!((&me["id"], &me["username"], &me["roles"]), (&registered["id"], &json!("alice"), &json!(["user"])));

    assert_eq!(tutorial.get("/users/", &alice).2, r#"[{"username":"alice"}]"#);
    let (status, head, _) = tutorial.get("/items/", &alice);
    assert_eq!(status, 403);
    assert!(challenge(&head).contains("error=\"insufficient_scope\""), "{head}");

    for path in ["/users/", "/items/", "/me"] {
        let (status, head, _) = tutorial.curl(path, &[]);
        assert_eq!(status, 401, "{path}");
        // No error code: nothing was wrong with a token that was not sent.
        assert!(challenge(&head).starts_with("bearer") && !challenge(&head).contains("error"), "{path}: {head}");
        let (status, head, _) = tutorial.get(path, "not.a.token");
        assert_eq!(status, 401, "{path}");
        assert!(challenge(&head).contains("error=\"invalid_token\""), "{path}: {head}");
    }

    let admin = tutorial.token("admin", administrator);
    assert_eq!(tutorial.get("/items/", &admin).2, r#"[{"item_id":"Foo","owner":"admin"}]"#);
    assert_eq!(tutorial.get("/users/", &admin).0, 403, "the administrator has no role `user`");
    let role = format!("/admin/users/{}/roles/admin", me["id"].as_str().expect("an id"));
    let bearer = format!("Authorization: Bearer {admin}");
    assert_eq!(tutorial.curl(&role, &["-X", "PUT", "-H", &bearer]).0, 200);
    let (status, _, items) = tutorial.get("/items/", &alice);
    assert_eq!((status, items.as_str()), (200, r#"[{"item_id":"Foo","owner":"alice"}]"#));
    assert_eq!(tutorial.curl(&role, &["-X", "DELETE", "-H", &bearer]).0, 200);
    assert_eq!(tutorial.get("/items/", &alice).0, 403);
    assert_eq!(tutorial.get("/items", &alice).0, 404, "a slash at the end tells paths apart");

    // Stopped however, it finds everything again.
    drop(tutorial);
    let again = Tutorial::start(folder.path());
    assert!(again.lines.iter().any(|line| line.starts_with("The database was there")), "{:?}", again.lines);
    assert_eq!(again.get("/users/", &again.token("alice", PASSWORD)).2, r#"[{"username":"alice"}]"#);
}
