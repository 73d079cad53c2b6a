//! The headline, in one page: register, log in, be let in and refused, get a role and lose it, with one token.

use crate::util::{Actor, on_both};

on_both! {
    async fn a_role_given_and_taken_away_counts_at_the_next_call(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        assert_eq!(alice.get("/users/").await.expect(200).text(), r#"[{"username":"alice"}]"#);
        alice.get("/items/").await.expect(403);

        world.give(&admin, &alice, "admin").await;
        assert_eq!(alice.get("/items/").await.expect(200).text(), r#"[{"item_id":"Foo","owner":"alice"}]"#);

        take(&admin, &alice, "admin").await;
        alice.get("/items/").await.expect(403);
        alice.get("/users/").await.expect(200);
    }
}

async fn take(admin: &Actor, from: &Actor, role: &str) {
    let answer = admin.delete(&format!("/admin/users/{}/roles/{role}", from.id())).await.expect(200).json();
    assert_eq!(answer["in_force"], true);
}
