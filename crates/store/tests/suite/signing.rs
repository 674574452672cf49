//! Signing keys, one after the other.

use cognate_store::signing_keys::{self, SealedKey};
use cognate_store::{DbError, user_pools};

use crate::harness::{Engine, OTHER, POOL, pool, read, write};

pub fn key(purpose: &str, number: i64) -> SealedKey {
    SealedKey {
        purpose: purpose.to_owned(),
        number,
        kid: format!("{purpose} {number}"),
        sealed: vec![1, 2, 3],
        public: "{}".to_owned(),
        created: 5,
        ahead: 7,
        signs_from: 0,
    }
}

pub async fn keys_of_a_purpose_come_in_their_order(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        [key("id", 2), key("id", 1), key("access", 1)].iter().try_for_each(|key| signing_keys::insert(tx, POOL, key))
    })
    .await;
    let found = read(&store, |tx| signing_keys::of_pool(tx, POOL)).await;
    assert_eq!(found, [key("access", 1), key("id", 1), key("id", 2)]);
    assert_eq!(read(&store, |tx| signing_keys::of_pool(tx, OTHER)).await, []);
}

pub async fn of_two_keys_with_one_number_the_first_stands(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| signing_keys::insert(tx, POOL, &key("id", 1))).await;
    let other = || SealedKey { kid: "another".to_owned(), ..key("id", 1) };
    assert_eq!(store.write(move |tx| signing_keys::insert(tx, POOL, &other())).await, Err(DbError::Exists));
    assert_eq!(read(&store, |tx| signing_keys::of_pool(tx, POOL)).await, [key("id", 1)]);
}

pub async fn a_key_is_announced_once(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        signing_keys::insert(tx, POOL, &key("id", 1))?;
        signing_keys::insert(tx, POOL, &key("id", 2))
    })
    .await;
    for moment in [50, 60] {
        write(&store, move |tx| signing_keys::announce(tx, POOL, "id", 2, moment)).await;
    }
    let found = read(&store, |tx| signing_keys::of_pool(tx, POOL)).await;
    assert_eq!(found.iter().map(|key| key.signs_from).collect::<Vec<_>>(), [0, 50]);
}

pub async fn a_key_is_deleted_alone(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        user_pools::insert(tx, &pool(POOL), b"key")?;
        for (name, purpose, number) in [(POOL, "id", 1), (POOL, "id", 2), (POOL, "access", 1), (OTHER, "id", 1)] {
            signing_keys::insert(tx, name, &key(purpose, number))?;
        }
        signing_keys::delete(tx, POOL, "id", 1)
    })
    .await;
    assert_eq!(read(&store, |tx| signing_keys::of_pool(tx, POOL)).await, [key("access", 1), key("id", 2)]);
    assert_eq!(read(&store, |tx| signing_keys::of_pool(tx, OTHER)).await, [key("id", 1)]);
}
