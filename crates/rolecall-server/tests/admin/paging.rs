//! Lists: pages by key, bounded, each entry once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{account, assignment, refused};
use crate::util::{Actor, World, on_both};

/// The lists, each with the member that is its key; there are eleven entries and more in each.
async fn lists(world: &World, admin: &Actor) -> Vec<(String, &'static str)> {
    let id = account(admin, "holder").await;
    for number in 0..11 {
        account(admin, &format!("user-{number}")).await;
        admin.post("/admin/clients", json!({ "client_name": format!("client {number}") })).await.expect(201);
        let api = json!({ "identifier": format!("urn:api:{number}"), "name": "an API" });
        admin.post("/admin/apis", api).await.expect(201);
        // Not in the order of their names.
        let role = format!("role-{}", number * 7 % 11);
        world.role(admin, &role, &[], &[]).await;
        admin.put(&assignment(&id, &role)).await.expect(200);
    }
    vec![
        ("/admin/users".into(), "id"),
        ("/admin/audit".into(), "id"),
        ("/admin/audit?action=user.added".into(), "id"),
        ("/admin/clients".into(), "client_id"),
        ("/admin/apis".into(), "id"),
        ("/admin/roles".into(), "name"),
        (format!("/admin/users/{id}/roles"), "role"),
    ]
}

/// Walks a list to its end; answers the pages.
async fn walk(caller: &Actor, path: &str, limit: usize) -> Vec<Vec<Value>> {
    let (mut pages, mut after) = (vec![], String::new());
    let sign = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = caller.get(&format!("{path}{sign}limit={limit}{after}")).await.expect(200).json();
        let found = page["items"].as_array().expect("items").clone();
        assert!(found.len() <= limit);
        pages.push(found);
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return pages,
        }
        assert!(pages.len() < 1000, "a walk without an end");
    }
}

on_both! {
    async fn walking_all_pages_sees_each_entry_once(world) {
        let admin = world.administrator().await;

        for (list, key) in lists(world, &admin).await {
            let whole = walk(&admin, &list, 200).await.concat();
            assert!(whole.len() >= 11);
            for limit in [1, 2, 5, 11, 12, 13] {
                let pages = walk(&admin, &list, limit).await;
                assert!(pages.iter().rev().skip(1).all(|page| page.len() == limit), "only the last is shorter");
                assert_eq!(pages.concat(), whole, "{list} by {limit}");
            }
            let keys: BTreeSet<&str> = whole.iter().filter_map(|entry| entry[key].as_str()).collect();
            assert_eq!(keys.len(), whole.len());
            assert!(whole.is_sorted_by_key(|entry| entry[key].as_str()), "in the order of their keys");
        }
    }

    async fn who_is_made_or_deleted_during_a_walk_disturbs_nobody(world) {
        let admin = world.administrator().await;
        for number in 0..4 {
            account(&admin, &format!("user-{number}")).await;
        }
        let first = admin.get("/admin/users?limit=2").await.expect(200).json();
        let next = first["next"].as_str().expect("a next page").to_owned();

        // The very one that the page ended with.
        admin.delete(&format!("/admin/users/{next}")).await.expect(200);
        account(&admin, "late").await;

        let rest = admin.get(&format!("/admin/users?after={next}")).await.expect(200).json();
        let names: Vec<&str> =
            rest["items"].as_array().expect("items").iter().filter_map(|user| user["username"].as_str()).collect();
        assert_eq!(names, ["user-1", "user-2", "user-3", "late"]);
    }

    async fn a_page_is_1_to_200_long(world) {
        let admin = world.administrator().await;
        let assigned = format!("/admin/users/{}/roles", admin.id());
        for list in ["/admin/users", "/admin/audit", "/admin/roles", &assigned] {
            for limit in ["1", "50", "200", "0001"] {
                admin.get(&format!("{list}?limit={limit}")).await.expect(200);
            }
            for limit in ["", "0", "-1", "201", "x", "1.5", "1e2", "99999999999999999999", "%00", "1%20", "0x10", "١"] {
                refused(admin.get(&format!("{list}?limit={limit}")).await, 400, "invalid");
            }
            refused(admin.get(&format!("{list}?limit=1&limit=2")).await, 400, "invalid");
        }
    }

    async fn a_cursor_that_was_not_ours_is_refused(world) {
        let admin = world.administrator().await;
        let assigned = format!("/admin/users/{}/roles", admin.id());
        for list in ["/admin/roles", &assigned] {
            for forged in ["%00", "Role", "a:b", "-", "%ff", "'%20OR%20''='", &"a".repeat(65)] {
                refused(admin.get(&format!("{list}?after={forged}")).await, 400, "invalid");
            }
            let end = admin.get(&format!("{list}?after=zzz")).await.expect(200);
            assert_eq!(end.text(), r#"{"items":[],"next":null}"#);
        }
        for list in ["/admin/users", "/admin/audit"] {
            for forged in [
                "x",
                "0",
                "-1",
                "%00",
                "'%20OR%201=1--",
                "01890000-0000-7000-8000-00000000000",
                "01890000-0000-7000-8000-0000000000000",
                "01890000-0000-7000-8000-00000000000g",
                "01890000-0000-7000-8000-000000000000'",
                "%ff",
                "null",
            ] {
                refused(admin.get(&format!("{list}?after={forged}")).await, 400, "invalid");
            }
            // One that could be ours begins there, whether or not that entry is there.
            let end = admin.get(&format!("{list}?after=ffffffff-ffff-7fff-bfff-ffffffffffff")).await.expect(200);
            assert_eq!(end.text(), r#"{"items":[],"next":null}"#);
        }
    }

    async fn a_parameter_that_a_list_does_not_know_is_a_mistake(world) {
        let admin = world.administrator().await;
        for wrong in [
            "/admin/users?name=bob",
            "/admin/users?user=bob&limit=5",
            "/admin/users?subject=x",
            "/admin/users?offset=5",
            "/admin/users?username=bob&username=carol",
            "/admin/audit?username=bob",
            "/admin/audit?until=5",
            "/admin/audit?since=yesterday",
            "/admin/audit?since=1.5",
            "/admin/audit?since=99999999999999999999",
            "/admin/audit?subject=%ff",
            "/admin/roles?name=admin",
        ] {
            refused(admin.get(wrong).await, 400, "invalid");
        }
    }
}
