//! Finding users by value and by the beginning of a value, page by page.

use std::collections::BTreeSet;

use cognate_domain::user::UserId;
use cognate_store::user_index::{self, Place};
use cognate_store::{DbError, Tx};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{Engine, OTHER, POOL, id, read, write};

async fn found(store: &cognate_store::Store, value: &str) -> Vec<UserId> {
    let places = read(store, |tx| user_index::with_value(tx, POOL, "name", value.as_bytes(), None, 10)).await;
    assert!(places.iter().all(|place| place.value == value.as_bytes()));
    places.into_iter().map(|place| place.user).collect()
}

pub async fn a_value_is_found_until_it_is_deleted(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        user_index::insert_value(tx, POOL, "name", "maria", &id(1))?;
        user_index::insert_value(tx, POOL, "email", "maria", &id(2))?;
        user_index::insert_value(tx, OTHER, "name", "maria", &id(3))
    })
    .await;
    assert_eq!(found(&store, "maria").await, [id(1)]);
    assert_eq!(found(&store, "mari").await, Vec::<UserId>::new());
    write(&store, |tx| user_index::delete_value(tx, POOL, "name", "maria", &id(2))).await;
    assert_eq!(found(&store, "maria").await, [id(1)], "the entry of another user is none of theirs");
    write(&store, |tx| user_index::delete_value(tx, POOL, "name", "maria", &id(1))).await;
    assert_eq!(found(&store, "maria").await, Vec::<UserId>::new());
}

pub async fn the_same_value_twice_is_no_error(engine: &impl Engine) {
    let store = engine.open();
    for _ in 0..2 {
        write(&store, |tx| user_index::insert_value(tx, POOL, "name", "maria", &id(1))).await;
    }
    assert_eq!(found(&store, "maria").await, [id(1)]);
}

pub async fn users_with_a_value_come_page_by_page(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        (0..7).rev().try_for_each(|number| user_index::insert_value(tx, POOL, "name", "maria", &id(number)))
    })
    .await;
    let mut seen = Vec::new();
    loop {
        let last: Option<UserId> = seen.last().copied();
        let page = read(&store, |tx| user_index::with_value(tx, POOL, "name", b"maria", last.as_ref(), 3)).await;
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|place| place.user));
    }
    assert_eq!(seen, (0..7).map(id).collect::<Vec<_>>());
}

/// Few letters, so that values share beginnings; the last one is the greatest that there is.
fn value() -> impl Strategy<Value = String> {
    vec(select(vec!["a", "b", "\u{7f}", "é", "\u{10ffff}"]), 0..4).prop_map(|letters| letters.concat())
}

/// The beginning of a value, cut between any two bytes, or bytes that no value begins with.
fn prefix() -> impl Strategy<Value = Vec<u8>> {
    let cut = (value(), 0..8_usize).prop_map(|(value, end)| value.into_bytes().into_iter().take(end).collect());
    prop_oneof![9 => cut, 1 => vec(select(vec![0, 0xF4, 0xFF]), 0..3)]
}

/// Reads page after page until one is not full.
fn pages(
    limit: usize,
    mut page: impl FnMut(Option<&Place>, i64) -> Result<Vec<Place>, DbError>,
) -> Result<Vec<(Vec<u8>, UserId)>, TestCaseError> {
    let mut seen: Vec<Place> = Vec::new();
    loop {
        let found = page(seen.last(), i64::try_from(limit).unwrap()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert!(found.len() <= limit, "a page of {} where {limit} were asked for", found.len());
        let is_last = found.len() < limit;
        seen.extend(found);
        if is_last {
            return Ok(seen.into_iter().map(|place| (place.value, place.user)).collect());
        }
    }
}

/// Runs cases on one store, each in a pool of its own.
async fn check<C: std::fmt::Debug + Send + 'static>(
    engine: &impl Engine,
    cases: impl Strategy<Value = C> + Send + 'static,
    case: impl Fn(&cognate_store::Store, &str, C) -> Result<(), TestCaseError> + Send + 'static,
) {
    let store = engine.open();
    let outcome = tokio::task::spawn_blocking(move || {
        let pools = std::cell::Cell::new(0_u32);
        let config = Config { failure_persistence: None, ..Config::with_cases(64) };
        TestRunner::new(config).run(&cases, |values| {
            pools.set(pools.get() + 1);
            case(&store, &format!("pool {}", pools.get()), values)
        })
    });
    if let Err(failure) = outcome.await.unwrap() {
        panic!("{failure}");
    }
}

fn write_now(store: &cognate_store::Store, body: impl Fn(&mut dyn Tx) -> Result<(), DbError> + Send + 'static) {
    store.write_now(body).expect("the rows are written");
}

pub async fn pages_of_a_prefix_are_what_a_naive_filter_finds(engine: &impl Engine) {
    let entries = btree_set((value(), 0..6_u8), 0..24);
    check(engine, (entries, vec(prefix(), 1..6), 1..5_usize), |store, pool, (entries, prefixes, limit)| {
        let (rows, name) = (entries.clone(), pool.to_owned());
        write_now(store, move |tx| {
            rows.iter().try_for_each(|(value, user)| user_index::insert_value(tx, &name, "name", value, &id(*user)))
        });
        let entries: BTreeSet<_> = entries.into_iter().map(|(value, user)| (value.into_bytes(), id(user))).collect();
        for prefix in prefixes {
            let expected: Vec<_> = entries.iter().filter(|(value, _)| value.starts_with(&prefix)).cloned().collect();
            let runtime = tokio::runtime::Handle::current();
            let found = pages(limit, |after, limit| {
                runtime.block_on(store.read(|tx| user_index::with_prefix(tx, pool, "name", &prefix, after, limit)))
            })?;
            prop_assert_eq!(found, expected, "prefix {:?}", prefix);
        }
        Ok(())
    })
    .await;
}

pub async fn pages_of_handles_are_what_a_naive_filter_finds(engine: &impl Engine) {
    let names = btree_set(value(), 0..24);
    check(engine, (names, vec(prefix(), 1..6), 1..5_usize), |store, pool, (names, prefixes, limit)| {
        let (rows, name) = (names.clone(), pool.to_owned());
        write_now(store, move |tx| {
            rows.iter().try_for_each(|value| user_index::insert_alias(tx, &name, "username", value, &id(1)))
        });
        for prefix in prefixes {
            let names: BTreeSet<_> = names.iter().map(|name| name.clone().into_bytes()).collect();
            let expected: Vec<_> =
                names.into_iter().filter(|value| value.starts_with(&prefix)).map(|value| (value, id(1))).collect();
            let runtime = tokio::runtime::Handle::current();
            let found = pages(limit, |after, limit| {
                let after = after.map(|place| place.value.as_slice());
                runtime.block_on(
                    store.read(|tx| user_index::aliases_with_prefix(tx, pool, "username", &prefix, after, limit)),
                )
            })?;
            prop_assert_eq!(found, expected, "prefix {:?}", prefix);
        }
        Ok(())
    })
    .await;
}
