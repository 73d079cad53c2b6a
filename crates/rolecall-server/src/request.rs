//! What a request says, read strictly: bodies, forms, queries and path segments, bounded before they are read.

mod body;
mod paging;
mod parameters;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::{ConnectInfo, FromRequestParts, Path};
use http::{HeaderValue, request::Parts};
use rolecall::{Caller, Denied};
use serde::de::DeserializeOwned;
use tower_http::request_id::RequestId;

use crate::{
    Error,
    actor::{Actor, Origin},
    app::App,
    change::{Prefer, Wait},
    client_address::ClientAddress,
};

pub use self::{
    body::{Json, MaybeJson, is_of_type, whole},
    paging::{Listed, Paging, Query, cut, id_key, page},
    parameters::{Parameters, Unread, decode},
};

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
