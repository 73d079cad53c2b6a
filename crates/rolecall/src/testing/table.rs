//! The access matrix with a column for each caller: what is due, worked out from the rules alone.

use std::fmt;

use rolecall_core::{Grant, Object, Policy, Rights};

use super::people::{NOBODY, People, Person};
use crate::{AccessMatrix, Row, matrix::write_table, rule::Expr};

impl AccessMatrix {
    /// The same table with a column for each of these people, and one for nobody, who has no token. With the feature
    /// `testing`.
    pub fn for_callers(&self, people: &People) -> CallerMatrix {
        let policy = people.compiled();
        let callers = [NOBODY].into_iter().chain(people.names()).map(str::to_owned).collect();
        let rows = self.rows().iter().map(|row| {
            let due = people.all().iter().map(|person| due(&row.rule.expr, &policy, &person.session(&policy)));
            (row.clone(), [due_to_nobody(&row.rule.expr)].into_iter().chain(due).collect())
        });
        CallerMatrix { callers, rows: rows.collect() }
    }
}

/// Who may call what, with a column for each caller. It prints as a table.
#[derive(Clone, Debug)]
pub struct CallerMatrix {
    callers: Vec<String>,
    rows: Vec<(Row, Vec<Access>)>,
}

/// What a caller is due on a route. As the table says it: `yes`, `own`, `401`, `403`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Access {
    /// He may, whatever the object.
    Yes,
    /// He may, on objects of his own.
    Own,
    /// Nobody knows who he is: 401.
    Unauthenticated,
    /// He may not: 403.
    Forbidden,
}

impl CallerMatrix {
    /// What somebody is due on a route, by the row's method and path; `None` where there is no such row or column.
    pub fn access(&self, method: &str, path: &str, caller: &str) -> Option<Access> {
        let column = self.callers.iter().position(|name| name == caller)?;
        let (_, due) = self.rows.iter().find(|(row, _)| row.method == method && row.path == path)?;
        due.get(column).copied()
    }

    /// Each row with what every caller is due, in the order of [`callers`](CallerMatrix::callers).
    pub fn rows(&self) -> impl Iterator<Item = (&Row, &[Access])> {
        self.rows.iter().map(|(row, due)| (row, due.as_slice()))
    }

    /// The callers of the columns: nobody first.
    pub fn callers(&self) -> impl Iterator<Item = &str> {
        self.callers.iter().map(String::as_str)
    }
}

impl fmt::Display for CallerMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["METHOD", "PATH", "RULE"].into_iter().chain(self.callers()).map(str::to_owned).collect();
        let rows = self.rows.iter().map(|(row, due)| {
            let route = [row.method.to_owned(), row.path.clone(), row.rule.to_string()];
            route.into_iter().chain(due.iter().map(Access::to_string)).collect()
        });
        write_table(f, [head].into_iter().chain(rows).collect())
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Yes => "yes",
            Access::Own => "own",
            Access::Unauthenticated => "401",
            Access::Forbidden => "403",
        })
    }
}

impl Access {
    pub(super) fn passes(self) -> bool {
        matches!(self, Access::Yes | Access::Own)
    }
}

/// What somebody brings along.
struct Session<'a> {
    rights: Rights,
    person: &'a Person,
}

impl Person {
    fn session(&self, policy: &Policy) -> Session<'_> {
        let scope = self.scope.as_deref().and_then(|scope| scope.parse().ok());
        let rights = policy.activate(self.roles.iter().map(String::as_str), scope.map(std::sync::Arc::new));
        Session { rights, person: self }
    }
}

fn due_to_nobody(rule: &Expr) -> Access {
    match rule {
        Expr::Public(_) | Expr::Optional => Access::Yes,
        _ => Access::Unauthenticated,
    }
}

/// By the names in the rule, one after the other: the guard compiles rules and caches, and this is what it is compared
/// with.
fn due(rule: &Expr, policy: &Policy, session: &Session<'_>) -> Access {
    if passes(rule, policy, session, Object::Any) {
        return Access::Yes;
    }
    if passes(rule, policy, session, Object::Own) { Access::Own } else { Access::Forbidden }
}

fn passes(rule: &Expr, policy: &Policy, session: &Session<'_>, object: Object) -> bool {
    let Session { rights, person } = session;
    match rule {
        Expr::Public(_) | Expr::Optional | Expr::Authenticated => true,
        Expr::Role(name) => policy.check_role(rights, name.as_str()).is_allowed(),
        Expr::Permission(name) => policy.check_access(rights, name.as_str(), Object::Any).is_allowed(),
        Expr::Own(name) => policy.check_access(rights, name.as_str(), object).is_allowed(),
        Expr::Service => person.is_service,
        Expr::Scope(name) => {
            let asked = Grant::from(name.clone());
            let words = person.scope.iter().flat_map(|scope| scope.split(' '));
            let named = words.filter_map(|word| word.parse::<Grant>().ok()).any(|word| word.covers(&asked));
            named && policy.check_access(rights, name.as_str(), Object::Any).is_allowed()
        }
        Expr::Any(some) => some.iter().any(|rule| passes(rule, policy, session, object)),
        Expr::All(some) => some.iter().all(|rule| passes(rule, policy, session, object)),
    }
}
