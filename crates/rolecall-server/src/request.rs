//! What a request says, read strictly: bodies, forms, queries and path segments, bounded before they are read.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use percent_encoding::percent_decode;
use rolecall::{Caller, Denied, Problem};
use rolecall_core::json;
use serde::{Serialize, de::DeserializeOwned};
use tower_http::request_id::RequestId;
use utoipa::{IntoParams, ToSchema};

use crate::{
    Error, Limits,
    actor::{Actor, Origin},
    app::App,
    change::{Prefer, Wait},
    client_address::ClientAddress,
};

/// Most entries of a page, and how many there are when nobody says.
const LONGEST_PAGE: i64 = 200;
const PAGE: i64 = 50;

/// A JSON body that is read whole: no member twice, none that is unknown.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let limits = &app.config.limits;
        let (parts, body) = request.into_parts();
        is_of_type(&parts.headers, "application/json").map_err(IntoResponse::into_response)?;
        let bytes = whole(body, limits).await.map_err(IntoResponse::into_response)?;
        from_json(&bytes, limits).map(Json).map_err(IntoResponse::into_response)
    }
}

/// A JSON body, or none.
pub struct MaybeJson<T>(pub Option<T>);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for MaybeJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let limits = &app.config.limits;
        let (parts, body) = request.into_parts();
        let bytes = whole(body, limits).await.map_err(IntoResponse::into_response)?;
        if bytes.is_empty() {
            return Ok(MaybeJson(None));
        }
        is_of_type(&parts.headers, "application/json").map_err(IntoResponse::into_response)?;
        from_json(&bytes, limits).map(|body| MaybeJson(Some(body))).map_err(IntoResponse::into_response)
    }
}

fn from_json<T: DeserializeOwned>(bytes: &[u8], limits: &Limits) -> Result<T, Error> {
    let value = json::parse_within(bytes, limits.json_depth)
        .map_err(|error| Error::Invalid(format!("the body is no good JSON: {error}")))?;
    // A list would fill the members in their order, without their names.
    if !value.is_object() {
        return Err(Error::Invalid("the body is a JSON object, with its members by name".into()));
    }
    serde_json::from_value(value).map_err(|error| {
        // What serde says of a wrong type quotes the value, and that may be a secret.
        let text = error.to_string();
        let safe = text.starts_with("unknown field") || text.starts_with("missing field");
        Error::Invalid(if safe { text } else { "a member of the body has a wrong type or an impossible value".into() })
    })
}

/// `name=value` pairs, each name once.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

/// Why parameters cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unread {
    /// One name came twice, this.
    #[error("a parameter was sent twice; send each one once")]
    Twice(String),
    /// More than these.
    #[error("more than {0} parameters were sent")]
    TooMany(usize),
    /// Bytes that are no text.
    #[error("a parameter is no UTF-8 text")]
    NoText,
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// A name twice, too many, or bytes that are no text.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Parameters, Unread> {
        let mut pairs: Vec<(String, String)> = vec![];
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut half = || decode(halves.next().unwrap_or_default());
            let (name, value) = (half()?, half()?);
            if pairs.iter().any(|(before, _)| *before == name) {
                return Err(Unread::Twice(name));
            }
            if pairs.len() == limits.parameters {
                return Err(Unread::TooMany(limits.parameters));
            }
            pairs.push((name, value));
        }
        Ok(Parameters(pairs))
    }

    /// Takes one out; one without a value counts as not sent (RFC 6749, 3.1).
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.take_as_sent(name).filter(|value| !value.is_empty())
    }

    fn take_as_sent(&mut self, name: &str) -> Option<String> {
        let found = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(found).1)
    }

    /// The names of those that nobody took.
    fn rest(&self) -> Option<&str> {
        self.0.first().map(|(name, _)| name.as_str())
    }
}

/// One name or one value of a form.
///
/// # Errors
/// [`Unread::NoText`].
pub fn decode(text: &[u8]) -> Result<String, Unread> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(bytes).map_err(|_| Unread::NoText)
}

/// The query of a list.
#[derive(Debug)]
pub struct Query(Parameters);

impl FromRequestParts<Arc<App>> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        Query::parse(parts.uri.query().unwrap_or_default(), &app.config.limits)
    }
}

/// What every list's query may say; [`Query::page`] reads it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "it describes; `Query` reads, so that a parameter that is unknown or there twice is refused"
)]
pub struct Paging {
    /// `next` of the page before.
    after: Option<String>,
    /// Most entries of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// Where a page begins, and how long it is.
#[derive(Debug)]
pub struct Page {
    /// The id of the last entry of the page before; empty at the beginning.
    pub after: String,
    /// Most entries.
    pub limit: i64,
}

impl Query {
    /// Reads what stands behind the `?`.
    ///
    /// # Errors
    /// [`Error::Invalid`] says why it is none.
    pub fn parse(text: &str, limits: &Limits) -> Result<Query, Error> {
        Parameters::parse(text.as_bytes(), limits).map(Query).map_err(|why| Error::Invalid(why.to_string()))
    }

    /// Takes a text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.0.take(name)
    }

    /// Takes a text as it was sent, an empty one too.
    pub fn text_as_sent(&mut self, name: &str) -> Option<String> {
        self.0.take_as_sent(name)
    }

    /// That nothing else was sent.
    ///
    /// # Errors
    /// [`Error::Invalid`] with these words.
    pub fn nothing_else(self, else_say: &str) -> Result<(), Error> {
        self.0.rest().map_or(Ok(()), |_| Err(Error::Invalid(else_say.into())))
    }

    /// Takes a number.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is none.
    pub fn number(&mut self, name: &str) -> Result<Option<i64>, Error> {
        let parse = |text: String| text.parse().map_err(|_| Error::Invalid(format!("`{name}` is a whole number")));
        self.0.take_as_sent(name).map(parse).transpose()
    }

    /// Takes `after`, which is a `key` of the list in its one spelling, and `limit`, the last there are: anything else in the query is a mistake, and would be taken for
    /// a filter that found nothing to leave out.
    ///
    /// # Errors
    /// [`Error::Invalid`] says which.
    pub fn page(mut self, key: impl Fn(&str) -> Option<String>) -> Result<Page, Error> {
        let limit = self.number("limit")?.unwrap_or(PAGE);
        if !(1..=LONGEST_PAGE).contains(&limit) {
            return Err(Error::Invalid(format!("`limit` is 1 to {LONGEST_PAGE}")));
        }
        // A cursor that is no key of this list was not ours.
        let not_ours = || Error::Invalid("`after` is the `next` of the page before".into());
        let after = match self.text("after") {
            Some(text) => key(&text).ok_or_else(not_ours)?,
            None => String::new(),
        };
        self.nothing_else("the query has a parameter that this list does not know")?;
        Ok(Page { after, limit })
    }

    /// Takes `true` or `false`, which it is without.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is neither.
    pub fn truth(&mut self, name: &str) -> Result<bool, Error> {
        let parse = |text: String| text.parse().map_err(|_| Error::Invalid(format!("`{name}` is `true` or `false`")));
        self.0.take_as_sent(name).map_or(Ok(false), parse)
    }
}

/// An id as the key of a list, in the spelling in which we write it.
pub fn id_key(text: &str) -> Option<String> {
    uuid::Uuid::try_parse(text).ok().map(|id| id.to_string())
}

/// One page of what is all at hand, in the order of its keys.
pub fn cut<T>(mut all: Vec<T>, asked: &Page, key: impl Fn(&T) -> &str) -> Vec<T> {
    all.sort_by(|a, b| key(a).cmp(key(b)));
    all.retain(|item| key(item) > asked.after.as_str());
    all.truncate(usize::try_from(asked.limit).unwrap_or(usize::MAX));
    all
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Page)]
pub struct Listed<T> {
    items: Vec<T>,
    /// `after` of the next page; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

/// One page: its entries, and where the next one begins.
pub fn page<T>(items: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Listed<T> {
    let full = i64::try_from(items.len()).is_ok_and(|length| length >= limit);
    let next = items.last().filter(|_| full).map(key);
    Listed { items, next }
}

/// Path segments, decoded.
pub struct Segments<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(segments)| Segments(segments)).map_err(|_| Error::Invalid("the path is no UTF-8 text".into()))
    }
}

/// The caller as somebody who acts.
pub struct Acting(pub Actor);

impl FromRequestParts<Arc<App>> for Acting {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Denied> {
        let origin = origin(parts, app);
        let caller = <Caller as FromRequestParts<Arc<App>>>::from_request_parts(parts, app).await?;
        Actor::of(&caller, origin).map(Acting).map_err(|_| Denied::SessionOver)
    }
}

impl FromRequestParts<Arc<App>> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        Ok(origin(parts, app))
    }
}

/// Where a request came from: the connection that it came by (`ConnectInfo`), and what our proxies say of others.
pub fn origin(parts: &Parts, app: &App) -> Origin {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().map(HeaderValue::as_bytes);
    let request_id = parts.extensions.get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    Origin {
        address: ClientAddress::of(peer, forwarded, &app.config.trusted_proxies),
        request_id: request_id.map(str::to_owned),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Prefer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // RFC 7240: what is not understood is passed over; the first of a name counts.
        let sent = parts.headers.get_all("prefer").iter().filter_map(|header| header.to_str().ok());
        let mut words = sent.flat_map(|header| header.split(',')).map(|word| word.trim().to_ascii_lowercase());
        let wait = words.find_map(|word| match word.as_str() {
            "respond-async" => Some(Wait::No),
            word => {
                let seconds = word.strip_prefix("wait")?.trim_start().strip_prefix('=')?.trim().trim_matches('"');
                Some(Wait::AtMost(Duration::from_secs(seconds.parse::<u32>().ok()?.into())))
            }
        });
        Ok(Prefer(wait))
    }
}

/// Whether there is one content type, and it is this one.
///
/// # Errors
/// 415.
pub fn is_of_type(headers: &HeaderMap, expected: &str) -> Result<(), Problem> {
    let mut sent = headers.get_all(header::CONTENT_TYPE).iter();
    let one = sent.next().filter(|_| sent.next().is_none()).and_then(|sent| sent.to_str().ok());
    let essence = one.and_then(|sent| sent.split(';').next()).map(str::trim);
    match essence.is_some_and(|essence| essence.eq_ignore_ascii_case(expected)) {
        true => Ok(()),
        false => {
            let detail = format!("send the body as `Content-Type: {expected}`");
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", detail))
        }
    }
}

/// A body, bounded in size and time.
///
/// # Errors
/// 413, 408, or 400 when it breaks off.
pub async fn whole(body: Body, limits: &Limits) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(limits.body_within, Limited::new(body, limits.body_bytes).collect()).await;
    match read {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!("the body is larger than {} bytes", limits.body_bytes),
        )),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "broken-off", "the body broke off")),
        Err(_) => {
            let detail = format!("the body did not come within {} s", limits.body_within.as_secs());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail))
        }
    }
}
