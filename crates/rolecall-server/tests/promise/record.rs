//! Whom changes concern is on record for as long as a token may be good, and an hour longer; a floor stands for the
//! rest.

use super::{account, assignment, version};
use crate::util::{Rows, on_both};

/// A token's lifetime and an hour.
const ON_RECORD: u64 = 15 * 60 + 3600;

on_both! {
    async fn changes_are_forgotten_when_no_token_is_as_old(world) {
        let admin = world.administrator().await;
        let alice = account(&admin, "alice").await;
        let first = admin.put(&assignment(&alice, "admin")).await.expect(200).json()["version"].as_i64().expect("a version");
        let mut rows = Rows::of(world).await;

        world.wait_for(ON_RECORD - 60).await;
        let admin = world.administrator().await;
        let second = version(&admin).await + 1;
        admin.delete(&assignment(&alice, "admin")).await.expect(200);
        assert_eq!(rows.number("SELECT floor FROM policy").await, 0);
        let kept = rows.numbers("SELECT DISTINCT version FROM changes ORDER BY version").await;
        assert_eq!(kept, (1..=second).collect::<Vec<_>>(), "none is forgotten too early");
        assert_eq!(second, first + 1);

        // A minute of them is forgotten at once.
        world.wait_for(180).await;
        admin.put(&assignment(&alice, "admin")).await.expect(200);
        assert_eq!(rows.number("SELECT floor FROM policy").await, first, "the newest that is forgotten");
        let kept = rows.numbers("SELECT DISTINCT version FROM changes ORDER BY version").await;
        assert_eq!(kept, [second, second + 1]);

        // Tokens from after the floor are judged as before.
        let bob = world.user("bob").await;
        bob.get("/users/").await.expect(200);
        bob.get("/items/").await.expect(403);
        world.give(&admin, &bob, "admin").await;
        bob.get("/items/").await.expect(200);
    }
}
