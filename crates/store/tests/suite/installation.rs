//! What belongs to the installation rather than to a pool: settings and access keys.

use cognate_store::access_keys::{self, StoredKey};
use cognate_store::{DbError, settings};

use crate::harness::{Engine, read, write};

fn key(id: &str, created: i64) -> StoredKey {
    StoredKey { id: id.to_owned(), name: "billing".to_owned(), sealed: vec![0, 255], policy: "{}".to_owned(), created }
}

pub async fn a_setting_is_written_once(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| settings::insert(tx, "region", b"us-east-1")).await;
    assert_eq!(store.write(|tx| settings::insert(tx, "region", b"eu-west-1")).await, Err(DbError::Exists));
    assert_eq!(read(&store, |tx| settings::get(tx, "region")).await.as_deref(), Some(&b"us-east-1"[..]));
    assert_eq!(read(&store, |tx| settings::get(tx, "Region")).await, None);
}

pub async fn an_access_key_is_kept_until_it_is_deleted(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| access_keys::insert(tx, &key("AKIA1", 1))).await;
    assert_eq!(read(&store, |tx| access_keys::get(tx, "AKIA1")).await, Some(key("AKIA1", 1)));
    assert_eq!(read(&store, |tx| access_keys::get(tx, "AKIA2")).await, None);
    assert!(write(&store, |tx| access_keys::delete(tx, "AKIA1")).await);
    assert!(!write(&store, |tx| access_keys::delete(tx, "AKIA1")).await);
    assert_eq!(read(&store, |tx| access_keys::get(tx, "AKIA1")).await, None);
}

pub async fn access_keys_are_listed_oldest_first(engine: &impl Engine) {
    let store = engine.open();
    assert_eq!(read(&store, access_keys::list).await, []);
    write(&store, |tx| {
        [key("AKIA2", 20), key("AKIA3", 10), key("AKIA1", 20)].iter().try_for_each(|key| access_keys::insert(tx, key))
    })
    .await;
    let ids: Vec<String> = read(&store, access_keys::list).await.into_iter().map(|key| key.id).collect();
    assert_eq!(ids, ["AKIA3", "AKIA1", "AKIA2"]);
}

pub async fn an_access_key_id_is_unique(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| access_keys::insert(tx, &key("AKIA1", 1))).await;
    assert_eq!(store.write(|tx| access_keys::insert(tx, &key("AKIA1", 2))).await, Err(DbError::Exists));
}
