use std::sync::Arc;

use rolecall::{Authority, Guard, Live};

fn guard(live: Arc<Live>, authority: Arc<dyn Authority>) -> Guard {
    Guard::new(live, authority)
}

fn main() {}
