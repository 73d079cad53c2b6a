use rolecall::{Router, own};

fn main() {
    let _: Router = Router::new().fallback(own("items:read"), async || "items");
}
