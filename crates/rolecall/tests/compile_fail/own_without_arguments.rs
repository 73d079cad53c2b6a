use rolecall::{Router, own, role, routing::get};

async fn list_items() -> &'static str {
    "items"
}

fn main() {
    let _: Router = Router::new().route("/items/", get(role("user").and(own("items:read")), list_items));
}
