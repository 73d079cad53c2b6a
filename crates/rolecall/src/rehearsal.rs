//! A guard that only rehearses: it decides as ever, says what it decided, and lets no handler run. Only
//! [`testing::probe`](crate::testing::probe) makes one, and without the feature `testing` there is none of this.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rolecall_core::Object;

use crate::{
    Denied,
    caller::Admitted,
    guard::{Armed, Glance},
};

/// What was decided; in the response's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Rehearsed {
    /// The route that answers, as the matrix numbers them.
    pub(crate) number: usize,
    /// What the caller reaches, if he was let in.
    pub(crate) reach: Option<Object>,
}

impl Armed {
    /// In a rehearsal, the answer in place of what follows a first look.
    pub(crate) fn rehearse_glance(&self, glance: Glance) -> Glance {
        match glance {
            Glance::Pass(who) if self.rehearses() => Glance::Rehearsed(Box::new(self.let_in(who.as_ref()))),
            Glance::Refuse(denied) if self.rehearses() => Glance::Rehearsed(Box::new(self.refused(denied))),
            glance => glance,
        }
    }

    /// In a rehearsal, the answer in place of what follows a longer look.
    pub(crate) fn rehearse_look(&self, found: Result<Admitted, Denied>) -> Result<Admitted, Box<Response>> {
        match found {
            Ok(who) if self.rehearses() => Err(Box::new(self.let_in(Some(&who)))),
            Err(denied) if self.rehearses() => Err(Box::new(self.refused(denied))),
            found => found.map_err(|denied| Box::new(denied.into_response())),
        }
    }

    fn let_in(&self, who: Option<&Admitted>) -> Response {
        let limited = who.is_some_and(|who| who.net.is_some());
        let reach = Some(if limited { Object::Own } else { Object::Any });
        self.marked(StatusCode::NO_CONTENT.into_response(), reach)
    }

    fn refused(&self, denied: Denied) -> Response {
        self.marked(denied.into_response(), None)
    }

    fn marked(&self, mut response: Response, reach: Option<Object>) -> Response {
        response.extensions_mut().insert(Rehearsed { number: self.number(), reach });
        response
    }
}
