use rolecall::{Caller, Router, routing::get};

async fn list_items(_: Caller) -> &'static str {
    "items"
}

fn main() {
    let _: Router = Router::new().route("/items/", get("admin", list_items));
}
