use rolecall::{Reach, Router, own, routing::get};

async fn list_items(reach: Reach) -> String {
    reach.owner().unwrap_or_default().to_owned()
}

fn main() {
    let api: Router = Router::new().route("/items/", get(own("items:read"), list_items));
    let listed = api.access_matrix().rows()[0].rule.clone();
    let _: Router = Router::new().route("/items/", get(listed, async || "items"));
}
