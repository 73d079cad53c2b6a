use rolecall::Router;

fn main() {
    let _: Router = Router::new().merge(axum::Router::new());
}
