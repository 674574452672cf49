//! Families as sessions: rotated, used, listed, evicted.

use cognate_domain::refresh_rotation::Rotation;
use cognate_store::refresh_tokens::{self, Activity, Family};
use cognate_store::{DbError, Store};

use crate::harness::{Engine, OTHER, POOL, id, read, write};
use crate::sign_in::{family, session};

async fn insert(store: &Store, families: &[Family]) {
    let families = families.to_vec();
    write(store, move |tx| families.iter().try_for_each(|family| refresh_tokens::insert(tx, POOL, family))).await;
}

async fn get(store: &Store, user: u8, number: u8) -> Option<Family> {
    read(store, |tx| refresh_tokens::get(tx, POOL, &id(user), &[number; 16])).await
}

pub async fn a_family_comes_back_as_it_was_written(engine: &impl Engine) {
    let store = engine.open();
    let whole = Family {
        device: Some("us-east-1_a-device".to_owned()),
        rotation: Rotation { generation: 7, graces: vec![5, 6] },
        ..session(1, 1, 50)
    };
    insert(&store, std::slice::from_ref(&whole)).await;
    assert_eq!(get(&store, 1, 1).await, Some(whole));
}

pub async fn a_rotation_counts_on_from_what_was_read(engine: &impl Engine) {
    let store = engine.open();
    let read = family(1, 1, 9);
    insert(&store, &[read.clone(), family(2, 1, 9)]).await;
    let next = read.rotation.exchanged(1, 10);
    let rotate = |from: &Family, next: &Rotation| {
        let (from, next) = (from.clone(), next.clone());
        store.write(move |tx| refresh_tokens::rotate(tx, POOL, &from, &next))
    };
    rotate(&read, &next).await.unwrap();
    assert_eq!(get(&store, 1, 1).await, Some(Family { rotation: next.clone(), ..read.clone() }));
    assert_eq!(get(&store, 1, 2).await, Some(family(2, 1, 9)));
    assert_eq!(rotate(&read, &next).await, Err(DbError::Changed), "the same exchange again");
}

pub async fn a_revoked_family_does_not_rotate(engine: &impl Engine) {
    let store = engine.open();
    insert(&store, &[family(1, 1, 9)]).await;
    write(&store, |tx| refresh_tokens::revoke(tx, POOL, &id(1), &[1; 16])).await;
    let next = Rotation::default().exchanged(1, 0);
    let rotated = store.write(move |tx| refresh_tokens::rotate(tx, POOL, &family(1, 1, 9), &next)).await;
    assert_eq!(rotated, Err(DbError::Changed));
}

pub async fn a_use_is_noted_at_its_session_only(engine: &impl Engine) {
    let store = engine.open();
    insert(&store, &[session(1, 1, 50), session(2, 1, 50), session(1, 2, 50)]).await;
    let later = Activity { at: 60, address: "2001:db8::1".to_owned(), device_type: "unknown".to_owned() };
    let noted = later.clone();
    write(&store, move |tx| refresh_tokens::touch(tx, POOL, &id(1), &[1; 16], &noted)).await;
    assert_eq!(get(&store, 1, 1).await.unwrap().activity, Some(later));
    assert_eq!(get(&store, 1, 2).await, Some(session(2, 1, 50)));
    assert_eq!(get(&store, 2, 1).await, Some(session(1, 2, 50)));
}

pub async fn living_sessions_come_newest_first_page_by_page(engine: &impl Engine) {
    let store = engine.open();
    let ended = Family { expires: 40, ..session(3, 1, 30) };
    insert(&store, &[session(1, 1, 50), session(2, 1, 51), ended, session(4, 1, 50), family(5, 1, 100)]).await;
    insert(&store, &[session(6, 1, 50), session(7, 2, 50)]).await;
    write(&store, |tx| refresh_tokens::revoke(tx, POOL, &id(1), &[4; 16])).await;
    let list = async |pool: &'static str, before: Option<u8>, limit| -> Vec<u8> {
        let before = before.map(|number| [number; 16]);
        let found = read(&store, |tx| refresh_tokens::sessions(tx, pool, &id(1), 40, before.as_ref(), limit)).await;
        found.iter().map(|family| family.id[0]).collect()
    };
    assert_eq!(list(POOL, None, 10).await, [6, 2, 1]);
    assert_eq!(list(POOL, None, 2).await, [6, 2]);
    assert_eq!(list(POOL, Some(2), 2).await, [1]);
    assert_eq!(list(OTHER, None, 10).await, [0_u8; 0]);
}

pub async fn the_sessions_used_least_recently_go_first(engine: &impl Engine) {
    let store = engine.open();
    let ended = Family { expires: 40, ..session(9, 1, 1) };
    insert(&store, &[session(1, 1, 53), session(2, 1, 51), session(3, 1, 52), session(4, 1, 51)]).await;
    insert(&store, &[family(5, 1, 100), session(1, 2, 1), ended]).await;
    let alive = async || -> Vec<u8> {
        let found = read(&store, |tx| refresh_tokens::sessions(tx, POOL, &id(1), 40, None, 10)).await;
        found.iter().map(|family| family.id[0]).collect()
    };
    for (keep, expected) in [(5, vec![4, 3, 2, 1]), (4, vec![4, 3, 2, 1]), (3, vec![4, 3, 1]), (1, vec![1])] {
        write(&store, move |tx| refresh_tokens::evict(tx, POOL, &id(1), 40, keep)).await;
        assert_eq!(alive().await, expected, "at most {keep}");
    }
    assert_eq!(get(&store, 1, 5).await, Some(family(5, 1, 100)), "what is not tracked is no session");
    assert_eq!(get(&store, 2, 1).await, Some(session(1, 2, 1)));
}
