use rolecall::{Caller, Reach, Router, own, public, routing::get};

async fn list_items(_: Caller, reach: Reach) -> String {
    reach.owner().unwrap_or_default().to_owned()
}

fn main() {
    let _: Router = Router::new().route("/items/", get(public(), list_items).post(own("items:write"), list_items));
}
