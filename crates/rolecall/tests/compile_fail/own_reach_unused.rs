#![deny(warnings)]

use axum::extract::Path;
use rolecall::{Reach, Router, own, routing::put};

async fn rename_item(reach: Reach, _: Path<u64>) -> &'static str {
    "renamed"
}

async fn delete_item(reach: Reach, _: Path<u64>) -> &'static str {
    reach.owner();
    "deleted"
}

fn main() {
    let _: Router =
        Router::new().route("/items/{id}", put(own("items:update"), rename_item).delete(own("items:delete"), delete_item));
}
