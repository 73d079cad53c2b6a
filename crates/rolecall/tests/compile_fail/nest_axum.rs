use rolecall::Router;

fn main() {
    let _: Router = Router::new().nest("/old", axum::Router::new());
}
