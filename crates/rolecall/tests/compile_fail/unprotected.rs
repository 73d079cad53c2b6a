use rolecall::{Router, public, routing::get};
use tokio::net::TcpListener;

async fn serve(listener: TcpListener) {
    let api: Router = Router::new().route("/items/", get(public(), async || "items"));
    let _ = axum::serve(listener, api.into_make_service());
}

fn main() {}
