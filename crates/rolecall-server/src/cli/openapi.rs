//! `rolecall openapi` and `rolecall matrix`: what the service answers, and who may call it. Neither needs a database.

use std::sync::Arc;

use rolecall::AccessMatrix;
use serde_json::{Value, json};

use super::print;
use crate::{Error, docs, routes};

#[derive(clap::Args)]
pub(super) struct Matrix {
    /// As one JSON object: `{"routes": [{"method", "path", "rule", "handler"}]}`
    #[arg(long)]
    json: bool,
}

/// Prints the OpenAPI document.
pub(super) fn document() -> Result<(), Error> {
    let document = routes(&Arc::default()).openapi(docs::base()).map_err(Error::internal)?;
    print(&format!("{document:#}\n"))
}

/// Prints the access matrix, with the page that is there where `docs` is on.
pub(super) fn matrix(asked: &Matrix) -> Result<(), Error> {
    let matrix = docs::with_page(routes(&Arc::default()), &docs::base()).access_matrix();
    match asked.json {
        true => print(&format!("{:#}\n", as_json(&matrix))),
        false => print(&matrix.to_string()),
    }
}

fn as_json(matrix: &AccessMatrix) -> Value {
    let rows = matrix.rows().iter().map(
        |row| json!({ "method": row.method, "path": row.path, "rule": row.rule.to_string(), "handler": row.handler }),
    );
    json!({ "routes": rows.collect::<Vec<_>>() })
}
