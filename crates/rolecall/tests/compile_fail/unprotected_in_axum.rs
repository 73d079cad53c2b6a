use rolecall::{Router, public, routing::get};

fn main() {
    let api: Router = Router::new().route("/items/", get(public(), async || "items"));
    let _: axum::Router = axum::Router::new().merge(api);
}
