//! Two nodes at once, where the embedded engine has one writer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use cognate_store::{DatabaseOptions, Store, attempts, codes, user_pools, users};
use tokio::task::JoinSet;

use super::server::Database;
use crate::harness::{POOL, id, insert_user, pool, user, write};

fn nodes(database: &Database) -> [Store; 2] {
    [(), ()].map(|()| Store::connect(database.url(), DatabaseOptions::default()).unwrap())
}

/// Waits until somebody waits for a lock.
async fn wait_for_a_lock(database: &Database, is_over: impl Fn() -> bool) {
    let waiting =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while database.number(waiting) == 0 {
        assert!(!is_over(), "it did not wait");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_pool_that_is_deleted_waits_for_who_puts_a_user_into_it_and_takes_them_along() {
    let database = Database::fresh();
    let [one, other] = nodes(&database);
    write(&one, |tx| user_pools::insert(tx, &pool(POOL), b"key")).await;
    let (release, gate) = channel::<()>();
    let (begun, mut has_begun) = tokio::sync::mpsc::channel(1);
    let gate = std::sync::Mutex::new(gate);
    let putting = tokio::spawn(async move {
        write(&one, move |tx| {
            let exists = user_pools::exists(tx, POOL)?;
            let _ = begun.try_send(());
            let _ = gate.lock().unwrap().recv();
            insert_user(tx, POOL, &user(1, "maria"))?;
            Ok(exists)
        })
        .await
    });
    has_begun.recv().await.unwrap();
    let deleting = tokio::spawn(async move { write(&other, |tx| user_pools::delete(tx, POOL)).await });
    wait_for_a_lock(&database, || deleting.is_finished()).await;
    drop(release);
    assert!(putting.await.unwrap(), "the pool was there");
    deleting.await.unwrap();
    assert_eq!(database.tables_that_mention(POOL.as_bytes()), [""; 0]);
    let [late, _] = nodes(&database);
    assert!(!write(&late, |tx| user_pools::exists(tx, POOL)).await);
}

#[tokio::test]
async fn attempts_that_are_made_at_once_are_all_counted() {
    let database = Database::fresh();
    let nodes = nodes(&database);
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let node = nodes[number % 2].clone();
        tasks.spawn(async move { write(&node, |tx| attempts::count(tx, POOL, &id(1), "guess", 5, 100)).await });
    }
    let mut counts = tasks.join_all().await;
    counts.sort_unstable();
    assert_eq!(counts, (1..=40).collect::<Vec<i64>>());
}

#[tokio::test]
async fn codes_that_are_sent_at_once_replace_each_other() {
    let database = Database::fresh();
    let nodes = nodes(&database);
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let node = nodes[number % 2].clone();
        tasks.spawn(async move {
            write(&node, |tx| codes::put(tx, POOL, &id(1), "forgot", &crate::sign_in::code(1))).await;
        });
    }
    tasks.join_all().await;
    assert_eq!(database.number("SELECT COUNT(*) FROM codes"), 1);
}

#[tokio::test]
async fn of_guesses_that_are_made_at_once_no_more_are_heard_than_allowed() {
    let database = Database::fresh();
    let nodes = nodes(&database);
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let node = nodes[number % 2].clone();
        tasks.spawn(async move {
            // They do not come in the order of their clocks.
            let now = 50 - i64::try_from(number).unwrap();
            write(&node, move |tx| {
                if attempts::get_to_count(tx, POOL, &id(1), "guess", now, 100)? >= 10 {
                    return Ok(false);
                }
                attempts::count(tx, POOL, &id(1), "guess", now, 100).map(|_| true)
            })
            .await
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|heard| *heard).count(), 10);
}

/// One of them would wait for the other in vain if both held the user while they read; the locks here end before the
/// server looks for that.
#[tokio::test]
async fn of_two_who_remove_a_user_at_once_one_does() {
    let database = Database::fresh();
    let options = || DatabaseOptions { statement_time: Duration::from_millis(2_400), ..DatabaseOptions::default() };
    let nodes = [(), ()].map(|()| Store::connect(database.url(), options()).unwrap());
    write(&nodes[0], |tx| insert_user(tx, POOL, &user(1, "maria"))).await;
    let both_have_read = Arc::new(Barrier::new(2));
    let mut tasks = JoinSet::new();
    for node in nodes {
        let (both_have_read, is_first) = (Arc::clone(&both_have_read), AtomicBool::new(true));
        tasks.spawn(async move {
            node.write(move |tx| {
                let found = users::by_id_to_delete(tx, POOL, &id(1))?;
                if is_first.swap(false, Ordering::SeqCst) {
                    both_have_read.wait();
                }
                match found {
                    Some(user) => users::delete(tx, POOL, &user).map(|()| true),
                    None => Ok(false),
                }
            })
            .await
        });
    }
    let mut ends = tasks.join_all().await;
    ends.sort_by_key(|end| matches!(end, Ok(true)));
    assert_eq!(ends, [Ok(false), Ok(true)]);
}

#[tokio::test]
async fn nothing_is_written_for_a_user_who_is_being_deleted() {
    let database = Database::fresh();
    let [one, other] = nodes(&database);
    write(&one, |tx| insert_user(tx, POOL, &user(1, "maria"))).await;
    let (release, gate) = channel::<()>();
    let (begun, mut has_begun) = tokio::sync::mpsc::channel(1);
    let gate = std::sync::Mutex::new(gate);
    let writing = tokio::spawn(async move {
        write(&one, move |tx| {
            let found = users::by_alias(tx, POOL, "username", "maria")?;
            let _ = begun.try_send(());
            let _ = gate.lock().unwrap().recv();
            codes::put(tx, POOL, &id(1), "forgot", &crate::sign_in::code(1))?;
            Ok(found.is_some())
        })
        .await
    });
    has_begun.recv().await.unwrap();
    let deleting = tokio::spawn(async move { write(&other, |tx| users::delete(tx, POOL, &user(1, "maria"))).await });
    wait_for_a_lock(&database, || deleting.is_finished()).await;
    drop(release);
    assert!(writing.await.unwrap(), "the user was there");
    deleting.await.unwrap();
    assert_eq!(database.number("SELECT COUNT(*) FROM codes"), 0);
}
