//! What is served as it is: bytes, and a validator by which a browser that has them need not be sent them again.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use std::{
    borrow::Cow,
    hash::{BuildHasher, Hasher},
};

/// Bytes with their type and their strong validator (RFC 9110, 8.8.3).
pub(crate) struct Kept {
    kind: HeaderValue,
    bytes: axum::body::Bytes,
    tag: String,
}

impl Kept {
    pub(crate) fn new(kind: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        let bytes = match bytes.into() {
            Cow::Borrowed(bytes) => axum::body::Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        // It tells versions of one file apart; nobody gains by making two alike.
        let mut hasher = foldhash::quality::FixedState::default().build_hasher();
        hasher.write(&bytes);
        let tag = format!("\"{:016x}-{:x}\"", hasher.finish(), bytes.len());
        let kind = HeaderValue::try_from(kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
        Kept { kind, bytes, tag }
    }

    /// The bytes, or 304 for who has them.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        let (status, bytes) = match self.is_known(asked) {
            true => (StatusCode::NOT_MODIFIED, axum::body::Bytes::new()),
            false => (StatusCode::OK, self.bytes.clone()),
        };
        let mut response = (status, bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.kind.clone());
        // Kept, and asked about each time: another version may answer from now on, or nobody.
        let fixed: [(HeaderName, &str); 2] =
            [(header::CACHE_CONTROL, "no-cache"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Ok(tag) = HeaderValue::try_from(&self.tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }

    /// RFC 9110, 13.1.2: the comparison is weak, so `W/` is passed over.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let sent = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
        let mut tags = sent.flat_map(|tags| tags.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.tag)
    }
}
