//! Serves the items beside the service itself: accounts, log-in and administration, and `/docs/` to try all of it.

use items::{Items, api, document};
use rolecall_server::{Error, Rolecall};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let rolecall = Rolecall::dev(".").await?.document(document())?;
    rolecall.serve(api().with_state(Items::default())).await
}
