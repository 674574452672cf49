//! Devices that users confirmed.

use cognate_domain::devices::TrackedDevice;
use cognate_model::Timestamp;
use cognate_store::DbError;
use cognate_store::devices::{self, KEPT, Which};

use crate::harness::{Engine, OTHER, POOL, id, read, write};

pub fn device(number: u16, remembered: bool) -> TrackedDevice {
    TrackedDevice {
        key: format!("us-east-1_{number:04}"),
        name: Some("telephone".to_owned()),
        remembered,
        created: Timestamp::from_micros(10),
        modified: Timestamp::from_micros(11),
        authenticated: Timestamp::from_micros(12),
        address: "192.0.2.1".to_owned(),
    }
}

pub async fn a_device_comes_back_as_it_was_written(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| devices::insert(tx, POOL, &id(1), &device(1, true), b"sealed")).await;
    let found = read(&store, |tx| devices::get(tx, POOL, &id(1), "us-east-1_0001")).await.unwrap();
    assert_eq!((found.device, found.sealed, found.session), (device(1, true), b"sealed".to_vec(), String::new()));
    for (pool, user) in [(OTHER, 1), (POOL, 2)] {
        assert!(read(&store, |tx| devices::get(tx, pool, &id(user), "us-east-1_0001")).await.is_none());
    }
    let nameless = TrackedDevice { name: None, ..device(2, false) };
    let written = nameless.clone();
    write(&store, move |tx| devices::insert(tx, POOL, &id(1), &written, b"")).await;
    let found = read(&store, |tx| devices::get(tx, POOL, &id(1), "us-east-1_0002")).await.unwrap();
    assert_eq!(found.device, nameless);
}

pub async fn a_device_is_confirmed_once(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| devices::insert(tx, POOL, &id(1), &device(1, true), b"sealed")).await;
    let again = store.write(|tx| devices::insert(tx, POOL, &id(1), &device(1, false), b"other")).await;
    assert_eq!(again, Err(DbError::Exists));
}

pub async fn devices_come_page_by_page_in_the_order_of_keys(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        [(3, true), (1, true), (2, false), (4, true)]
            .iter()
            .try_for_each(|(number, remembered)| devices::insert(tx, POOL, &id(1), &device(*number, *remembered), b""))
    })
    .await;
    let page = async |which, after, limit| {
        let found = read(&store, |tx| devices::list(tx, POOL, &id(1), which, after, limit)).await;
        found.into_iter().map(|device| device.key.trim_start_matches("us-east-1_").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(page(Which::All, None, 3).await, ["0001", "0002", "0003"]);
    assert_eq!(page(Which::All, Some("us-east-1_0003"), 3).await, ["0004"]);
    assert_eq!(page(Which::Remembered, None, 2).await, ["0001", "0003"]);
    assert!(read(&store, |tx| devices::list(tx, POOL, &id(2), Which::All, None, 9)).await.is_empty());
}

pub async fn what_happens_to_a_device_is_noted_on_it_alone(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        devices::insert(tx, POOL, &id(1), &device(1, false), b"")?;
        devices::insert(tx, POOL, &id(1), &device(2, false), b"")
    })
    .await;
    let key = "us-east-1_0001";
    write(&store, move |tx| devices::wait_for(tx, POOL, &id(1), key, "session")).await;
    assert_eq!(read(&store, |tx| devices::get(tx, POOL, &id(1), key)).await.unwrap().session, "session");
    assert!(write(&store, move |tx| devices::set_remembered(tx, POOL, &id(1), key, 1, 20)).await);
    assert!(write(&store, move |tx| devices::used(tx, POOL, &id(1), key, 30, "192.0.2.2")).await);
    let found = read(&store, |tx| devices::get(tx, POOL, &id(1), key)).await.unwrap();
    let expected = TrackedDevice {
        modified: Timestamp::from_micros(20),
        authenticated: Timestamp::from_micros(30),
        address: "192.0.2.2".to_owned(),
        ..device(1, true)
    };
    assert_eq!((found.device, found.session), (expected, String::new()));
    let other = read(&store, |tx| devices::get(tx, POOL, &id(1), "us-east-1_0002")).await.unwrap();
    assert_eq!(other.device, device(2, false));
    let unknown = "us-east-1_0009";
    assert!(!write(&store, move |tx| devices::set_remembered(tx, POOL, &id(1), unknown, 1, 20)).await);
    assert!(!write(&store, move |tx| devices::used(tx, POOL, &id(1), unknown, 30, "")).await);
}

pub async fn a_device_is_deleted_once(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| devices::insert(tx, POOL, &id(1), &device(1, true), b"")).await;
    assert!(!write(&store, |tx| devices::delete(tx, POOL, &id(2), "us-east-1_0001")).await);
    assert!(write(&store, |tx| devices::delete(tx, POOL, &id(1), "us-east-1_0001")).await);
    assert!(!write(&store, |tx| devices::delete(tx, POOL, &id(1), "us-east-1_0001")).await);
}

pub async fn only_the_newest_devices_are_kept(engine: &impl Engine) {
    let store = engine.open();
    let most = u16::try_from(KEPT).unwrap();
    write(&store, move |tx| {
        (1..=most + 2).try_for_each(|number| devices::insert(tx, POOL, &id(1), &device(number, true), b""))
    })
    .await;
    let found = read(&store, |tx| devices::list(tx, POOL, &id(1), Which::All, None, 1_000)).await;
    assert_eq!((found.len(), &*found[0].key), (usize::from(most), "us-east-1_0003"));
}
