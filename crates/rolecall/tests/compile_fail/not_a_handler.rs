use rolecall::{Router, public, routing::get};

async fn show_item(_: u32) -> &'static str {
    "item"
}

fn main() {
    let _: Router = Router::new().route("/items/", get(public(), show_item));
}
