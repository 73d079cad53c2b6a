use rolecall::{Guard, Router, public, routing::get};

fn protect(guard: &Guard) {
    let api: Router = Router::new().route("/items/", get(public(), async || "items"));
    let _one = guard.protect(api);
    let _two = guard.protect(api);
}

fn main() {}
