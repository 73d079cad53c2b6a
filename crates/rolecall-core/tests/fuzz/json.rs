//! Strict JSON reads what a lenient reader reads, and refuses more: for a reason that it says, and for no other one.

use rolecall_core::json::{self, MAX_DEPTH};
use serde_json::Value;

pub fn seeds() -> Vec<Vec<u8>> {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let texts = [
        r#"{"alg":"ES256","typ":"at+jwt","kid":"a"}"#.to_owned(),
        r#"{"a":{"b":[1,-1,1.5,1e3,true,null,"\u00e9\ud83d\ude00\n"]},"b":{}}"#.to_owned(),
        r#"{"a":1,"a":2}"#.to_owned(),
        r#"{"a":{"b":1,"\u0062":2}}"#.to_owned(),
        r#"{"$serde_json::private::Number":"1"}"#.to_owned(),
        "18446744073709551615".to_owned(),
        "-0".to_owned(),
        "1e400".to_owned(),
        nested(MAX_DEPTH),
        nested(MAX_DEPTH + 1),
        String::new(),
    ];
    texts.map(String::into_bytes).into()
}

pub fn run(bytes: &[u8]) {
    let lenient = serde_json::from_slice::<Value>(bytes);
    if lenient.as_ref().is_ok_and(has_private_name) {
        let _ = json::parse(bytes);
        return;
    }
    match json::parse(bytes) {
        Ok(value) => {
            assert!(depth(&value) <= MAX_DEPTH);
            assert_eq!(lenient.as_ref().ok(), Some(&value), "the lenient reader reads it too, and the same");
            // A float may lose its last bit on the way to text and back; what is signed here has none.
            if !has_float(&value) {
                assert_eq!(json::parse(value.to_string().as_bytes()), Ok(value));
            }
        }
        Err(error) => {
            let said = error.to_string();
            assert!(!said.chars().any(char::is_control), "{said:?} goes into a log");
            if lenient.is_ok() {
                let why = ["is repeated", "nested deeper"];
                assert!(why.iter().any(|why| said.contains(why)), "refused, and the lenient reader takes it: {said}");
            }
        }
    }
}

/// An object with serde_json's own name for a number is one to the lenient reader, and a number to ours, which must read
/// what a build with the feature `arbitrary_precision` hands over.
fn has_private_name(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_private_name),
        Value::Object(members) => {
            members.contains_key("$serde_json::private::Number") || members.values().any(has_private_name)
        }
        _ => false,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_float),
        Value::Object(members) => members.values().any(has_float),
        _ => false,
    }
}
