use rolecall::Router;

async fn not_here() -> &'static str {
    "not here"
}

fn main() {
    let _: Router = Router::new().fallback(not_here);
}
