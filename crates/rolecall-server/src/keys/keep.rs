//! What happens to keys by themselves, as long as the service runs: one follows another on schedule, and what is not
//! needed any more is thrown away.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{NewKey, ring::Due, rotate, tidy};
use crate::{
    Error,
    actor::Actor,
    app::App,
    change::{Change, Prefer, Wait},
};

/// How often the clock is read.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// Sees to the keys, as long as this task runs.
pub async fn keep(app: Arc<App>) {
    loop {
        sleep(LOOK_AGAIN).await;
        if !app.live.may_decide() {
            continue;
        }
        if let Err(error) = see_to(&app).await {
            tracing::warn!(%error, "what is due to the signing keys could not be done yet");
            sleep(AFTER_FAILURE).await;
        }
    }
}

async fn see_to(app: &Arc<App>) -> Result<(), Error> {
    let due = || app.ring().due(app.clock.wall(), app.rotates_every());
    match due() {
        None => return Ok(()),
        Some(Due::Rotation) => {
            let new = NewKey::generate(app.config.signing_algorithm).await?;
            let mut change = Change::begin(app, &Actor::Schedule, None).await?;
            // Somebody may have had the turn in between.
            if due() == Some(Due::Rotation) {
                let key = rotate(&mut change, &new).await?;
                tracing::info!(kid = key.kid, algorithm = key.algorithm, "a new key is published, which signs soon");
            }
            change.commit(Prefer(Some(Wait::No))).await?;
        }
        Some(Due::Tidying) => {
            let mut change = Change::begin(app, &Actor::Schedule, None).await?;
            tidy(&mut change).await?;
            change.commit(Prefer(Some(Wait::No))).await?;
        }
    }
    Ok(())
}
