//! Any call gets an answer that `docs/status-codes.md` knows: no fault of ours, and the shape that its status has.
//!
//! The bytes are a call as text: a line with method and target, lines with headers, an empty line, the body. `{admin}`
//! in a header stands for an administrator's token.

use axum::body::Body;
use http::Request;
use serde_json::Value;

use super::service::{Answer, Service};

const STATUSES: [u16; 10] = [200, 201, 400, 401, 403, 404, 405, 409, 413, 415];

/// The key of RFC 8037, A.1.
const RFC_8037_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const RFC_8037_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

pub fn seeds() -> Vec<Vec<u8>> {
    let form = "content-type: application/x-www-form-urlencoded";
    let json = "content-type: application/json";
    let admin = "authorization: Bearer {admin}";
    let user = "/admin/users/01890a5d-ac96-774b-bcce-b302099a8057";
    let calls = [
        format!("POST /token\n{form}\n\ngrant_type=none&username=alice&password=a%20b+c&scope=user%20items:read"),
        format!("POST /token\n{form}\n\ngrant_type=password&username=alice&password=x"),
        format!(
            "POST /token\n{form}\nauthorization: Basic Og==\n\ngrant_type=none&client_id=rolecall&resource=http://x"
        ),
        format!("POST /token\n{form}\nauthorization: Basic cm9sZWNhbGw6\n\ngrant_type=none&client_id=x"),
        "GET /token?grant_type=password".to_owned(),
        format!("POST /register\n{json}\n\n{{\"username\":\"alice\",\"password\":\"passwordpassword\"}}"),
        format!(
            "POST /register\n{json}; charset=utf-8\n\n{{\"username\":\"Ａｌｉｃｅ\",\"password\":\"x\",\"admin\":true}}"
        ),
        format!("GET /me\n{admin}"),
        format!("GET /me?access_token=x\n{admin}"),
        format!("GET /me\n{admin}\n{admin}"),
        "GET /me\nauthorization: bearer eyJhbGciOiJub25lIn0.e30.".to_owned(),
        format!("GET /admin/users?username=%61dmin&limit=2&after=01890a5d-ac96-774b-bcce-b302099a8057\n{admin}"),
        format!("GET /admin/audit?subject=a&actor=%00&action=role.assigned&since=-1&limit=201\n{admin}"),
        format!("POST /admin/users\n{admin}\n{json}\n\n{{\"username\":\"bob\",\"email\":\"b@example.org\"}}"),
        format!("PATCH {user}\n{admin}\n{json}\n\n{{\"disabled\":false,\"email\":null}}"),
        format!("PUT {user}/roles/user\n{admin}\n{json}\nprefer: respond-async, wait=1\n\n{{\"until\":1893456000}}"),
        format!("DELETE {user}/roles/%75ser\n{admin}"),
        format!(
            "POST /admin/roles\n{admin}\n{json}\n\n{{\"name\":\"r\",\"permissions\":[\"a:b:own\"],\"inherits\":[\"user\"]}}"
        ),
        format!("PUT /admin/roles/user/permissions/items:*\n{admin}"),
        format!("DELETE /admin/roles/user/inherits/admin\n{admin}"),
        format!("GET /admin/roles?limit=1&after=admin\n{admin}"),
        format!(
            "POST /admin/keys\n{admin}\n{json}\n\n{{\"jwk\":{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"{RFC_8037_D}\",\"x\":\"{RFC_8037_X}\"}},\"signs\":true}}"
        ),
        format!(
            "POST /admin/keys\n{admin}\n{json}\n\n{{\"pem\":\"-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\\n-----END PUBLIC KEY-----\",\"kid\":\"a\"}}"
        ),
        format!("DELETE /admin/keys/a\n{admin}"),
        "GET /.well-known/jwks.json".to_owned(),
        "HEAD /.well-known/oauth-authorization-server".to_owned(),
        "OPTIONS /readyz".to_owned(),
    ];
    calls.map(String::into_bytes).into()
}

pub fn run(service: &Service, bytes: &[u8]) {
    let Some(request) = read(bytes, &service.token()) else { return };
    let asked = format!("{} {}", request.method(), request.uri());
    let (is_head, is_token) = (request.method() == "HEAD", request.uri().path() == "/token");
    let answer = service.ask(request);

    assert!(STATUSES.contains(&answer.status), "{asked}: {answer:?}");
    if is_head {
        assert!(answer.body.is_empty(), "{asked}: {answer:?}");
        return;
    }
    match answer.status {
        200 | 201 => drop(answer.json()),
        // axum's own, without a word; a layer further out puts it into words.
        404 | 405 if answer.body.is_empty() => {}
        _ if is_token => is_oauth_error(&asked, &answer),
        _ => is_problem(&asked, &answer),
    }
}

fn is_problem(asked: &str, answer: &Answer) {
    let told = answer.json();
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    assert_eq!(answer.header("content-type"), "application/problem+json", "{asked}");
    assert_eq!(told["status"], answer.status, "{asked}: {told}");
    assert!(text("type").starts_with("urn:rolecall:problem:") && !text("detail").is_empty(), "{asked}: {told}");
    assert_eq!(answer.header("cache-control"), "no-store", "{asked}");
    let challenges = matches!(answer.status, 401 | 403);
    assert!(!challenges || answer.header("www-authenticate").starts_with("Bearer "), "{asked}: {answer:?}");
}

/// RFC 6749, 5.2, with the characters that it allows.
fn is_oauth_error(asked: &str, answer: &Answer) {
    let told = answer.json();
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
    assert!(told["error"].as_str().is_some_and(|code| !code.is_empty()), "{asked}: {told}");
    let allowed = |text: &str| text.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\');
    assert!(told["error_description"].as_str().is_some_and(allowed), "{asked}: {told}");
    assert!(answer.status != 401 || answer.header("www-authenticate").starts_with("Basic "), "{asked}");
    assert!(told.as_object().is_some_and(|members| members.values().all(Value::is_string)), "{asked}: {told}");
}

fn read(bytes: &[u8], admin: &str) -> Option<Request<Body>> {
    let (head, body) = match bytes.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&bytes[..at], &bytes[at + 2..]),
        None => (bytes, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let mut request = Request::builder().method(first.next()?).uri(first.next()?);
    for line in lines {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (halves.next()?, halves.next()?.trim_ascii());
        let filled = std::str::from_utf8(value).map(|value| value.replace("{admin}", admin).into_bytes());
        request = request.header(name, filled.unwrap_or_else(|_| value.to_vec()));
    }
    request.body(Body::from(body.to_vec())).ok()
}
