use axum::extract::Path;
use rolecall::{Router, own, routing::put};

async fn rename_item(_: Path<u64>, _new_name: String) -> &'static str {
    "renamed"
}

fn main() {
    let _: Router = Router::new().route("/items/{id}", put(own("items:update"), rename_item));
}
