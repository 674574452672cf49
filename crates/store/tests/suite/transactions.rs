//! Transactions: all or nothing, one at a time as far as anyone can tell, and run again after a lost race.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cognate_store::{DbError, Store, Tx, settings, users};
use tokio::task::JoinSet;

use crate::harness::{Engine, POOL, read, user, write};

async fn setting(store: &Store, name: &str) -> Option<Vec<u8>> {
    read(store, |tx| settings::get(tx, name)).await
}

pub async fn a_read_sees_what_a_write_committed(engine: &impl Engine) {
    let store = engine.open();
    for round in 0..50_u8 {
        let name = format!("round {round}");
        let written = name.clone();
        write(&store, move |tx| settings::insert(tx, &written, &[round])).await;
        assert_eq!(setting(&store, &name).await, Some(vec![round]));
    }
}

pub async fn a_read_sees_one_state_and_the_next_one_the_newer(engine: &impl Engine) {
    let store = Arc::new(engine.open());
    let changes = AtomicBool::new(false);
    let reads = |tx: &mut dyn Tx| {
        let before = settings::get(tx, "changed")?;
        if changes.swap(false, Ordering::SeqCst) {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    runtime.block_on(write(&store, |tx| settings::insert(tx, "changed", b"yes")));
                });
            });
        }
        Ok((before, settings::get(tx, "changed")?))
    };
    // Once in peace: where a closure runs again and again, the engine now knows that it has several statements.
    assert_eq!(read(&store, reads).await, (None, None));
    changes.store(true, Ordering::SeqCst);
    let seen = read(&store, reads).await;
    assert_eq!(seen, (None, None));
    assert_eq!(setting(&store, "changed").await.as_deref(), Some(&b"yes"[..]));
}

pub async fn a_read_that_panics_leaves_the_next_ones_alone(engine: &impl Engine) {
    let store = Arc::new(engine.open());
    for _ in 0..10 {
        let store = Arc::clone(&store);
        let panicked = tokio::spawn(async move {
            read(&store, |tx| -> Result<(), DbError> {
                settings::get(tx, "any")?;
                panic!("this panic is part of the test");
            })
            .await;
        });
        assert!(panicked.await.unwrap_err().is_panic());
    }
    write(&store, |tx| settings::insert(tx, "next", b"works")).await;
    assert!(setting(&store, "next").await.is_some());
}

pub async fn a_reopened_store_has_what_was_written(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| settings::insert(tx, "kept", b"yes")).await;
    drop(store);
    assert_eq!(setting(&engine.open(), "kept").await.as_deref(), Some(&b"yes"[..]));
}

pub async fn an_error_rolls_the_transaction_back(engine: &impl Engine) {
    let store = engine.open();
    let failed: Result<(), _> = store
        .write(|tx| {
            settings::insert(tx, "half", b"done")?;
            Err(DbError::Corrupt("a reason to stop".to_owned()))
        })
        .await;
    assert_eq!(failed, Err(DbError::Corrupt("a reason to stop".to_owned())));
    assert_eq!(setting(&store, "half").await, None);
}

pub async fn a_panic_rolls_the_transaction_back_and_the_store_goes_on(engine: &impl Engine) {
    let store = engine.open();
    let failed: Result<(), DbError> = store
        .write(|tx| {
            settings::insert(tx, "half", b"done")?;
            panic!("this panic is part of the test");
        })
        .await;
    assert!(matches!(failed, Err(DbError::Engine(_))), "{failed:?}");
    assert_eq!(setting(&store, "half").await, None);
    write(&store, |tx| settings::insert(tx, "next", b"works")).await;
    assert!(setting(&store, "next").await.is_some());
}

pub async fn a_transaction_that_lost_a_race_runs_again(engine: &impl Engine) {
    let store = engine.open();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let answer = store
        .write(move |tx| {
            let run = counted.fetch_add(1, Ordering::SeqCst) + 1;
            // Fails on the second run if the first one's row was not rolled back.
            settings::insert(tx, "run", &[1])?;
            if run < 3 { Err(DbError::Changed) } else { Ok(run) }
        })
        .await;
    assert_eq!(answer, Ok(3));
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

pub async fn a_transaction_that_always_loses_ends_with_the_conflict(engine: &impl Engine) {
    let store = engine.open();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let answer: Result<(), _> = store
        .write(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Err(DbError::Changed)
        })
        .await;
    assert_eq!(answer, Err(DbError::Changed));
    assert!((2..=100).contains(&runs.load(Ordering::SeqCst)), "{runs:?} runs");
}

pub async fn any_other_error_ends_the_transaction_at_once(engine: &impl Engine) {
    let store = engine.open();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let answer: Result<(), _> = store
        .write(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Err(DbError::Exists)
        })
        .await;
    assert_eq!((answer, runs.load(Ordering::SeqCst)), (Err(DbError::Exists), 1));
}

pub async fn writes_made_together_keep_all_but_the_failing_ones(engine: &impl Engine) {
    let store = engine.open();
    let mut tasks = JoinSet::new();
    for number in 0..90_usize {
        let store = store.clone();
        tasks.spawn(async move {
            let written = store
                .write(move |tx| {
                    settings::insert(tx, &format!("row {number}"), b"")?;
                    match number % 3 {
                        0 => Ok(()),
                        1 => Err(DbError::Corrupt("refused".to_owned())),
                        _ => panic!("this panic is part of the test"),
                    }
                })
                .await;
            (number, written)
        });
    }
    for (number, written) in tasks.join_all().await {
        assert_eq!(written.is_ok(), number % 3 == 0, "row {number}: {written:?}");
        assert_eq!(setting(&store, &format!("row {number}")).await.is_some(), number % 3 == 0, "row {number}");
    }
}

pub async fn concurrent_updates_of_different_fields_lose_none(engine: &impl Engine) {
    const WRITERS: usize = 8;
    const UPDATES: usize = 5;
    let store = engine.open();
    write(&store, |tx| users::insert(tx, POOL, &user(1, "maria"))).await;
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        tasks.spawn(async move {
            for update in 0..UPDATES {
                // Read before the transaction: only the version can tell that somebody else was faster.
                loop {
                    let mut user = read(&store, |tx| users::by_id(tx, POOL, &user(1, "maria").id)).await.unwrap();
                    user.attributes.insert(format!("custom:{writer}-{update}"), "set".to_owned());
                    match store.write(move |tx| users::update(tx, POOL, &user)).await {
                        Ok(()) => break,
                        Err(lost) => assert_eq!(lost, DbError::Changed),
                    }
                }
            }
        });
    }
    tasks.join_all().await;
    let user = read(&store, |tx| users::by_id(tx, POOL, &user(1, "maria").id)).await.unwrap();
    assert_eq!(user.attributes.keys().filter(|name| name.starts_with("custom:")).count(), WRITERS * UPDATES);
    assert_eq!(usize::try_from(user.version).unwrap(), 1 + WRITERS * UPDATES);
}

pub async fn of_concurrent_inserts_of_one_key_one_wins(engine: &impl Engine) {
    let store = engine.open();
    let mut tasks = JoinSet::new();
    for number in 0..20_u8 {
        let store = store.clone();
        tasks.spawn(async move { store.write(move |tx| settings::insert(tx, "the one", &[number])).await });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Err(DbError::Exists)).count(), 19);
}

pub async fn a_write_from_outside_a_runtime_is_committed(engine: &impl Engine) {
    let store = engine.open();
    let answer: Result<(), DbError> = store.write_now(|tx| settings::insert(tx, "now", b""));
    assert_eq!(answer, Ok(()));
    assert!(setting(&store, "now").await.is_some());
}
