//! A secret that signs (HS256): who shares it does not learn of another one, so only somebody ends it.

use std::time::Duration;

use rolecall_server::Config;

use super::{AHEAD, LEEWAY, TTL, again, kid, published, rotate, state};
use crate::util::{
    World,
    binary::{rolecall, run},
    handed, on_both, until,
};

fn every_day(config: &mut Config) {
    config.key_rotation = Some(Duration::from_secs(24 * 3600));
}

on_both! {
    async fn no_schedule_replaces_it(world) {
        // The harness takes the service down by value; a second one of the same kind is taken down here.
        let down = World::on(world.db).await.down().await.with(every_day);
        let mut import = rolecall(down.folder.path(), &["keys", "import", "-", "--database-url", &down.url]);
        let said = run(&mut import, &handed::secret(&[7; 32], Some("shared")).to_string());
        assert_eq!(said.code, Some(0), "{said:?}");
        let other = down.up().await;
        // Not in the second in which the first one began.
        other.wait(2);
        assert_eq!(kid(&again(&other, "admin").await), "shared");
        other.wait_for(3 * 24 * 3600).await;
        // Long enough for a process that looks each second.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let admin = again(&other, "admin").await;
        assert_eq!(kid(&admin), "shared");
        // The key of before is gone, and nothing is left that others could read.
        until(async || published(&other).await.is_empty()).await;
        let listed = admin.get("/admin/keys").await.expect(200).json();
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");

        let next = rotate(&admin).await;
        assert_eq!(published(&other).await, std::slice::from_ref(&next));
        other.wait_for(AHEAD + 1).await;
        let new = again(&other, "admin").await;
        assert_eq!((kid(&new), state(&new, "shared").await), (next, "retired".into()));
        // What it signed is good until its own end.
        admin.get("/admin/users").await.expect(200);
        other.wait_for(TTL + LEEWAY).await;
        let new = again(&other, "admin").await;
        until(async || new.get("/admin/keys/shared").await.status == 404).await;
        other.stop().await;
    }
}
