use rolecall::{Caller, Router};

async fn list_items(_: Caller) -> &'static str {
    "items"
}

fn main() {
    let _: Router = Router::new().route("/items/", axum::routing::get(list_items));
}
