use rolecall::{Caller, Router, public, routing::get};

async fn list_items(_: Caller) -> &'static str {
    "items"
}

fn main() {
    let _: Router = Router::new().route("/items/", get(public(), list_items).post(list_items));
}
