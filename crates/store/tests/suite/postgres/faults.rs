//! Whatever goes wrong, and wherever: no effect is lost, and none happens twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cognate_store::{DatabaseOptions, DbError, Fault, Faults, Isolation, Moment, Store, Tx, counters, settings};
use tokio::task::JoinSet;

use super::proxy::{Cut, Proxy, When};
use super::server::Database;
use crate::harness::{POOL, id, read};

const BOTH: [Isolation; 2] = [Isolation::ReadCommitted, Isolation::Serializable];

/// A transaction that would show whether it took effect twice, or by half: it reads, counts, and writes two rows.
fn representative(tx: &mut dyn Tx, name: &str) -> Result<(), DbError> {
    settings::get(tx, name)?;
    counters::add(tx, POOL, &id(1), 1)?;
    settings::insert(tx, name, b"first")?;
    settings::insert(tx, &format!("{name} again"), b"second")
}

/// How many statements it has.
const STATEMENTS: usize = 4;

/// How often it took effect, if every effect is whole.
fn effects(database: &Database) -> i64 {
    let counted = database.number("SELECT COALESCE(SUM(users), 0) FROM counters");
    assert_eq!(database.number("SELECT COUNT(*) FROM settings"), 2 * counted, "an effect is half done");
    counted
}

fn connect(url: &str, isolation: Isolation, faults: Faults) -> Store {
    let statement_time = Duration::from_millis(1_500);
    let options = DatabaseOptions { connections: 2, isolation, statement_time, faults };
    Store::connect(url, options).unwrap()
}

/// Runs it once on this store; says how often its closure ran.
async fn run_counted(store: &Store, name: String) -> (Result<(), DbError>, usize) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let answer = store
        .write(move |tx| {
            counted.fetch_add(1, Ordering::SeqCst);
            representative(tx, &name)
        })
        .await;
    (answer, runs.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_fault_at_any_moment_costs_a_run_and_no_effect() {
    for isolation in BOTH {
        let database = Database::fresh();
        let moments = (0..STATEMENTS).map(Moment::Statement).chain([Moment::Commit]);
        let faults = [Fault::Conflict, Fault::LostBefore, Fault::LostAfter];
        let mut done = 0;
        for moment in moments {
            for fault in faults {
                let left = AtomicUsize::new(1);
                let decide = move |now| {
                    let strikes = now == moment
                        && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
                    strikes.then_some(fault)
                };
                let store = connect(database.url(), isolation, Faults::new(decide));
                let (answer, runs) = run_counted(&store, format!("{moment:?} {fault:?}")).await;
                done += 1;
                let place = format!("{isolation:?} {moment:?} {fault:?}");
                assert_eq!((answer, effects(&database)), (Ok(()), done), "{place}");
                let expected = if (moment, fault) == (Moment::Commit, Fault::LostAfter) { 1 } else { 2 };
                assert_eq!(runs, expected, "{place}");
            }
        }
    }
}

#[tokio::test]
async fn a_fault_that_does_not_end_is_told_and_leaves_nothing() {
    for isolation in BOTH {
        for (fault, moment) in [
            (Fault::Conflict, Moment::Statement(2)),
            (Fault::Conflict, Moment::Commit),
            (Fault::LostBefore, Moment::Statement(0)),
            (Fault::LostAfter, Moment::Statement(3)),
            (Fault::LostBefore, Moment::Commit),
        ] {
            let database = Database::fresh();
            let faults = Faults::new(move |now| (now == moment).then_some(fault));
            let store = connect(database.url(), isolation, faults);
            let (answer, runs) = run_counted(&store, "never".to_owned()).await;
            match fault {
                Fault::Conflict => assert_eq!(answer, Err(DbError::Changed)),
                Fault::LostBefore | Fault::LostAfter => {
                    assert!(matches!(answer, Err(DbError::Engine(_))), "{answer:?}");
                }
            }
            assert_eq!((runs, effects(&database)), (16, 0), "{isolation:?} {moment:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_more_often_than_a_race_is_run() {
    let database = Database::fresh();
    let proxy = Proxy::start(database.url());
    let store = connect(proxy.url(), Isolation::ReadCommitted, Faults::default());
    run_counted(&store, "before".to_owned()).await.0.unwrap();
    proxy.close_for(24);
    proxy.cut(When::Message(0), Cut::Before);
    let (answer, _) = run_counted(&store, "after".to_owned()).await;
    assert_eq!((answer, proxy.still_closed_for(), effects(&database)), (Ok(()), 0, 2));
}

#[tokio::test]
async fn a_closure_that_hides_a_fault_does_not_hide_it_from_the_store() {
    let database = Database::fresh();
    let left = AtomicUsize::new(1);
    let faults = Faults::new(move |now| {
        let strikes = now == Moment::Statement(1)
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        strikes.then_some(Fault::Conflict)
    });
    let store = connect(database.url(), Isolation::ReadCommitted, faults);
    let answer = store
        .write(|tx| {
            settings::insert(tx, "first", b"")?;
            Ok::<_, DbError>(settings::insert(tx, "second", b"").is_ok())
        })
        .await;
    assert_eq!((answer, database.number("SELECT COUNT(*) FROM settings")), (Ok(true), 2));
}

#[tokio::test]
async fn a_connection_that_is_cut_at_any_message_costs_no_effect() {
    for isolation in BOTH {
        for how in [Cut::Before, Cut::After, Cut::AfterTheAnswer] {
            let database = Database::fresh();
            let proxy = Proxy::start(database.url());
            let store = connect(proxy.url(), isolation, Faults::default());
            let (mut done, mut cuts) = (0, 0);
            // The first run opens the connection and prepares its statements, so that the others are alike.
            for message in 0.. {
                if message > 0 {
                    proxy.cut(When::Message(message - 1), how);
                }
                let (answer, _) = run_counted(&store, format!("{message}")).await;
                done += 1;
                assert_eq!((answer, effects(&database)), (Ok(()), done), "{isolation:?} {how:?} {message}");
                if message > 0 && !proxy.has_cut() {
                    break;
                }
                cuts += usize::from(message > 0);
                // A connection that was cut has been opened anew; the next run finds it prepared again.
                let warm = run_counted(&store, format!("{message} warm")).await;
                done += 1;
                assert_eq!((warm.0, effects(&database)), (Ok(()), done));
            }
            assert!(cuts > STATEMENTS * 2, "{cuts} messages");
        }
    }
}

#[tokio::test]
async fn a_read_whose_connection_is_cut_at_any_message_runs_again() {
    for how in [Cut::Before, Cut::After, Cut::AfterTheAnswer] {
        let database = Database::fresh();
        let proxy = Proxy::start(database.url());
        let store = connect(proxy.url(), Isolation::ReadCommitted, Faults::default());
        assert_eq!(run_counted(&store, "any".to_owned()).await.0, Ok(()));
        for statements in [1, 3] {
            let reads = |tx: &mut dyn Tx| {
                let names = ["any", "any again", "none"];
                names[..statements].iter().map(|name| settings::get(tx, name)).collect::<Result<Vec<_>, _>>()
            };
            let all = [Some(b"first".to_vec()), Some(b"second".to_vec()), None];
            let mut cuts = 0;
            // The first run opens the connection and prepares the statements, so that the others are alike.
            for message in 0.. {
                if message > 0 {
                    proxy.cut(When::Message(message - 1), how);
                }
                assert_eq!(read(&store, reads).await, all[..statements], "{how:?} {statements} {message}");
                if message > 0 && !proxy.has_cut() {
                    break;
                }
                cuts += usize::from(message > 0);
                assert_eq!(read(&store, reads).await, all[..statements]);
            }
            assert!(cuts >= 3 * statements, "{cuts} messages");
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_cut_off_took_effect_once() {
    for isolation in BOTH {
        for how in [Cut::Before, Cut::After, Cut::AfterTheAnswer, Cut::Late, Cut::Held] {
            let database = Database::fresh();
            let proxy = Proxy::start(database.url());
            let store = connect(proxy.url(), isolation, Faults::default());
            run_counted(&store, "warm".to_owned()).await.0.unwrap();
            proxy.cut(When::Commit, how);
            let (answer, runs) = run_counted(&store, "cut".to_owned()).await;
            assert!(proxy.has_cut());
            assert_eq!((answer, effects(&database)), (Ok(()), 2), "{isolation:?} {how:?}");
            let expected = match how {
                // The server never heard of the commit.
                Cut::Before | Cut::Held => 2..=2,
                // It may or may not have been faster than the cut.
                Cut::After => 1..=2,
                Cut::AfterTheAnswer | Cut::Late => 1..=1,
            };
            assert!(expected.contains(&runs), "{isolation:?} {how:?}: {runs} runs");
        }
    }
}

#[tokio::test]
async fn under_many_cuts_every_acknowledged_effect_is_there_and_no_other() {
    for isolation in BOTH {
        let database = Database::fresh();
        let proxy = Arc::new(Proxy::start(database.url()));
        let options = DatabaseOptions { connections: 8, isolation, ..DatabaseOptions::default() };
        let store = Store::connect(proxy.url(), options).unwrap();
        let mut tasks = JoinSet::new();
        for number in 0..120_usize {
            let (store, proxy) = (store.clone(), Arc::clone(&proxy));
            tasks.spawn(async move {
                let how = [Cut::Before, Cut::After, Cut::AfterTheAnswer][number % 3];
                if number % 2 == 0 {
                    proxy.cut(if number % 4 == 0 { When::Commit } else { When::Message(number % 11) }, how);
                }
                (run_counted(&store, format!("{number}")).await.0, number)
            });
        }
        let mut acknowledged = 0;
        for (answer, number) in tasks.join_all().await {
            acknowledged += i64::from(answer.is_ok());
            let found = read(&store, |tx| settings::get(tx, &format!("{number}"))).await;
            assert_eq!(found.is_some(), answer.is_ok(), "{isolation:?} {number}: {answer:?}");
        }
        assert_eq!(effects(&database), acknowledged);
        assert!(acknowledged >= 100, "{isolation:?}: only {acknowledged} of 120 went through");
        assert!(store.gauges().retried > 0);
    }
}

#[tokio::test]
async fn a_server_that_takes_no_writes_any_more_is_left_and_asked_for_anew() {
    let database = Database::fresh();
    let store = connect(database.url(), Isolation::ReadCommitted, Faults::default());
    let runs = AtomicUsize::new(0);
    let answer = store
        .write(move |tx| {
            let run = runs.fetch_add(1, Ordering::SeqCst);
            if run == 0 {
                // As a server that became a standby answers from then on.
                tx.execute("SET TRANSACTION READ ONLY", &[])?;
            }
            representative(tx, "any")?;
            Ok::<_, DbError>(run)
        })
        .await;
    assert_eq!((answer, effects(&database)), (Ok(1), 1));
    // A new connection leads only to a server that takes writes.
    let only_reads = format!("{}?options=-c%20default_transaction_read_only=on", database.url());
    let refused = Store::connect(&only_reads, DatabaseOptions::default()).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("does not allow writes"), "{refused}");
}
