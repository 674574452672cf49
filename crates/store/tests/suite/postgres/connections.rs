//! Opening, sharing and losing connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use cognate_store::{DatabaseOptions, DbError, OpenError, Param, Store, settings};
use tokio::task::JoinSet;

use super::proxy::Proxy;
use super::server::{Database, of_database, server};
use crate::harness::{read, write};

fn open(database: &Database) -> Store {
    Store::connect(database.url(), DatabaseOptions::default()).unwrap()
}

fn refused(url: &str) -> OpenError {
    Store::connect(url, DatabaseOptions::default()).map(|_| ()).expect_err("the database must not open")
}

async fn works(store: &Store, name: &'static str) {
    write(store, move |tx| settings::insert(tx, name, b"yes")).await;
    assert!(read(store, |tx| settings::get(tx, name)).await.is_some());
}

#[tokio::test]
async fn programs_that_share_a_database_see_what_each_other_wrote() {
    let database = Database::fresh();
    let (one, other) = (open(&database), open(&database));
    works(&one, "one").await;
    assert!(read(&other, |tx| settings::get(tx, "one")).await.is_some());
    assert_eq!(other.write(|tx| settings::insert(tx, "one", b"again")).await, Err(DbError::Exists));
}

#[tokio::test]
async fn no_more_connections_are_open_than_the_options_say() {
    let database = Database::fresh();
    let options = DatabaseOptions { connections: 4, ..DatabaseOptions::default() };
    let store = Store::connect(database.url(), options).unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..40_u8 {
        let store = store.clone();
        tasks.spawn(async move {
            write(&store, move |tx| settings::insert(tx, &format!("{number}"), b"")).await;
            read(&store, |tx| settings::get(tx, "0")).await;
        });
    }
    tasks.join_all().await;
    let open = database.number(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'cognate' AND datname = current_database()",
    );
    assert!((2..=4).contains(&open), "{open} connections");
    assert_eq!(i64::try_from(store.gauges().connections), Ok(open));
    assert_eq!(database.number("SELECT COUNT(*) FROM settings"), 40);
}

#[tokio::test]
async fn a_connection_that_ended_while_it_was_idle_is_opened_anew() {
    let database = Database::fresh();
    let store = open(&database);
    for round in ["first", "second", "third"] {
        works(&store, round).await;
        let ended =
            database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cognate' AND datname = current_database()");
        assert!(ended.len() >= 2, "{ended:?}");
    }
    works(&store, "last").await;
}

#[tokio::test]
async fn a_server_that_takes_connections_and_says_nothing_is_passed_over() {
    let database = Database::fresh();
    // The system accepts for it, as for a server whose machine stands still.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let first = silent.local_addr().unwrap();
    let url = database.url().replacen('@', &format!("@{first},"), 1);
    let store = Store::connect(&format!("{url}?connect_timeout=1"), DatabaseOptions::default()).unwrap();
    works(&store, "any").await;
}

const OURS: &str = "application_name = 'cognate' AND datname = current_database()";

#[tokio::test]
async fn nobody_waits_behind_others_for_a_server_that_says_nothing() {
    let database = Database::fresh();
    let proxy = Proxy::start(database.url());
    // The same server twice, so that the time to connect is bounded by the URL.
    let (head, rest) = proxy.url().split_once('@').unwrap();
    let (address, name) = rest.split_once('/').unwrap();
    let url = format!("{head}@{address},{address}/{name}?connect_timeout=1");
    let options = DatabaseOptions { connections: 2, ..DatabaseOptions::default() };
    let store = Store::connect(&url, options).unwrap();
    works(&store, "before").await;
    proxy.stand_still();
    database.sql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}"));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..80 {
        let (reading, writing) = (store.clone(), store.clone());
        tasks.spawn(async move { reading.read(|tx| settings::get(tx, "before")).await.map(|_| ()) });
        tasks.spawn(async move { writing.write(move |tx| settings::insert(tx, &format!("{number}"), b"")).await });
    }
    while let Some(answer) = tasks.join_next().await {
        assert!(matches!(answer.unwrap(), Err(DbError::Engine(_))));
    }
    // One after the other they would wait for two seconds each, at least.
    assert!(begun.elapsed() < Duration::from_secs(100), "{:?}", begun.elapsed());
    // Whoever comes now does not wait for as long again, but for the one who tries for all.
    let begun = Instant::now();
    for _ in 0..3 {
        store.read(|tx| settings::get(tx, "before")).await.unwrap_err();
        store.write(|tx| settings::insert(tx, "never", b"")).await.unwrap_err();
    }
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    proxy.go_on();
    works(&store, "after").await;
    assert_eq!(database.number("SELECT COUNT(*) FROM settings"), 2);
}

#[tokio::test]
async fn the_connections_that_are_left_do_the_work_where_no_further_one_can_be_had() {
    let database = Database::fresh();
    let proxy = Proxy::start(database.url());
    let options = DatabaseOptions { connections: 8, ..DatabaseOptions::default() };
    let store = Store::connect(proxy.url(), options).unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        tasks.spawn(async move {
            read(&store, |tx| settings::get(tx, "0")).await;
            write(&store, move |tx| settings::insert(tx, &format!("{number}"), b"")).await;
        });
    }
    tasks.join_all().await;
    proxy.close_for(usize::MAX);
    // One that writes, and the first one that reads.
    for last in ["= 'COMMIT'", "LIKE 'SELECT%'"] {
        let ended = database.sql(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS} AND query {last} \
             ORDER BY backend_start LIMIT 1"
        ));
        assert_eq!(ended.len(), 1, "{last}");
    }
    let (mut reads, mut writes) = (JoinSet::new(), JoinSet::new());
    for number in 1_000..1_300 {
        let (reading, writing) = (store.clone(), store.clone());
        reads.spawn(async move { reading.read(|tx| settings::get(tx, "0")).await.is_err() });
        writes.spawn(
            async move { writing.write(move |tx| settings::insert(tx, &format!("{number}"), b"")).await.is_err() },
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let failures = |answers: Vec<bool>| answers.into_iter().filter(|failed| *failed).count();
    assert_eq!(failures(reads.join_all().await), 0, "reads");
    // The one that had begun to wait for the connection that was lost.
    assert!(failures(writes.join_all().await) <= 1, "writes");
    assert!(proxy.still_closed_for() > 0);
    // For as long as these were there nothing was lost: now they wait like anybody else.
    let ended = database.sql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}"));
    assert!(!ended.is_empty());
    let (reading, writing) = (store.clone(), store.clone());
    let reading = tokio::spawn(async move { reading.read(|tx| settings::get(tx, "0")).await.map(|_| ()) });
    let writing = tokio::spawn(async move { writing.write(|tx| settings::insert(tx, "last", b"")).await });
    let closed = proxy.still_closed_for();
    while closed - proxy.still_closed_for() < 20 && !reading.is_finished() && !writing.is_finished() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    proxy.close_for(0);
    assert_eq!((reading.await.unwrap(), writing.await.unwrap()), (Ok(()), Ok(())));
}

#[tokio::test]
async fn an_orderly_end_leaves_no_trace_of_its_connections() {
    let database = Database::fresh();
    let store = open(&database);
    works(&store, "any").await;
    assert!(database.number("SELECT COUNT(*) FROM commits") > 0);
    drop(store);
    assert_eq!(database.number("SELECT COUNT(*) FROM commits"), 0);
}

#[tokio::test]
async fn what_crashed_programs_left_behind_is_removed_after_a_day() {
    let database = Database::fresh();
    database.sql(
        "INSERT INTO commits SELECT '\\x01', 1, extract(epoch FROM now() - interval '25 hours')::bigint * 1000000;
         INSERT INTO commits SELECT '\\x02', 1, extract(epoch FROM now() - interval '23 hours')::bigint * 1000000",
    );
    let store = open(&database);
    works(&store, "any").await;
    drop(store);
    assert_eq!(database.sql("SELECT id FROM commits"), [[Some("\\x02".to_owned())]]);
}

/// Lets a transaction wait until the sender is dropped, and says when it has begun.
async fn hold(store: &Store) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), DbError>>) {
    let (release, gate) = channel::<()>();
    let (gate, (begun, mut has_begun)) = (std::sync::Mutex::new(gate), tokio::sync::mpsc::channel(1));
    let store = store.clone();
    let held = tokio::spawn(async move {
        store
            .write(move |_| {
                let _ = begun.try_send(());
                let _ = gate.lock().unwrap().recv();
                Ok(())
            })
            .await
    });
    has_begun.recv().await.unwrap();
    (release, held)
}

#[tokio::test]
async fn a_full_queue_says_busy_and_loses_nothing_that_it_took() {
    let database = Database::fresh();
    let options = DatabaseOptions { connections: 2, ..DatabaseOptions::default() };
    let store = Store::connect(database.url(), options).unwrap();
    let (release, held) = hold(&store).await;
    let mut queued = JoinSet::new();
    for number in 0..4_200_usize {
        let store = store.clone();
        queued.spawn(async move { store.write(move |tx| settings::insert(tx, &format!("{number}"), b"")).await });
    }
    let mut refused = 0;
    while store.gauges().queued_writes < 4_097 || refused < 104 {
        match queued.try_join_next() {
            Some(answer) => {
                assert_eq!(answer.unwrap(), Err(DbError::Busy));
                refused += 1;
            }
            None => tokio::task::yield_now().await,
        }
    }
    drop(release);
    assert_eq!(held.await.unwrap(), Ok(()));
    let answers = queued.join_all().await;
    let kept = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!((kept, answers.len()), (4_096, 4_096));
    assert_eq!(database.number("SELECT COUNT(*) FROM settings"), 4_096);
}

#[tokio::test]
async fn other_tasks_go_on_while_a_read_waits() {
    let database = Database::fresh();
    let store = open(&database);
    let (release, gate) = channel::<()>();
    let (begun, mut has_begun) = tokio::sync::mpsc::channel(1);
    let (holding, gate) = (store.clone(), std::sync::Mutex::new(gate));
    let holder = tokio::spawn(async move {
        write(&holding, move |tx| {
            tx.execute("LOCK TABLE settings IN ACCESS EXCLUSIVE MODE", &[])?;
            let _ = begun.try_send(());
            let _ = gate.lock().unwrap().recv();
            Ok(())
        })
        .await;
    });
    has_begun.recv().await.unwrap();
    let reading = tokio::spawn(async move { read(&store, |tx| settings::get(tx, "any")).await });
    let waiting =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while database.number(waiting) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!reading.is_finished());
    drop(release);
    assert_eq!(reading.await.unwrap(), None);
    holder.await.unwrap();
}

/// Reads so many settings, one statement each; gives how many are there, and how often the closure ran.
async fn read_many(store: &Store, statements: usize) -> (usize, usize) {
    let runs = AtomicUsize::new(0);
    let found = read(store, |tx| {
        runs.fetch_add(1, Ordering::SeqCst);
        let mut found = 0;
        for number in 0..statements {
            found += usize::from(settings::get(tx, &format!("{number}"))?.is_some());
        }
        Ok(found)
    })
    .await;
    (found, runs.load(Ordering::SeqCst))
}

async fn write_many(store: &Store, count: usize) {
    write(store, move |tx| (0..count).try_for_each(|number| settings::insert(tx, &format!("{number}"), b""))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_of_many_statements_runs_a_few_times_and_then_once() {
    let database = Database::fresh();
    let store = open(&database);
    write_many(&store, 20).await;
    let (found, runs) = read_many(&store, 20).await;
    assert!(found == 20 && runs < 12, "{found} {runs}");
    assert_eq!(read_many(&store, 20).await, (20, 1));
}

#[tokio::test]
async fn a_read_of_many_statements_works_on_one_thread_as_well() {
    let database = Database::fresh();
    let store = open(&database);
    write_many(&store, 20).await;
    assert_eq!(read_many(&store, 20).await.0, 20);
}

#[test]
fn reads_go_on_where_another_runtime_takes_over() {
    let database = Database::fresh();
    let store = open(&database);
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(works(&store, "any"));
        runtime.block_on(write(&store, |tx| tx.execute("DELETE FROM settings", &[])));
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_in_the_middle_of_a_read_leaves_the_next_ones_alone() {
    let database = Database::fresh();
    let options = DatabaseOptions { connections: 2, ..DatabaseOptions::default() };
    let store = Store::connect(database.url(), options).unwrap();
    write_many(&store, 3).await;
    read_many(&store, 3).await;
    for polls in 0..8 {
        let mut reading = Box::pin(read_many(&store, 3));
        for _ in 0..polls {
            if tokio::time::timeout(Duration::ZERO, &mut reading).await.is_ok() {
                break;
            }
        }
        drop(reading);
        assert_eq!(read_many(&store, 3).await.0, 3, "after {polls} polls");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_wait_for_a_connection_and_all_come_back() {
    let database = Database::fresh();
    let options = DatabaseOptions { connections: 2, ..DatabaseOptions::default() };
    let store = Store::connect(database.url(), options).unwrap();
    works(&store, "any").await;
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        tasks.spawn(async move {
            let panics = number % 20 == 0;
            store
                .read(|tx| {
                    let found = settings::get(tx, "any")?;
                    assert!(!panics, "this panic is part of the test");
                    Ok::<_, DbError>(found)
                })
                .await
        });
    }
    let mut panics = 0;
    while let Some(answer) = tasks.join_next().await {
        match answer {
            Ok(found) => assert_eq!(found.unwrap().as_deref(), Some(&b"yes"[..])),
            Err(panic) => panics += usize::from(panic.is_panic()),
        }
    }
    assert_eq!(panics, 10);
}

#[tokio::test]
async fn a_transaction_goes_on_after_a_key_that_exists() {
    let database = Database::fresh();
    let store = open(&database);
    works(&store, "taken").await;
    let answers = write(&store, |tx| {
        let answers = [settings::insert(tx, "taken", b""), settings::insert(tx, "free", b"")];
        settings::insert(tx, "behind", b"")?;
        Ok(answers)
    })
    .await;
    assert_eq!(answers, [Err(DbError::Exists), Ok(())]);
    assert!(read(&store, |tx| settings::get(tx, "behind")).await.is_some());
}

#[tokio::test]
async fn a_transaction_that_goes_on_after_a_failure_is_not_committed() {
    let database = Database::fresh();
    let store = open(&database);
    let answer: Result<(), DbError> = store
        .write(|tx| {
            settings::insert(tx, "before", b"")?;
            assert!(tx.execute("UPDATE settings SET nothing = 1", &[]).is_err());
            assert!(settings::insert(tx, "behind", b"").is_err());
            Ok(())
        })
        .await;
    assert!(matches!(&answer, Err(DbError::Engine(text)) if text.contains("went on")), "{answer:?}");
    assert_eq!(database.number("SELECT COUNT(*) FROM settings"), 0);
    works(&store, "next").await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_given_up() {
    let database = Database::fresh();
    let options = DatabaseOptions { statement_time: Duration::from_millis(300), ..DatabaseOptions::default() };
    let store = Store::connect(database.url(), options).unwrap();
    let slow = store.read(|tx| tx.query("SELECT 1 FROM pg_sleep(60)", &[]).map(|_| ())).await;
    assert!(matches!(&slow, Err(DbError::Engine(text)) if text.contains("57014")), "{slow:?}");
    works(&store, "next").await;
}

#[tokio::test]
async fn a_lock_that_somebody_keeps_too_long_is_answered_with_busy() {
    let database = Database::fresh();
    let options = DatabaseOptions { statement_time: Duration::from_millis(900), ..DatabaseOptions::default() };
    let (store, patient) = (Store::connect(database.url(), options).unwrap(), open(&database));
    works(&store, "locked").await;
    let (release, gate) = channel::<()>();
    let (begun, mut has_begun) = tokio::sync::mpsc::channel(1);
    let gate = std::sync::Mutex::new(gate);
    let holder = tokio::spawn(async move {
        write(&patient, move |tx| {
            tx.execute("UPDATE settings SET value = value", &[])?;
            let _ = begun.try_send(());
            let _ = gate.lock().unwrap().recv();
            Ok(())
        })
        .await;
    });
    has_begun.recv().await.unwrap();
    let waiting = store.write(|tx| tx.execute("UPDATE settings SET value = value", &[])).await;
    assert_eq!(waiting, Err(DbError::Busy));
    drop(release);
    holder.await.unwrap();
}

#[tokio::test]
async fn a_character_that_the_server_cannot_hold_is_refused() {
    let database = Database::fresh();
    let store = open(&database);
    let found = store.read(|tx| settings::get(tx, "a\0b")).await;
    assert!(matches!(&found, Err(DbError::Engine(text)) if text.contains("U+0000")), "{found:?}");
    let wrong = store.write(|tx| tx.execute("UPDATE settings SET value = $1", &[Param::Text("text")])).await;
    assert!(matches!(&wrong, Err(DbError::Engine(text)) if text.contains("bytea is expected")), "{wrong:?}");
    works(&store, "next").await;
}

#[tokio::test]
async fn tls_verifies_the_server_and_its_name() {
    let database = Database::fresh();
    let tls = of_database(&server().tls, database.name());
    let store = Arc::new(Store::connect(&tls, DatabaseOptions::default()).unwrap());
    works(&store, "encrypted").await;
    let ways = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'cognate' \
                AND datname = current_database()";
    assert_eq!(database.sql(ways), [[Some("t".to_owned())]]);
    let password = tls.split([':', '@']).nth(2).unwrap();
    for (wrong, reason) in [
        (tls.replace("@localhost", "@127.0.0.1"), "certificate not valid for name"),
        (tls.split("&sslrootcert").next().unwrap().to_owned(), "UnknownIssuer"),
        (tls.replace(password, "wrong"), "28P01"),
    ] {
        let refused = refused(&wrong).to_string();
        assert!(refused.contains(reason) && !refused.contains(password), "{refused}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let refused = refused("postgres://u:secret@127.0.0.1:1/d").to_string();
    assert!(refused.starts_with("PostgreSQL at 127.0.0.1:1/d: ") && !refused.contains("secret"), "{refused}");
}
