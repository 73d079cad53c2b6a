//! What others read: for how long they may keep it, and by which they know whether it is still the same.

use super::{published, rotate};
use crate::util::on_both;

on_both! {
    async fn it_may_be_kept_for_five_minutes_and_is_asked_for_by_its_etag(world) {
        let (admin, nobody) = (world.administrator().await, world.nobody());
        let path = "/.well-known/jwks.json";
        let first = nobody.get(path).await.expect(200);
        assert_eq!(first.header("cache-control"), "public, max-age=300");
        assert_eq!(first.header("content-type"), "application/json");
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 20, "{etag}");

        let asked = async |header: &str| nobody.send("GET", path, &[("if-none-match", header)], "").await;
        for same in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
            let answer = asked(&same).await.expect(304);
            assert_eq!((answer.header("etag"), &answer.body[..]), (&*etag, &b""[..]), "{same}");
            assert_eq!(answer.header("cache-control"), "public, max-age=300");
        }
        for other in ["\"x\"", "", etag.trim_matches('"'), "W/", &etag[..etag.len() - 2]] {
            assert_eq!(asked(other).await.expect(200).body, first.body, "{other}");
        }
        nobody.send("HEAD", path, &[("if-none-match", &etag)], "").await.expect(304);

        let next = rotate(&admin).await;
        let second = asked(&etag).await.expect(200);
        assert_ne!(second.header("etag"), etag);
        assert!(published(world).await.contains(&next));
        for key in second.json()["keys"].as_array().expect("keys") {
            assert!(["d", "k", "p", "q"].iter().all(|private| key.get(*private).is_none()), "{key}");
        }
    }
}
