use rolecall::{Router, own, public, routing::get};

fn main() {
    let _: Router = Router::new().require(own("items:read")).route("/items/", get(public(), async || "items"));
}
