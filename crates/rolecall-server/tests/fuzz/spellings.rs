//! Whatever somebody is called: the account has one spelling, which is itself a name, and is found, and taken, by the one
//! that was sent as by the one that was kept. What is refused is nobody's.

use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::service::Service;

pub fn seeds() -> Vec<Vec<u8>> {
    let names = [
        "alice",
        "ALICE",
        "Ａｌｉｃｅ",
        "straße",
        "Σίσυφος",
        "ǅ",
        "e\u{301}",
        "ﬁ",
        "ⅷ",
        "аlice",
        "admin",
        "a b",
        "a@b",
        "＠",
        "a.b-c_d",
        "\u{200d}",
        "İ",
        "한글",
        "ᄒ",
        "Bob@Example.ORG",
        "é@x",
        "ﬁ@ﬁ.example",
    ];
    names.map(|name| name.as_bytes().to_vec()).into()
}

pub fn run(service: &Service, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    username(service, text);
    email(service, text);
}

fn username(service: &Service, sent: &str) {
    let add = |name: &str| service.administer("POST", "/admin/users", Some(json!({ "username": name })));
    let made = add(sent);
    if !made.is(StatusCode::CREATED) {
        assert!(made.is(StatusCode::BAD_REQUEST) || made.is(StatusCode::CONFLICT), "{sent:?}: {made:?}");
        assert_eq!(found(service, sent).len(), usize::from(made.is(StatusCode::CONFLICT)), "{sent:?}");
        return;
    }
    let account = made.json();
    let kept = account["username"].as_str().expect("a name");
    assert!((1..=64).contains(&kept.chars().count()) && !kept.contains('@'), "{sent:?} -> {kept:?}");
    for name in [sent, kept] {
        assert!(add(name).is(StatusCode::CONFLICT), "{name:?} is taken, as {kept:?}");
        assert_eq!(found(service, name), [account["id"].clone()], "{name:?} finds {kept:?}");
    }
    delete(service, &account);
}

fn email(service: &Service, sent: &str) {
    let add = |name: &str, email: &str| {
        service.administer("POST", "/admin/users", Some(json!({ "username": name, "email": email })))
    };
    let made = add("with-an-address", sent);
    if !made.is(StatusCode::CREATED) {
        assert!(made.is(StatusCode::BAD_REQUEST), "{sent:?}: {made:?}");
        return;
    }
    let account = made.json();
    let kept = account["email"].as_str().expect("an address");
    assert!(kept.contains('@') && kept.len() <= 254, "{sent:?} -> {kept:?}");
    for address in [sent, kept] {
        assert!(add("with-the-same", address).is(StatusCode::CONFLICT), "{address:?} is taken, as {kept:?}");
    }
    delete(service, &account);
}

/// The ids of those who are found by this name.
fn found(service: &Service, name: &str) -> Vec<Value> {
    let query = utf8_percent_encode(name, NON_ALPHANUMERIC);
    // An empty value counts as none, and none lists everybody.
    if name.is_empty() {
        return vec![];
    }
    let answer = service.administer("GET", &format!("/admin/users?username={query}"), None);
    assert!(answer.is(StatusCode::OK), "{name:?}: {answer:?}");
    answer.json()["items"].as_array().expect("a list").iter().map(|user| user["id"].clone()).collect()
}

fn delete(service: &Service, account: &Value) {
    let path = format!("/admin/users/{}", account["id"].as_str().expect("an id"));
    assert!(service.administer("DELETE", &path, None).is(StatusCode::OK), "{account}");
}
