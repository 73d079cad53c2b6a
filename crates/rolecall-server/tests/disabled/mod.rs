//! Row 19 of the security goals as one table: whatever is disabled, deleted, taken away or over, at each way to a token
//! and at each place that takes one. All that was got before, and all of it at the very next call.

mod calls;
mod cast;
mod races;
mod rows;

use calls::{for_clients, with_old_tokens};
use cast::Cast;
use serde_json::json;

use crate::{
    admin::{assignment, permission, user, version},
    util::{World, on_both, world::PASSWORD},
};

/// What the shop is told then, at `/token` by each grant and at `/revoke`. `ok`: this is none of its business; otherwise
/// it is the error, without `invalid_`, and `may not` is `unauthorized_client`.
const FOR_CLIENTS: &str = "
                          password  for API   refresh   for API   API key   itself    revoke
nothing                   ok        ok        ok        ok        ok        ok        ok
user disabled             grant     grant     grant     grant     grant     ok        ok
user enabled again        ok        ok        grant     grant     grant     ok        ok
user deleted              grant     grant     grant     grant     grant     ok        ok
password changed          grant     grant     grant     grant     grant     ok        ok
session ended             ok        ok        grant     ok        ok        ok        ok
all sessions ended        ok        ok        grant     grant     ok        ok        ok
API key revoked           ok        ok        ok        ok        grant     ok        ok
API key expired           ok        ok        ok        ok        grant     ok        ok
client disabled           client    client    client    client    client    client    client
client enabled again      ok        ok        grant     grant     ok        ok        ok
client deleted            client    client    client    client    client    client    client
client's secret deleted   client    client    client    client    client    client    client
client's grants removed   may not   may not   may not   may not   may not   may not   ok
API disabled              ok        target    ok        grant     ok        ok        ok
API enabled again         ok        ok        ok        grant     ok        ok        ok
API deleted               ok        target    ok        grant     ok        ok        ok
assignment removed        ok        ok        ok        ok        ok        ok        ok
assignment expired        ok        ok        ok        ok        ok        ok        ok
permission removed        ok        ok        ok        ok        ok        ok        ok
role deleted              ok        ok        ok        ok        ok        ok        ok
signing key revoked       ok        ok        ok        ok        ok        ok        ok
";

/// What comes of calls with tokens that were had before: a status; where one is told of a token or a person, `yes`, `no`,
/// or `less` when the role is not in it any more.
const WITH_OLD_TOKENS: &str = "
                          /me  notes  users  key's  itself  introspect  proxy  asks  asked about  API's introspect  proxy
nothing                   200  200    200    200    200     yes         204    200   yes          yes               204
user disabled             401  401    401    401    200     no          401    401   no           no                401
user enabled again        401  401    401    401    200     no          401    401   yes          no                401
user deleted              401  401    401    401    200     no          401    401   no           no                401
password changed          401  401    401    401    200     no          401    401   yes          no                401
session ended             401  401    401    200    200     no          401    401   yes          yes               204
all sessions ended        401  401    401    401    200     no          401    401   yes          no                401
API key revoked           200  200    200    401    200     yes         204    200   yes          yes               204
API key expired           200  200    200    401    200     yes         204    200   yes          yes               204
client disabled           401  401    401    401    401     no          401    401   yes          no                401
client enabled again      401  401    401    401    401     no          401    401   yes          no                401
client deleted            401  401    401    401    401     no          401    401   yes          no                401
client's secret deleted   200  200    200    200    200     yes         204    200   yes          yes               204
client's grants removed   401  401    401    401    401     no          401    401   yes          no                401
API disabled              200  200    200    200    200     yes         204    200   yes          no                401
API enabled again         200  200    200    200    200     yes         204    200   yes          no                401
API deleted               200  200    200    200    200     yes         204    200   yes          no                401
assignment removed        200  403    403    403    200     less        403    403   no           less              403
assignment expired        200  403    403    403    200     less        403    403   no           less              403
permission removed        200  403    200    403    403     yes         403    200   no           yes               403
role deleted              200  403    403    403    403     less        403    403   no           less              403
signing key revoked       401  401    401    401    401     no          401    401   yes          no                401
";

on_both! {
    async fn whatever_is_over_counts_nowhere_any_more(world) {
        let rows = |table: &'static str| table.trim_matches('\n').lines().skip(1).map(|row| row[..26].trim_end());
        let (mut at, mut with) = (headed(FOR_CLIENTS), headed(WITH_OLD_TOKENS));
        for (number, (row, same)) in rows(FOR_CLIENTS).zip(rows(WITH_OLD_TOKENS)).enumerate() {
            assert_eq!(row, same, "both tables have the same rows");
            let mut cast = Cast::meet(world, number).await;
            // The process has seen all these tokens, and found them good.
            assert_eq!(with_old_tokens(world, &cast).await, EVERYTHING);
            take(world, row, &cast).await;
            // With the signing key the administrator's own token is gone.
            cast.admin = world.administrator().await;
            with.add(row, &with_old_tokens(world, &cast).await);
            at.add(row, &for_clients(world, &cast).await);
        }
        assert_eq!(with.0, WITH_OLD_TOKENS, "{}", with.0);
        assert_eq!(at.0, FOR_CLIENTS, "{}", at.0);
    }
}

const EVERYTHING: [&str; 11] = ["200", "200", "200", "200", "200", "yes", "204", "200", "yes", "yes", "204"];

/// Does what the row says.
async fn take(world: &World, row: &str, cast: &Cast) {
    let Cast { admin, elsewhere, role, api, shop, key, .. } = cast;
    let (account, shop_path) = (user(elsewhere.id()), shop.path());
    let disabled = |disabled: bool| json!({ "disabled": disabled });
    let twice = async |path: &str| {
        admin.patch(path, disabled(true)).await.expect(200);
        admin.patch(path, disabled(false)).await
    };
    let done = match row {
        "nothing" => return,
        "user disabled" => admin.patch(&account, disabled(true)).await,
        "user enabled again" => twice(&account).await,
        "user deleted" => admin.delete(&account).await,
        "password changed" => {
            let new = json!({ "current_password": PASSWORD, "password": "eighteen violet otters" });
            elsewhere.post("/me/password", new).await
        }
        "session ended" => admin.delete(&format!("{account}/sessions/{}", cast.issuer.sid())).await,
        "all sessions ended" => admin.delete(&format!("{account}/sessions")).await,
        "API key revoked" => elsewhere.delete(&format!("/me/keys/{}", key.id)).await,
        "API key expired" => return world.wait_for(301).await,
        "client disabled" => admin.patch(&shop_path, disabled(true)).await,
        "client enabled again" => twice(&shop_path).await,
        "client deleted" => admin.delete(&shop_path).await,
        "client's secret deleted" => {
            let secrets = admin.get(&shop_path).await.expect(200).json()["secrets"].clone();
            admin.delete(&format!("{shop_path}/secrets/{}", secrets[0]["id"].as_str().expect("an id"))).await
        }
        "client's grants removed" => admin.patch(&shop_path, json!({ "grant_types": [] })).await,
        "API disabled" => admin.patch(&api.place, disabled(true)).await,
        "API enabled again" => twice(&api.place).await,
        "API deleted" => admin.delete(&api.place).await,
        "assignment removed" => admin.delete(&assignment(elsewhere.id(), role)).await,
        "assignment expired" => {
            let until = json!({ "until": world.now() + 100 });
            admin.put_json(&assignment(elsewhere.id(), role), until).await.expect(200);
            return world.wait_for(101).await;
        }
        "permission removed" => admin.delete(&permission(role, "notes:read")).await,
        "role deleted" => admin.delete(&format!("/admin/roles/{role}")).await,
        "signing key revoked" => admin.delete(&format!("/admin/keys/{}", cast.issuer.kid())).await,
        row => panic!("a row that nobody knows: {row}"),
    };
    // Who reads this knows that it is so everywhere.
    version(done.expect(200));
}

/// A table as it turns out.
struct Table(String, Vec<usize>);

/// With nothing but its heading.
fn headed(table: &str) -> Table {
    let heading = table.trim_matches('\n').lines().next().expect("a heading");
    // A column begins where a word does, after two spaces.
    let begins = |at: &usize| heading[..*at].ends_with("  ") && !heading[*at..].starts_with(' ');
    Table(format!("\n{heading}\n"), (1..heading.len()).filter(begins).collect())
}

impl Table {
    fn add(&mut self, row: &str, cells: &[String]) {
        assert_eq!(self.1.len(), cells.len(), "a cell for each column");
        let mut line = row.to_owned();
        for (column, cell) in self.1.iter().zip(cells) {
            line = format!("{line:<column$}{cell}");
        }
        self.0.push_str(&line);
        self.0.push('\n');
    }
}
