//! What belongs to the installation rather than to a pool: settings and access keys.

use cognate_store::access_keys::{self, StoredKey};
use cognate_store::audit::{self, Wanted};
use cognate_store::spent_rates::{self, Report};
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

pub async fn audit_entries_are_read_by_time_and_pruned_from_the_oldest(engine: &impl Engine) {
    let store = engine.open();
    for number in [3, 1, 2] {
        let pool = if number == 2 { "" } else { "pool" };
        write(&store, move |tx| audit::append(tx, &[number; 16], pool, "CreateGroup", "{}")).await;
    }
    // An entry stays as it was written.
    write(&store, |tx| audit::append(tx, &[2; 16], "other", "DeleteGroup", "{}")).await;
    let all = Wanted { after: &[0; 16], before: &[u8::MAX; 16], pool: "", operation: "" };
    let ids = |entries: Vec<audit::Entry>| entries.iter().map(|entry| entry.id[0]).collect::<Vec<_>>();
    assert_eq!(ids(read(&store, |tx| audit::oldest_first(tx, &all, 9)).await), [1, 2, 3]);
    assert_eq!(ids(read(&store, |tx| audit::newest_first(tx, &all, 2)).await), [3, 2]);
    let of_pool = Wanted { pool: "pool", ..all };
    assert_eq!(ids(read(&store, |tx| audit::oldest_first(tx, &of_pool, 9)).await), [1, 3]);
    let between = Wanted { after: &[1; 16], before: &[3; 16], ..all };
    assert_eq!(ids(read(&store, |tx| audit::oldest_first(tx, &between, 9)).await), [2]);
    let of_operation = Wanted { operation: "DeleteGroup", ..all };
    assert_eq!(ids(read(&store, |tx| audit::oldest_first(tx, &of_operation, 9)).await), [0; 0]);
    assert_eq!(write(&store, |tx| audit::prune(tx, &[3; 16], 1)).await, 1);
    assert_eq!(ids(read(&store, |tx| audit::oldest_first(tx, &all, 9)).await), [2, 3]);
    assert_eq!(write(&store, |tx| audit::prune(tx, &[3; 16], 9)).await, 1);
}

pub async fn what_others_took_of_rates_is_read_and_the_oldest_written_over(engine: &impl Engine) {
    let store = engine.open();
    let report = |node: &str, number| Report { node: node.to_owned(), number, spent: vec![0, 255] };
    for number in 1..=11 {
        let told = report("one", number);
        write(&store, move |tx| spent_rates::tell(tx, &told)).await;
    }
    let two = report("two", 1);
    write(&store, move |tx| spent_rates::tell(tx, &two)).await;
    write(&store, spent_rates::forget_the_gone).await;
    let mut seen = read(&store, |tx| spent_rates::others(tx, "two")).await;
    seen.sort_by_key(|report| report.number);
    assert_eq!(seen, (4..=11).map(|number| report("one", number)).collect::<Vec<_>>());
    assert_eq!(read(&store, |tx| spent_rates::others(tx, "one")).await, [report("two", 1)]);
}
