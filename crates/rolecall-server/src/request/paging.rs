//! Lists, page by page: what a query asks for, and what is answered.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::Parameters;
use crate::{Error, Limits, app::App};

/// Most entries of a page, and how many there are when nobody says.
const LONGEST_PAGE: i64 = 200;
const PAGE: i64 = 50;

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

    /// Takes `after`, which is a `key` of the list in its one spelling, and `limit`, the last there are: anything else in
    /// the query is a mistake, and would be taken for a filter that found nothing to leave out.
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
