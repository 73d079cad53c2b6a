//! The access matrix: what is enforced, as a table to read and to compare.

use std::{fmt, panic::Location};

use crate::rule::{Listed, Rule};

/// Every route with its rule, in the order in which they were added. Printed, it is a table.
///
/// A change of access is a change in this table, so a test that compares it makes it visible in review:
///
/// ```
/// use rolecall::{Router, own, permission, public, role, routing::get};
/// # use rolecall::Reach;
/// # async fn list(reach: Reach) -> String { reach.owner().unwrap_or_default().to_owned() }
///
/// fn api() -> Router {
///     Router::new()
///         .route("/health", get(public(), async || "ok"))
///         .route("/items/", get(own("items:read"), list).post(role("editor").and(permission("items:write")), async || ()))
/// }
///
/// let table: Vec<[String; 3]> = api()
///     .access_matrix()
///     .rows()
///     .iter()
///     .map(|row| [row.method.to_owned(), row.path.clone(), row.rule.to_string()])
///     .collect();
/// assert_eq!(table, [
///     ["GET", "/health", "public"],
///     ["GET", "/items/", "items:read or own"],
///     ["POST", "/items/", "role editor and items:write"],
/// ]);
/// ```
#[derive(Clone, Debug)]
pub struct AccessMatrix {
    rows: Vec<Row>,
}

/// One route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Row {
    /// `GET` and so on; `ANY` for all of them. `HEAD` falls under `GET`'s rule.
    pub method: &'static str,
    /// The path as axum matches it; `/*` at its end stands for all that is below.
    pub path: String,
    /// Who may call it.
    pub rule: Rule<Listed>,
    /// The handler, by its path in its crate.
    pub handler: &'static str,
    /// The line that says who may.
    pub at: &'static Location<'static>,
}

impl AccessMatrix {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        AccessMatrix { rows }
    }

    /// Its rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl fmt::Display for AccessMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["METHOD", "PATH", "RULE", "HANDLER", "PLACE"].map(str::to_owned);
        let row = |row: &Row| {
            let at = format!("{}:{}", row.at.file(), row.at.line());
            [row.method.to_owned(), row.path.clone(), row.rule.to_string(), row.handler.to_owned(), at]
        };
        write_table(f, [head].into_iter().chain(self.rows.iter().map(row)).map(Vec::from).collect())
    }
}

/// Columns as wide as their widest cell.
pub(crate) fn write_table(f: &mut fmt::Formatter<'_>, rows: Vec<Vec<String>>) -> fmt::Result {
    for row in &rows {
        let mut line = String::new();
        for (n, cell) in row.iter().enumerate() {
            let width = rows.iter().filter_map(|row| row.get(n)).map(|cell| cell.chars().count()).max().unwrap_or(0);
            line.push_str(&format!("{cell:width$}  "));
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}
