//! The guard in front of a handler ([`Behind`]) or of anything else that answers requests ([`GuardLayer`]).
//!
//! Written by hand: a middleware function costs more than the whole check of a token that was seen before.

use std::{
    convert::Infallible,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    extract::Request,
    handler::Handler,
    response::{IntoResponse, Response},
};
use http::{Extensions, request::Parts};
use pin_project_lite::pin_project;
use tower::{Layer, Service, ServiceExt, util::Oneshot};

use crate::{
    Denied,
    caller::Admitted,
    guard::{Armed, Cell, Glance},
    reach::Net,
};

/// A handler that runs only for who may call its route. To axum it is a handler of the same arguments.
#[derive(Clone)]
pub(crate) struct Behind<H> {
    pub(crate) handler: H,
    pub(crate) cell: Cell,
}

impl<H, T, S> Handler<T, S> for Behind<H>
where
    H: Handler<T, S>,
    T: 'static,
    S: Send + 'static,
{
    type Future = Answer<H::Future>;

    fn call(self, mut request: Request, state: S) -> Self::Future {
        match glance(&self.cell, &request) {
            Glance::Pass(who) => {
                let net = hand_over(request.extensions_mut(), who);
                Answer::runs(self.handler.call(request, state), net, &self.cell)
            }
            Glance::Refuse(denied) => Answer::refused(denied),
            #[cfg(feature = "testing")]
            Glance::Rehearsed(response) => Answer::Refused { with: Some(response) },
            Glance::Look => Answer::Looks {
                answer: Box::pin(async move {
                    let (mut parts, body) = request.into_parts();
                    match look(&self.cell, &parts).await {
                        Ok(who) => {
                            let net = hand_over(&mut parts.extensions, Some(who));
                            let response = self.handler.call(Request::from_parts(parts, body), state).await;
                            over(net, &self.cell, response)
                        }
                        Err(response) => *response,
                    }
                }),
            },
        }
    }
}

pin_project! {
    /// What a guarded handler answers: a refusal, or what it says itself.
    #[project = Step]
    pub(crate) enum Answer<F> {
        Refused { with: Option<Box<Response>> },
        Runs { #[pin] handler: F },
        Watched { #[pin] handler: F, net: Net, cell: Cell },
        Looks { answer: Pin<Box<dyn Future<Output = Response> + Send>> },
    }
}

impl<F> Answer<F> {
    fn refused(denied: Denied) -> Self {
        Answer::Refused { with: Some(Box::new(denied.into_response())) }
    }

    fn runs(handler: F, net: Option<Net>, cell: &Cell) -> Self {
        match net {
            None => Answer::Runs { handler },
            Some(net) => Answer::Watched { handler, net, cell: cell.clone() },
        }
    }
}

impl<F: Future<Output = Response>> Future for Answer<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        match self.project() {
            Step::Runs { handler } => handler.poll(context),
            Step::Watched { handler, net, cell } => {
                let response = ready!(handler.poll(context));
                Poll::Ready(over(Some(net.clone()), cell, response))
            }
            Step::Looks { answer } => answer.as_mut().poll(context),
            // A future that is polled after its answer is a fault of its caller, and waiting for ever is no answer.
            Step::Refused { with } => {
                Poll::Ready(with.take().map_or_else(|| Denied::UNPROTECTED.into_response(), |response| *response))
            }
        }
    }
}

/// Puts the guard in front of a service: where there is no handler to wrap.
#[derive(Clone)]
pub(crate) struct GuardLayer {
    pub(crate) cell: Cell,
}

impl<I> Layer<I> for GuardLayer {
    type Service = BehindService<I>;

    fn layer(&self, inner: I) -> BehindService<I> {
        BehindService { inner, cell: self.cell.clone() }
    }
}

/// A service that is asked only for who may call its route.
#[derive(Clone)]
pub(crate) struct BehindService<I> {
    inner: I,
    cell: Cell,
}

impl<I> Service<Request> for BehindService<I>
where
    I: Service<Request, Error = Infallible> + Clone + Send + 'static,
    I::Response: IntoResponse,
    I::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ServiceAnswer<I::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        match glance(&self.cell, &request) {
            Glance::Pass(who) => {
                let net = hand_over(request.extensions_mut(), who);
                let answer = Inner { inner: self.inner.call(request) };
                ServiceAnswer { answer: Answer::runs(answer, net, &self.cell) }
            }
            Glance::Refuse(denied) => ServiceAnswer { answer: Answer::refused(denied) },
            #[cfg(feature = "testing")]
            Glance::Rehearsed(response) => ServiceAnswer { answer: Answer::Refused { with: Some(response) } },
            Glance::Look => {
                // The one that was polled ready is used; its copy takes its place.
                let copy = self.inner.clone();
                let mut inner = mem::replace(&mut self.inner, copy);
                let cell = self.cell.clone();
                let answer = Box::pin(async move {
                    let (mut parts, body) = request.into_parts();
                    match look(&cell, &parts).await {
                        Ok(who) => {
                            let net = hand_over(&mut parts.extensions, Some(who));
                            let response = inner.call(Request::from_parts(parts, body)).await.into_response();
                            over(net, &cell, response)
                        }
                        Err(response) => *response,
                    }
                });
                ServiceAnswer { answer: Answer::Looks { answer } }
            }
        }
    }
}

/// A service that is made ready only when it is called: who is refused need not wait until it has room.
#[derive(Clone)]
pub(crate) struct Mounted<I>(pub(crate) I);

impl<I: Service<Request> + Clone> Service<Request> for Mounted<I> {
    type Response = I::Response;
    type Error = I::Error;
    type Future = Oneshot<I, Request>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.0.clone().oneshot(request)
    }
}

pin_project! {
    pub(crate) struct ServiceAnswer<F> { #[pin] answer: Answer<Inner<F>> }
}

impl<F, R> Future for ServiceAnswer<F>
where
    F: Future<Output = Result<R, Infallible>>,
    R: IntoResponse,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().answer.poll(context).map(Ok)
    }
}

pin_project! {
    /// A service's future as a handler's.
    pub(crate) struct Inner<F> { #[pin] inner: F }
}

impl<F, R> Future for Inner<F>
where
    F: Future<Output = Result<R, Infallible>>,
    R: IntoResponse,
{
    type Output = Response;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let Ok(response) = ready!(self.project().inner.poll(context));
        Poll::Ready(response.into_response())
    }
}

fn glance(cell: &Cell, request: &Request) -> Glance {
    let Some(armed) = cell.get() else { return Glance::Refuse(Denied::UNPROTECTED) };
    let glance = armed.glance(request.headers(), request.uri());
    #[cfg(feature = "testing")]
    let glance = armed.rehearse_glance(glance);
    glance
}

async fn look(cell: &Cell, parts: &Parts) -> Result<Admitted, Box<Response>> {
    let refused = |denied: Denied| Box::new(denied.into_response());
    let armed: &Armed = cell.get().ok_or(Denied::UNPROTECTED).map_err(refused)?;
    let found = armed.look(&parts.headers, &parts.uri).await;
    #[cfg(feature = "testing")]
    return armed.rehearse_look(found);
    #[cfg(not(feature = "testing"))]
    found.map_err(refused)
}

/// A guard further out may have admitted somebody: on a public route nobody is to be found.
fn hand_over(extensions: &mut Extensions, who: Option<Admitted>) -> Option<Net> {
    match who {
        Some(who) => {
            let net = who.net.clone();
            extensions.insert(who);
            net
        }
        None => {
            extensions.remove::<Admitted>();
            None
        }
    }
}

/// What a handler answered, if a caller may have it who perhaps reaches his own objects only. What is no error counts
/// as a success: a redirect tells what there is, and after 101 nobody looks any more.
fn over(net: Option<Net>, cell: &Cell, response: Response) -> Response {
    match net {
        Some(net) if response.status().as_u16() < 400 && !net.was_asked() => {
            cell.get().map_or(Denied::UNASKED, Armed::unasked).into_response()
        }
        _ => response,
    }
}
