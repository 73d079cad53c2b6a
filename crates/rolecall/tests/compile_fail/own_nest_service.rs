use rolecall::{Router, own};

fn main() {
    let _: Router = Router::new().nest_service("/items", own("items:read"), axum::Router::new());
}
