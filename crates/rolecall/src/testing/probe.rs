//! The probe: the real guard, with real tokens, asked what the table says.

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use rolecall_core::Object;
use tower::ServiceExt;

use super::{
    bad::{self, Due},
    paths,
    people::{NOBODY, People, Person},
    table::{Access, CallerMatrix},
    world::World,
};
use crate::{Router, Row, names, rehearsal::Rehearsed, rule::Expr};

/// Calls every route, with every method, as everybody, and returns what the guard answers otherwise than the table
/// ([`for_callers`](crate::AccessMatrix::for_callers)) says: nothing, if all is well.
///
/// It only rehearses. The guard is the one that serves and the tokens are signed and checked, but after a yes it answers
/// 204 and no handler runs, so a `DELETE` is called as safely as a `GET`. Layers outside the rules
/// ([`Router::layer`]) do run.
///
/// Beside what the people may, it finds
///
/// - a token that is malformed, expired, not valid yet, for another audience, of another issuer, signed with another key
///   or with `alg: none`, changed, of a session that is over, or of an account that is disabled or deleted, and is not
///   answered with 401 `invalid_token` wherever a token is looked at;
/// - a token that is sent twice and not answered with 400; and one in the query or a cookie that counts as one;
/// - a public route that breaks on a bad token;
/// - anything but 503 for a token while it is not known what is in force;
/// - a role or a permission in a rule that does not exist, so that nobody passes;
/// - a route that no call reaches, and a method of a path that is answered although it has no rule. `OPTIONS` is left to
///   CORS, except where a route names it.
///
/// What a layer answers under a path that no route has cannot be known here.
///
/// ```
/// use rolecall::{Router, permission, routing::delete, testing::{self, People}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let api: Router = Router::new().route("/items/{id}", delete(permission("items:delete"), async || "gone"));
/// let people = People::new().role("clerk", &["items:read"]).person("carl", &["clerk"]);
/// assert_eq!(testing::probe(api, &people).await, ["DELETE /items/{id}: a rule asks for `items:delete`, which no role grants"]);
/// # }
/// ```
pub async fn probe(api: Router, people: &People) -> Vec<String> {
    let world = World::new(people);
    let matrix = api.access_matrix();
    let table = matrix.for_callers(people);
    let rows = matrix.rows();
    let app = world.guard().rehearsing().protect(api);
    let mut probe = Probe { app, world, rows, table: &table, wrong: unknown_names(people, rows) };

    let mut routes = vec![];
    for number in 0..rows.len() {
        routes.extend(probe.route(number).await);
    }
    for route in &routes {
        probe.everybody(route).await;
        probe.bad_callers(route).await;
    }
    probe.methods_without_a_rule(&routes).await;
    probe.world.lapse();
    for route in &routes {
        probe.while_nothing_is_known(route).await;
    }
    probe.wrong
}

struct Probe<'a> {
    app: axum::Router,
    world: World,
    rows: &'a [Row],
    table: &'a CallerMatrix,
    wrong: Vec<String>,
}

/// A row of the matrix, and how to call it.
struct Route<'a> {
    number: usize,
    row: &'a Row,
    /// What each caller is due: nobody first.
    due: &'a [Access],
    methods: Vec<Method>,
    path: String,
}

/// What a call was answered.
struct Heard {
    status: StatusCode,
    /// The `error` of the challenge (RFC 6750, 3), or none in a challenge.
    challenge: Option<Option<String>>,
    /// `None`: no route of ours answered it.
    rehearsed: Option<Rehearsed>,
}

/// What it ought to be.
#[derive(Clone, Copy)]
enum Ought {
    LetIn(Object),
    Refused(u16, Option<Option<&'static str>>),
}

impl<'a> Probe<'a> {
    /// Finds a path that the row answers.
    async fn route(&mut self, number: usize) -> Option<Route<'a>> {
        let (row, due) = self.table.rows().nth(number)?;
        let methods = paths::methods(row, self.rows);
        // Where the same path's other rows name every method, nothing is left for `any`.
        let method = methods.first()?.clone();
        let samples = paths::samples(&row.path, self.rows);
        // A layer may answer refusals with a page of its own, and preflights itself.
        let headers = [HeaderMap::new(), self.likeliest(due).map(|person| self.bearer(person)).unwrap_or_default()];
        for path in &samples {
            for (method, headers) in methods.iter().flat_map(|method| headers.iter().map(move |sent| (method, sent))) {
                let heard = self.call(method, path, None, headers.clone()).await;
                if heard.rehearsed.is_some_and(|rehearsed| rehearsed.number == number) {
                    return Some(Route { number, row, due, methods, path: path.clone() });
                }
            }
        }
        let path = samples.first().map(String::as_str).unwrap_or_default();
        self.wrong.push(format!("{} {}: no call reaches it, as `{method} {path}` or otherwise", row.method, row.path));
        None
    }

    /// Nobody, and each of the people with a good token: at its first sight, and when it was seen before.
    async fn everybody(&mut self, route: &Route<'_>) {
        for (caller, due) in self.table.callers().zip(route.due) {
            let headers = self.headers_of(caller);
            for method in &route.methods {
                for _ in 0..2 {
                    self.expect(route, method, None, headers.clone(), ought(*due), caller).await;
                }
            }
        }
    }

    /// Whoever would be let in, with each bad call.
    async fn bad_callers(&mut self, route: &Route<'_>) {
        let Some(person) = self.likeliest(route.due) else { return };
        let person = person.clone();
        for bad in bad::all(&self.world, &person) {
            let ought = match (&route.row.rule.expr, bad.due) {
                (Expr::Public(_), _) | (Expr::Optional, Due::AsNobody) => Ought::LetIn(Object::Any),
                (_, Due::AsNobody) => ought(Access::Unauthenticated),
                (_, Due::InvalidToken) => Ought::Refused(401, Some(Some("invalid_token"))),
                (_, Due::InvalidRequest) => Ought::Refused(400, Some(Some("invalid_request"))),
            };
            let who = format!("{} with {}", person.name, bad.what);
            for method in &route.methods {
                self.expect(route, method, bad.query.as_deref(), bad.headers.clone(), ought, &who).await;
            }
        }
    }

    /// The lease has lapsed: who sends a token is told 503, and nobody is told what he always is.
    async fn while_nothing_is_known(&mut self, route: &Route<'_>) {
        let Some(person) = self.likeliest(route.due).cloned() else { return };
        let is_public = matches!(route.row.rule.expr, Expr::Public(_));
        let known = if is_public { Ought::LetIn(Object::Any) } else { Ought::Refused(503, None) };
        let nobody = ought(route.due.first().copied().unwrap_or(Access::Unauthenticated));
        for (caller, ought) in [(person.name.as_str(), known), (NOBODY, nobody)] {
            let headers = self.headers_of(caller);
            let who = format!("{caller} while it is not known what is in force");
            for method in &route.methods {
                self.expect(route, method, None, headers.clone(), ought, &who).await;
            }
        }
    }

    /// What is answered, though no rule says who may ask.
    async fn methods_without_a_rule(&mut self, routes: &[Route<'_>]) {
        for (n, route) in routes.iter().enumerate() {
            if routes[..n].iter().any(|before| before.row.path == route.row.path) {
                continue;
            }
            for method in paths::methods_without_a_rule(&route.row.path, self.rows) {
                for caller in self.table.callers() {
                    let heard = self.call(&method, &route.path, None, self.headers_of(caller)).await;
                    // A fallback has a rule of its own.
                    if heard.is_of_a_layer() {
                        let (status, path) = (heard.status, &route.row.path);
                        self.wrong.push(format!("{caller}: {method} {path}: answered {status}, and it has no rule"));
                    }
                }
            }
        }
    }

    /// Somebody whom the route lets in, or else anybody.
    fn likeliest(&self, due: &[Access]) -> Option<&Person> {
        let people = self.world.people.all();
        let may = people.iter().zip(due.iter().skip(1)).find(|(_, due)| due.passes()).map(|(person, _)| person);
        may.or(people.first())
    }

    /// What somebody sends: a token as from a log-in now, or nothing.
    fn headers_of(&self, caller: &str) -> HeaderMap {
        if caller == NOBODY { HeaderMap::new() } else { self.bearer(self.world.people.find(caller)) }
    }

    fn bearer(&self, person: &Person) -> HeaderMap {
        let token = self.world.token(person);
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a token is text");
        HeaderMap::from_iter([(header::AUTHORIZATION, bearer)])
    }

    async fn expect(
        &mut self,
        route: &Route<'_>,
        method: &Method,
        query: Option<&str>,
        headers: HeaderMap,
        ought: Ought,
        who: &str,
    ) {
        let heard = self.call(method, &route.path, query, headers).await;
        // Whoever has a rule for any method leaves preflights to CORS; a rule for `OPTIONS` by name is meant.
        if *method == Method::OPTIONS && route.row.method == "ANY" && heard.is_of_a_layer() {
            return;
        }
        if let Some(wrong) = heard.differs(route.number, ought) {
            let wrong = format!("{who}: {method} {}: {wrong}", route.row.path);
            if !self.wrong.contains(&wrong) {
                self.wrong.push(wrong);
            }
        }
    }

    async fn call(&self, method: &Method, path: &str, query: Option<&str>, headers: HeaderMap) -> Heard {
        let uri = query.map_or(path.to_owned(), |query| format!("{path}?{query}"));
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.parse().unwrap_or_else(|_| panic!("`{uri}` is not a path"));
        *request.headers_mut() = headers;
        let Ok(response) = self.app.clone().oneshot(request).await;
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).map(|value| {
            let (_, rest) = value.to_str().unwrap_or_default().split_once("error=\"")?;
            rest.split_once('"').map(|(error, _)| error.to_owned())
        });
        Heard { status: response.status(), challenge, rehearsed: response.extensions().get().cloned() }
    }
}

impl Heard {
    /// Whether it is a success that no route of ours gave.
    fn is_of_a_layer(&self) -> bool {
        self.rehearsed.is_none() && self.status.as_u16() < 400
    }

    /// What is wrong, if anything is, with the answer of the route of this number.
    fn differs(&self, number: usize, ought: Ought) -> Option<String> {
        let by = self.rehearsed.as_ref().map(|rehearsed| rehearsed.number);
        let same = match ought {
            // The status alone could be a layer's.
            Ought::LetIn(reach) => {
                by == Some(number) && self.rehearsed.as_ref().and_then(|rehearsed| rehearsed.reach) == Some(reach)
            }
            Ought::Refused(status, challenge) => {
                let heard = self.challenge.as_ref().map(Option::as_deref);
                by.is_none_or(|by| by == number) && self.status == status && heard == challenge
            }
        };
        (!same).then(|| format!("answered {}, and {} was due", self.words(number), ought.words()))
    }

    fn words(&self, number: usize) -> String {
        match &self.rehearsed {
            Some(Rehearsed { number: by, .. }) if *by != number => format!("{} by another route", self.status),
            Some(Rehearsed { reach: Some(Object::Any), .. }) => "`yes`".to_owned(),
            Some(Rehearsed { reach: Some(Object::Own), .. }) => "`own`".to_owned(),
            Some(_) => refusal(self.status.as_u16(), self.challenge.as_ref().map(Option::as_deref)),
            None => {
                format!("{} by no route", refusal(self.status.as_u16(), self.challenge.as_ref().map(Option::as_deref)))
            }
        }
    }
}

impl Ought {
    fn words(self) -> String {
        match self {
            Ought::LetIn(Object::Any) => "`yes`".to_owned(),
            Ought::LetIn(Object::Own) => "`own`".to_owned(),
            Ought::Refused(status, challenge) => refusal(status, challenge),
        }
    }
}

fn refusal(status: u16, challenge: Option<Option<&str>>) -> String {
    match challenge {
        None => status.to_string(),
        Some(None) => format!("{status} with a challenge"),
        Some(Some(error)) => format!("{status} `{error}`"),
    }
}

fn ought(due: Access) -> Ought {
    match due {
        Access::Yes => Ought::LetIn(Object::Any),
        Access::Own => Ought::LetIn(Object::Own),
        Access::Unauthenticated => Ought::Refused(401, Some(None)),
        Access::Forbidden => Ought::Refused(403, Some(Some("insufficient_scope"))),
    }
}

fn unknown_names(people: &People, rows: &[Row]) -> Vec<String> {
    let policy = people.compiled();
    let unknown = |row: &Row| -> Vec<String> {
        let route = format!("{} {}", row.method, row.path);
        names::unknown(&row.rule.expr, &policy).iter().map(|unknown| format!("{route}: {unknown}")).collect()
    };
    rows.iter().flat_map(unknown).collect()
}
