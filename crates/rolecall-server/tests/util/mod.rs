//! The harness: a service of its own for each test, on either database, and people who call it.

pub mod binary;
pub mod browser;
pub mod handed;
pub mod http;
pub mod postgres;
pub mod proxy;
pub mod reverse_proxy;
pub mod rows;
pub mod world;

pub use http::{Actor, Answer};
pub use rows::Rows;
pub use world::{Db, World};

/// Waits until it is so, however long that takes; but not for ever.
pub async fn until(mut is: impl AsyncFnMut() -> bool) {
    let limit = tokio::time::timeout(std::time::Duration::from_secs(180), async {
        while !is().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    limit.await.expect("it never became so");
}

/// Makes two tests of one: the same on SQLite and on PostgreSQL.
///
/// ```ignore
/// on_both! {
///     async fn a_role_taken_away_is_refused_at_the_next_call(world) {
///         let (admin, alice) = (world.administrator().await, world.user("alice").await);
///         ...
///     }
/// }
/// ```
///
/// `with f;` before the first one sets the service up by `f`, a function of its settings.
macro_rules! on_both {
    (with $configure:ident; $($rest:tt)*) => { $crate::util::on_both! { @ (super::$configure); $($rest)* } };
    (async $($rest:tt)*) => { $crate::util::on_both! { @ (|_| {}); async $($rest)* } };
    (#$($rest:tt)*) => { $crate::util::on_both! { @ (|_| {}); #$($rest)* } };
    (@ $configure:tt; $($(#[$meta:meta])* async fn $name:ident($world:ident) $body:block)*) => {
        $(
            async fn $name($world: &$crate::util::World) $body

            $(#[$meta])*
            mod $name {
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    let world = $crate::util::World::with($crate::util::Db::Sqlite, $configure).await;
                    super::$name(&world).await;
                    world.stop().await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    let world = $crate::util::World::with($crate::util::Db::Postgres, $configure).await;
                    super::$name(&world).await;
                    world.stop().await;
                }
            }
        )*
    };
}
pub(crate) use on_both;
