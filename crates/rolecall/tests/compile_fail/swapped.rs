use rolecall::{Caller, Router, role, routing::get};

async fn list_items(_: Caller) -> &'static str {
    "items"
}

fn main() {
    let _: Router = Router::new().route("/items/", get(list_items, role("admin")));
}
