//! The key file rotated: a new one is made, and encrypts everything that the old one did.

use std::sync::Arc;

use serde_json::json;

use super::{KeyFile, Place, material, secret};
use crate::{
    Error,
    actor::Actor,
    app::App,
    audit::Act,
    change::{Change, Prefer},
    store::{instance, keys as rows},
};

/// Exchanges the key file for a new one, and answers its id. Whatever cuts this off, the next start finds the one that
/// belongs to the database.
///
/// For a process that ends then: it goes on with the old file in memory.
///
/// # Errors
/// [`Error::Start`] when the new file cannot be made, or something cannot be decrypted: then nothing has changed.
/// [`Error::Unavailable`] when it is not known whether the transaction took place, or the file could not be renamed.
pub async fn rotate_file(app: &Arc<App>, by: &Actor) -> Result<String, Error> {
    let place = Place::of(&app.config.key_file);
    let new = place.prepare()?;
    let change = match rewrapped(app, by, &new).await {
        Ok(change) => change,
        Err(error) => {
            place.discard_own(&new);
            return Err(error);
        }
    };
    // From here on the database may name the new file: nobody removes it but a start that has asked.
    let name = place.path().display();
    if let Err(error) = change.commit(Prefer::default()).await {
        return Err(Error::Unavailable(format!(
            "it is not known whether the key file `{name}` was rotated ({error}): keep it, and the new one beside it; the \
             next start, or this command again, takes the right one"
        )));
    }
    place.adopt().map_err(|error| {
        Error::Unavailable(format!(
            "the key file was rotated, and the new one, beside `{name}`, could not be given that name: {error}; the next \
             start tries again"
        ))
    })?;
    Ok(new.id().to_owned())
}

/// Everything encrypted anew, and the new file named, in one transaction. Tokens that are out stay as good as they were.
async fn rewrapped(app: &Arc<App>, by: &Actor, new: &KeyFile) -> Result<Change, Error> {
    let old = &app.key_file;
    let mut change = Change::begin(app, by, None).await?;
    // Nothing is left of one that was revoked.
    for mut row in rows::all(change.tx()).await?.into_iter().filter(|row| !row.sealed.is_empty()) {
        material::rewrap(old, new, &mut row)?;
        rows::update(change.tx(), &row).await?;
    }
    for (name, sealed) in rows::secrets(change.tx()).await? {
        let bytes = secret::open(old, &name, &sealed)?;
        rows::update_secret(change.tx(), &name, &new.seal(&name, &bytes)?).await?;
    }
    instance::update_key_file(change.tx(), new.id()).await?;
    change.record(Act::new("key_file.rotated", new.id(), json!({ "before": old.id() })));
    Ok(change)
}
