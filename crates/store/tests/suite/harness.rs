//! What the suite needs of an engine, and the rows that its tests write.

use std::collections::BTreeMap;

use cognate_domain::user::{Hidden, UserId};
use cognate_domain::{Client, Pool, User};
use cognate_model::{GroupType, Timestamp, UserPoolClientType, UserPoolType, UserStatusType};
use cognate_store::{DbError, Store, Tx, groups, user_index, user_pools, users};

/// An engine with a database of its own.
pub trait Engine {
    /// An empty database.
    fn fresh() -> Self;
    /// The store on it. Dropping the store closes it; opening again finds the same data.
    fn open(&self) -> Store;
    /// The tables with a row that holds this text or these bytes in some column, one entry a row.
    fn tables_that_mention(&self, bytes: &[u8]) -> Vec<String>;
}

/// The pool of most tests.
pub const POOL: &str = "us-east-1_One";
/// Its neighbour, in which nothing must change.
pub const OTHER: &str = "us-east-1_Two";

/// Runs a transaction that is expected to succeed.
pub async fn write<T: Send + 'static>(
    store: &Store,
    body: impl Fn(&mut dyn Tx) -> Result<T, DbError> + Send + 'static,
) -> T {
    store.write(body).await.expect("the transaction is committed")
}

/// Runs reads that are expected to succeed.
pub async fn read<T: Send>(store: &Store, body: impl Fn(&mut dyn Tx) -> Result<T, DbError> + Send) -> T {
    store.read(body).await.expect("the rows are read")
}

/// An id that is unlikely to occur by chance; ids are ordered as their numbers.
pub const fn id(number: u8) -> UserId {
    [0xC0, 0x6E, 0xA7, 0xE0, 0x17, 0x93, 0x5B, 0xD4, 0x88, 0x2F, 0x61, 0x3A, 0x9C, 0x04, 0xEE, number]
}

pub fn user(number: u8, username: &str) -> User {
    User {
        id: id(number),
        username: username.to_owned(),
        status: UserStatusType::ForceChangePassword,
        enabled: true,
        created: Timestamp::from_micros(1_700_000_000_000_001),
        modified: Timestamp::from_micros(1_700_000_000_000_002),
        attributes: BTreeMap::from([("email".to_owned(), format!("{username}@example.com"))]),
        hidden: Hidden::default(),
        version: 1,
    }
}

pub fn pool(id: &str) -> Pool {
    let config = UserPoolType { id: Some(id.to_owned()), name: Some("employees".to_owned()), ..Default::default() };
    Pool { config, version: 1, ..Default::default() }
}

pub fn client(pool: &str, id: &str) -> Client {
    let config = UserPoolClientType {
        client_id: Some(id.to_owned()),
        user_pool_id: Some(pool.to_owned()),
        client_name: Some("web".to_owned()),
        ..Default::default()
    };
    Client { config, version: 1, ..Default::default() }
}

pub fn group(name: &str) -> GroupType {
    GroupType { group_name: Some(name.to_owned()), precedence: Some(7), ..Default::default() }
}

/// Writes a user with handle and search value, as the directory does.
pub fn insert_user(tx: &mut dyn Tx, pool: &str, user: &User) -> Result<(), DbError> {
    user_index::insert_alias(tx, pool, "username", &user.username, &user.id)?;
    user_index::insert_value(tx, pool, "email", &user.attributes["email"], &user.id)?;
    users::insert(tx, pool, user)
}

/// Pools, groups and users that most tests of several rows begin with.
pub async fn furnish(store: &Store) {
    write(store, |tx| {
        for name in [POOL, OTHER] {
            user_pools::insert(tx, &pool(name), b"sealed data key")?;
            for team in ["admins", "editors", "readers"] {
                groups::insert(tx, name, &group(team))?;
            }
            for (number, username) in [(1, "maria"), (2, "nina"), (3, "olga")] {
                insert_user(tx, name, &user(number, username))?;
            }
        }
        Ok(())
    })
    .await;
}
