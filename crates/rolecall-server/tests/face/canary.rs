//! Secrets in every field that they could get into, right or wrong: none of them comes out again. With the binary, with
//! everything logged that can be.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout},
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{encoded, raw};
use crate::util::{Actor, Answer, binary, handed::elliptic, postgres};

/// `rolecall dev`, running.
struct Running {
    child: Child,
    folder: TempDir,
    told: Value,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start(database_url: Option<&str>) -> Running {
        let folder = TempDir::new().expect("a folder");
        let mut arguments = vec!["dev", "--listen", "127.0.0.1:0", "--json"];
        arguments.extend(database_url.into_iter().flat_map(|url| ["--database-url", url]));
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let mut command = binary::rolecall(folder.path(), &arguments);
        let mut child = command.env("RUST_LOG", "trace").stderr(log).spawn().expect("the binary starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let said = || fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        let told = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}{}", said()));
        Running { child, folder, told, stdout }
    }

    fn address(&self) -> SocketAddr {
        let address = self.told["address"].as_str().and_then(|url| url.strip_prefix("http://")).expect("an address");
        address.parse().expect("an address")
    }

    /// Ends it in order; what else it printed, what it logged, and the folder.
    fn stop(mut self) -> (String, String, TempDir) {
        binary::signal_to(&self.child, Signal::TERM);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        assert!(binary::wait(&mut self.child).success());
        let log = fs::read_to_string(self.folder.path().join("log")).expect("a log that is UTF-8");
        (rest, log, self.folder)
    }
}

/// Secrets, each of which can be told from all others.
struct Canaries {
    seed: String,
    made: Vec<String>,
}

impl Canaries {
    fn new() -> Canaries {
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random).expect("randomness");
        Canaries { seed: random.map(|byte| format!("{byte:02x}")).concat(), made: vec![] }
    }

    /// A new one, in letters that survive every encoding.
    fn sing(&mut self) -> String {
        let secret = format!("Zq{}Xv{:03}KwjY", self.seed, self.made.len());
        self.made.push(secret.clone());
        secret
    }
}

async fn every_way_in(address: SocketAddr, admin_password: &str, canaries: &mut Canaries) -> Vec<Answer> {
    let nobody = &Actor::nobody(address);
    let mut answers = vec![];
    let json = [("content-type", "application/json")];
    let form = [("content-type", "application/x-www-form-urlencoded")];

    // Where they belong.
    let (alice, bob) = (canaries.sing(), canaries.sing());
    nobody.register("alice", &alice).await.expect(201);
    let alice_in = nobody.logged_in("alice", &alice).await;
    let admin = nobody.logged_in("admin", admin_password).await;
    for secret in [alice_in.token(), admin.token(), admin_password] {
        canaries.made.push(secret.to_owned());
        canaries.made.push(secret.rsplit('.').next().unwrap_or_default().to_owned());
    }
    answers.push(admin.post("/admin/users", json!({ "username": "bob", "password": bob })).await.expect(201));
    let mut tokens = vec![nobody.log_in("alice", &alice).await.expect(200).json()];
    for _ in 0..2 {
        let last = tokens.last().expect("a token")["refresh_token"].as_str().expect("a token");
        let form = format!("grant_type=refresh_token&refresh_token={last}");
        tokens.push(nobody.form("/token", &form).await.expect(200).json());
    }
    for token in tokens.iter().flat_map(|told| [&told["access_token"], &told["refresh_token"]]) {
        let token = token.as_str().expect("a token");
        canaries.made.extend([token.to_owned(), token[token.len() / 2..].to_owned()]);
    }
    // That one ends the session is told.
    let spent = tokens[0]["refresh_token"].as_str().expect("a token");
    for token in [spent.to_owned(), format!("{spent}x"), canaries.sing(), format!("rcr_{}", canaries.sing())] {
        answers
            .push(nobody.form("/token", &format!("grant_type=refresh_token&refresh_token={token}")).await.expect(400));
    }
    let grant = "grant_type=urn%3Arolecall%3Aoauth%3Agrant-type%3Aapi-key&api_key=";
    let made = alice_in.post("/me/keys", json!({ "name": "robot", "expires_in": 600 })).await.expect(201).json();
    let key = made["api_key"].as_str().expect("a key");
    let told = nobody.form("/token", &format!("{grant}{key}")).await.expect(200).json();
    for secret in [key, told["access_token"].as_str().expect("a token")] {
        canaries.made.extend([secret.to_owned(), secret[secret.len() / 2..].to_owned()]);
    }
    for wrong in [format!("{key}x"), canaries.sing(), format!("rck_{}", canaries.sing())] {
        answers.push(nobody.form("/token", &format!("{grant}{wrong}")).await.expect(400));
    }
    for body in [
        json!({ "name": "robot", "expires_in": 600, "scope": canaries.sing() }),
        json!({ "name": "robot", "expires_in": canaries.sing() }),
        json!({ "name": format!("\n{}", canaries.sing()), "expires_in": 600 }),
        json!({ "name": "robot", "expires_in": 600, "api_key": canaries.sing() }),
    ] {
        answers.push(alice_in.post("/me/keys", body).await.expect(400));
    }
    answers.push(alice_in.get("/me/keys").await.expect(200));
    answers.push(alice_in.delete(&format!("/me/keys/{}", made["id"].as_str().expect("an id"))).await.expect(200));
    answers.push(nobody.log_in("alice", &canaries.sing()).await.expect(400));
    answers.push(nobody.log_in("nobody", &canaries.sing()).await.expect(400));
    answers.push(nobody.register("alice", &canaries.sing()).await.expect(409));

    // A client's secret, its token, and what is no secret of its.
    let made = admin.post("/admin/clients", json!({ "client_name": "machine" })).await.expect(201).json();
    let id = made["client_id"].as_str().expect("an id");
    let more = admin.post(&format!("/admin/clients/{id}/secrets"), json!({})).await.expect(201).json();
    for made in [&made, &more] {
        let secret = made["client_secret"].as_str().expect("a secret");
        canaries.made.push(secret.to_owned());
        let basic = format!("Basic {}", base64_of(&format!("{id}:{secret}")));
        let headers = [form[0], ("authorization", basic.as_str())];
        let told = nobody.send("POST", "/token", &headers, "grant_type=client_credentials").await.expect(200).json();
        let token = told["access_token"].as_str().expect("a token").to_owned();
        answers.push(nobody.with_token(&token).get("/me").await.expect(200));
        answers.push(nobody.with_token(&token).get("/admin/users").await.expect(403));
        canaries.made.push(token);
        // In the other way, which is wrong.
        let posted = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        answers.push(nobody.form("/token", &posted).await.expect(401));
    }
    answers.push(admin.get(&format!("/admin/clients/{id}")).await.expect(200));
    answers.push(admin.get("/admin/clients").await.expect(200));
    let jwks = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": canaries.sing(), "d": canaries.sing() }] });
    let keys = json!({ "client_name": "x", "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks });
    answers.push(admin.post("/admin/clients", keys).await.expect(400));
    let kind = encoded("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let asserted =
        format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={}", canaries.sing());
    answers.push(nobody.form("/token", &asserted).await.expect(401));

    // A signing key that comes in, whole and damaged.
    let (theirs, other) = (elliptic(), elliptic());
    for key in [&theirs, &other] {
        canaries.made.push(key.jwk["d"].as_str().expect("text").to_owned());
        // What follows is public.
        canaries.made.push(key.pem.lines().nth(1).expect("a line").to_owned());
        canaries.made.push(key.old_pem.lines().nth(1).expect("a line")[16..].to_owned());
    }
    answers.push(admin.post("/admin/keys", json!({ "jwk": theirs.jwk })).await.expect(201));
    answers.push(admin.post("/admin/keys", json!({ "pem": theirs.old_pem })).await.expect(409));
    let altered = |name: &str, value: Value| {
        let mut jwk = other.jwk.clone();
        jwk[name] = value;
        jwk
    };
    for body in [
        json!({ "jwk": altered("d", theirs.jwk["d"].clone()) }),
        json!({ "jwk": altered("d", format!("{}x", other.jwk["d"].as_str().expect("text")).into()) }),
        json!({ "jwk": altered("d", json!([other.jwk["d"]])) }),
        json!({ "jwk": altered("kid", json!({ "d": other.jwk["d"] })) }),
        json!({ "jwk": { "keys": [other.jwk] } }),
        json!({ "jwk": [other.jwk] }),
        json!({ "jwk": other.jwk.to_string() }),
        json!({ "pem": other.jwk }),
        json!({ "pem": other.pem.replace('-', "") }),
        json!({ "pem": other.pem.replacen("MIG", "!MIG", 1) }),
        json!({ "pem": format!("{}{}", other.pem, other.old_pem) }),
        json!({ "pem": other.pem, "kid": other.pem }),
        json!({ "jwk": other.jwk, "pem": other.pem }),
        json!({ "algorithm": other.pem }),
        json!({ "jwk": { "kty": "oct", "k": base64_of(&canaries.sing()).trim_end_matches('='), "kid": "x" } }),
        json!({ "jwk": { "kty": "oct", "k": canaries.sing() } }),
    ] {
        answers.push(admin.post("/admin/keys", body).await.expect(400));
    }
    answers.push(admin.get("/admin/keys").await.expect(200));
    answers.push(admin.get("/admin/audit?action=key.imported").await.expect(200));

    // In the wrong field of a body.
    for body in [
        json!({ "username": format!("{} {}", canaries.sing(), canaries.sing()), "password": "x" }),
        json!({ "username": "carol", "password": canaries.sing(), "passwrod": canaries.sing() }),
        json!({ "username": "carol", "password": [canaries.sing()] }),
        json!({ "username": "carol", "password": { "value": canaries.sing() } }),
        json!({ "username": { "password": canaries.sing() }, "password": true }),
        json!({ "username": 1, "password": canaries.sing() }),
        json!({ "username": "carol", "password": canaries.sing()[..10] }),
        json!([canaries.sing(), canaries.sing()]),
        json!(canaries.sing()),
    ] {
        answers.push(nobody.post("/register", body.clone()).await);
        answers.push(admin.post("/admin/users", body.clone()).await);
        answers.push(admin.post("/admin/roles", body.clone()).await);
        answers.push(admin.post("/admin/clients", body.clone()).await);
        answers.push(admin.post("/admin/apis", body.clone()).await);
        answers.push(admin.patch(&format!("/admin/users/{}", alice_in.id()), body.clone()).await);
        answers.push(admin.put_json(&format!("/admin/users/{}/roles/user", alice_in.id()), body).await);
    }
    // Where something of another type belongs: whoever reads it likes to quote what he found.
    let user = format!("/admin/users/{}", alice_in.id());
    answers.push(admin.patch(&user, json!({ "disabled": canaries.sing() })).await.expect(400));
    answers.push(admin.patch(&user, json!({ "email": canaries.sing() })).await.expect(400));
    answers.push(admin.put_json(&format!("{user}/roles/user"), json!({ "until": canaries.sing() })).await.expect(400));
    let role = json!({ "name": "x", "permissions": canaries.sing() });
    answers.push(admin.post("/admin/roles", role).await.expect(400));
    let secret = canaries.sing();
    for body in [
        format!(r#"{{"username": "carol", "password": "{secret}""#),
        format!(r#"{{"username": "carol", "password": "{secret}", "password": "{secret}"}}"#),
        format!(r#"{{"username": "carol", "password": {secret}}}"#),
        format!(r#"{{"username": "carol", "password": "{secret}\x"}}"#),
        secret.clone(),
        format!("username=carol&password={secret}"),
    ] {
        for path in ["/register", "/admin/users", "/admin/roles"] {
            answers.push(admin.send("POST", path, &json, body.clone()).await);
            answers.push(admin.send("POST", path, &form, body.clone()).await);
        }
        answers.push(nobody.send("POST", "/token", &json, body.clone()).await);
        answers.push(nobody.send("POST", "/token", &form, body).await);
    }

    // In the wrong field of a form.
    for form in [
        format!("grant_type={}&username=alice&password={}", canaries.sing(), canaries.sing()),
        format!("grant_type=password&username={}&password={}", canaries.sing(), canaries.sing()),
        format!("grant_type=password&username={0}%20{0}%0A%1b&password=x", canaries.sing()),
        format!("grant_type=password&username={}%40example.org&password=x", canaries.sing()),
        format!("grant_type=password&username=alice&password=x&scope={}", canaries.sing()),
        format!("grant_type=password&username=alice&password=x&resource={}", canaries.sing()),
        format!("grant_type=password&username=alice&password=x&client_id={}", canaries.sing()),
        format!("grant_type=password&username=alice&password=x&client_secret={}", canaries.sing()),
        format!("grant_type=password&password={0}&password={0}&username=alice", canaries.sing()),
        format!("grant_type=password&{}=x&username=alice", canaries.sing()),
        format!("password={}%ff", canaries.sing()),
        canaries.sing(),
    ] {
        answers.push(nobody.form("/token", &form).await);
        // In a query, too.
        for path in ["/token", "/me", "/register", "/admin/users", "/admin/audit", "/health", "/nothing"] {
            answers.push(admin.get(&format!("{path}?{form}")).await);
            answers.push(nobody.form(&format!("{path}?{form}"), "").await);
        }
    }

    // In a path.
    for path in ["/", "/me/", "/admin/", "/admin/users/", "/admin/roles/", "/has/", "/admin/users/x/roles/"] {
        let path = format!("{path}{}", canaries.sing());
        for method in ["GET", "PUT", "DELETE", "POST"] {
            answers.push(admin.send(method, &path, &[], "").await);
            answers.push(nobody.send(method, &path, &json, "{}").await);
        }
    }
    // Whoever writes a permission that is none reads what he wrote; nobody else does.
    admin.put(&format!("/admin/roles/user/permissions/{}", canaries.sing())).await.expect(400);

    // In a header.
    for header in [
        format!("Basic {}", base64_of(&format!("{}:{}", canaries.sing(), canaries.sing()))),
        format!("Basic {}", canaries.sing()),
        format!("Bearer {}", canaries.sing()),
        format!("Bearer {0}.{0}.{0}", canaries.sing()),
        format!("Bearer {}x", alice_in.token()),
        format!("Digest {}", canaries.sing()),
        canaries.sing(),
    ] {
        for path in ["/me", "/admin/users", "/health", "/nothing"] {
            let cookie = format!("session={}", canaries.sing());
            let headers = [
                ("authorization", &*header),
                ("cookie", &*cookie),
                ("x-api-key", &*canaries.sing()),
                ("referer", &*canaries.sing()),
            ];
            answers.push(nobody.send("GET", path, &headers, "").await);
            answers.push(nobody.send("GET", path, &[headers[0], headers[0]], "").await);
        }
        let headers = [form[0], ("authorization", &*header)];
        answers.push(nobody.send("POST", "/token", &headers, "grant_type=password&username=alice&password=x").await);
    }
    for agent in ["\u{1b}[31mred\u{7}", "a\u{2028}b", "a\u{202e}b", "a\u{85}b"] {
        let call = format!(
            "GET /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nuser-agent: {agent}\r\nx-request-id: {agent}\r\n\r\n"
        );
        if let Some(answer) = raw::answered(raw::begun(address, &call).await).await {
            answers.push(answer);
        }
        answers.push(nobody.register(&format!("{agent}\r\n{agent}"), "x").await);
        answers.push(nobody.log_in(agent, agent).await);
        answers.push(admin.get(&format!("/admin/users/{}", encoded(agent))).await);
        answers.push(admin.get(&format!("/admin/users?username={}", encoded(agent))).await);
        answers.push(admin.post("/admin/users", json!({ "username": "carol", "email": format!("{agent}@x") })).await);
        answers.push(admin.post("/admin/roles", json!({ "name": agent, "permissions": [agent] })).await);
    }
    // A right taken away and a session ended are told too.
    answers.push(admin.delete(&format!("/admin/users/{}/roles/user", alice_in.id())).await.expect(200));
    answers.push(alice_in.get("/admin/users").await.expect(403));
    answers
        .push(admin.patch(&format!("/admin/users/{}", alice_in.id()), json!({ "disabled": true })).await.expect(200));
    answers.push(alice_in.get("/me").await.expect(401));
    answers.push(nobody.log_in("alice", &alice).await.expect(400));
    answers
}

fn base64_of(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}

/// Each file in a folder, whatever it is.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file")))
        .collect()
}

async fn no_secret_comes_out(database_url: Option<String>) {
    let running =
        tokio::task::spawn_blocking(move || Running::start(database_url.as_deref())).await.expect("it starts");
    let mut canaries = Canaries::new();
    let password = running.told["administrator"]["password"].as_str().expect("a password").to_owned();
    let answers = every_way_in(running.address(), &password, &mut canaries).await;
    let (rest, log, folder) = tokio::task::spawn_blocking(|| running.stop()).await.expect("it stops");

    assert_eq!(rest, "", "words on stdout");
    assert!(canaries.made.len() > 100);
    let said: String = answers.iter().map(|answer| format!("{:?}{}\n", answer.headers, answer.text())).collect();
    for answer in &answers {
        assert!(answer.status < 500, "{}", answer.text());
        super::no_code(answer);
    }
    for (what, text) in [("the log", &log), ("an answer", &said)] {
        for secret in &canaries.made {
            let at = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(at.is_none(), "{secret} is in {what}: {at:?}");
            let encoded = base64_of(secret);
            assert!(!text.contains(encoded.trim_end_matches('=')), "{secret} is in {what} in base64");
        }
    }
    for (name, bytes) in files(folder.path()) {
        let text = String::from_utf8_lossy(&bytes);
        for secret in &canaries.made {
            assert!(!text.contains(secret.as_str()), "{secret} is in {name}");
        }
    }

    // Every line is one JSON object, and what came from outside is escaped in it.
    assert!(log.lines().count() > 100);
    for line in log.lines() {
        let told: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(told.is_object() && told["level"].is_string() && told["timestamp"].is_string(), "{line}");
        assert!(!line.contains(['\u{1b}', '\u{7}', '\u{85}', '\u{2028}', '\u{202e}', '\r']), "{line}");
    }
    let levels: Vec<_> =
        ["INFO", "DEBUG"].iter().filter(|level| log.contains(&format!("\"level\":\"{level}\""))).collect();
    assert_eq!(levels.len(), 2, "it was asked for everything");
    assert!(log.contains(r#""status":401"#) && log.contains(r#""request_id":"#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_comes_out_on_sqlite() {
    no_secret_comes_out(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_comes_out_on_postgres() {
    no_secret_comes_out(Some(postgres::database().await)).await;
}
