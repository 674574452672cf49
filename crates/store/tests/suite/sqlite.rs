//! The embedded engine, and what only it does: one owner, one writer with a bounded queue, groups of commits.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use cognate_store::audit::{self, Entry, Wanted};
use cognate_store::refresh_tokens::{self, Family};
use cognate_store::signing_keys::{self, SealedKey};
use cognate_store::{DbError, OpenError, Store, backup, outbox, settings};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::harness::{Engine, read, write};

/// SQLite in a folder that is removed at the end.
pub struct Embedded {
    folder: TempDir,
}

impl Embedded {
    fn connection(&self) -> Connection {
        Connection::open(self.folder.path().join("cognate.db")).unwrap()
    }
}

impl Engine for Embedded {
    fn fresh() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn open(&self) -> Store {
        Store::open(self.folder.path()).unwrap()
    }

    fn tables_that_mention(&self, bytes: &[u8]) -> Vec<String> {
        let connection = self.connection();
        let names = "SELECT m.name, group_concat('instr(CAST(\"' || c.name || '\" AS BLOB), $1)', ' OR ') \
                     FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name";
        let mut statement = connection.prepare(names).unwrap();
        let tables = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        let mut mentions = Vec::new();
        for (table, condition) in tables.map(Result::unwrap) {
            let count = format!("SELECT COUNT(*) FROM \"{table}\" WHERE {condition}");
            let rows: i64 = connection.query_row(&count, [bytes], |row| row.get(0)).unwrap();
            mentions.extend((0..rows).map(|_| table.clone()));
        }
        mentions
    }
}

fn open_error(folder: &Path) -> OpenError {
    Store::open(folder).map(|_| ()).expect_err("the folder must not open")
}

#[tokio::test]
async fn a_folder_in_use_is_refused_until_its_owner_is_gone() {
    let engine = Embedded::fresh();
    let owner = engine.open();
    let refused = open_error(engine.folder.path());
    assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
    assert!(
        refused.to_string().ends_with("is in use by another cognate; stop it first, or give --data another folder")
    );
    drop(owner);
    engine.open();
}

#[tokio::test]
async fn a_short_task_works_beside_the_owner() {
    let engine = Embedded::fresh();
    let owner = engine.open();
    write(&owner, |tx| settings::insert(tx, "owner", b"1")).await;
    let beside = Store::open_beside(engine.folder.path()).unwrap();
    assert!(read(&beside, |tx| settings::get(tx, "owner")).await.is_some());
    write(&beside, |tx| settings::insert(tx, "beside", b"2")).await;
    assert!(read(&owner, |tx| settings::get(tx, "beside")).await.is_some());
    drop(beside);
    write(&owner, |tx| settings::insert(tx, "after", b"3")).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let engine = Embedded::fresh();
    drop(engine.open());
    let known: i64 = engine.connection().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    engine.connection().pragma_update(None, "user_version", known + 1).unwrap();
    match open_error(engine.folder.path()) {
        OpenError::Newer { found, known: ours, .. } => assert_eq!((found, ours), (known + 1, known)),
        other => panic!("{other}"),
    }
    engine.connection().pragma_update(None, "user_version", known).unwrap();
    engine.open();
}

/// Makes a database as it was at an earlier step, with rows in it.
fn lay_down(engine: &Embedded, step: i64, schema: &[&str], rows: &str) {
    let connection = engine.connection();
    for statements in schema {
        connection.execute_batch(&statements.replace("/*clustered*/", "WITHOUT ROWID")).unwrap();
    }
    connection.execute_batch(rows).unwrap();
    connection.pragma_update(None, "user_version", step).unwrap();
}

#[tokio::test]
async fn sign_ins_and_keys_of_before_rotation_go_on() {
    let engine = Embedded::fresh();
    let schema =
        [include_str!("../../src/migrations/0001_initial.sql"), include_str!("../../src/migrations/0002_srp.sql")];
    lay_down(
        &engine,
        2,
        &schema,
        "INSERT INTO signing_keys VALUES ('pool', 'id', 'kid', x'010203', '{}', 5);
         INSERT INTO refresh_tokens VALUES ('pool', zeroblob(16), zeroblob(16), 'web', zeroblob(16), 3, 9, 0);",
    );
    let store = engine.open();
    let keys = read(&store, |tx| signing_keys::of_pool(tx, "pool")).await;
    let expected = SealedKey { kid: "kid".to_owned(), ahead: 0, signs_from: 5, ..crate::signing::key("id", 1) };
    assert_eq!(keys, [expected], "the key signs as it did");
    let found = read(&store, |tx| refresh_tokens::get(tx, "pool", &[0; 16], &[0; 16])).await;
    let expected = Family { id: [0; 16], user: [0; 16], event: [0; 16], ..crate::sign_in::family(1, 1, 9) };
    assert_eq!(found, Some(expected));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let engine = Embedded::fresh();
    std::fs::write(engine.folder.path().join("cognate.db"), "this is a letter, not a database".repeat(100)).unwrap();
    let refused = open_error(engine.folder.path());
    assert!(matches!(&refused, OpenError::Engine { place, .. } if place.ends_with("cognate.db")), "{refused}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new").join("data");
    drop(Store::open(&folder).unwrap());
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn an_orderly_end_leaves_no_log_to_replay() {
    let engine = Embedded::fresh();
    let store = engine.open();
    write(&store, |tx| settings::insert(tx, "kept", b"yes")).await;
    assert!(store.gauges().wal_bytes > 0);
    drop(store);
    let log = std::fs::metadata(engine.folder.path().join("cognate.db-wal")).map_or(0, |metadata| metadata.len());
    assert_eq!(log, 0);
}

type Waiting = Pin<Box<dyn Future<Output = Result<(), DbError>>>>;

/// Lets the writer wait within a transaction until the sender is used.
async fn hold_the_writer(store: &Store) -> (Sender<()>, Waiting) {
    let (release, gate) = channel();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (gate, begun) = (Arc::new(Mutex::new(gate)), Mutex::new(Some(begun)));
    let store = store.clone();
    let mut held: Waiting = Box::pin(async move {
        store
            .write(move |_| {
                if let Some(begun) = begun.lock().unwrap().take() {
                    begun.send(()).unwrap();
                }
                gate.lock().unwrap().recv().map_err(|e| DbError::Engine(e.to_string()))
            })
            .await
    });
    assert!(poll(&mut held).is_pending());
    has_begun.await.unwrap();
    (release, held)
}

fn poll(waiting: &mut Waiting) -> Poll<Result<(), DbError>> {
    waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// A write that has been queued and not yet answered.
fn queue(store: &Store, name: String, outcome: fn() -> Result<(), DbError>) -> Waiting {
    let store = store.clone();
    Box::pin(async move {
        store
            .write(move |tx| {
                settings::insert(tx, &name, b"")?;
                outcome()
            })
            .await
    })
}

#[tokio::test]
async fn a_failing_transaction_fails_alone_in_its_group() {
    let engine = Embedded::fresh();
    let store = engine.open();
    let (release, held) = hold_the_writer(&store).await;
    let outcomes: [fn() -> Result<(), DbError>; 5] = [
        || Ok(()),
        || Err(DbError::Corrupt("refused".to_owned())),
        || Ok(()),
        || panic!("this panic is part of the test"),
        || Ok(()),
    ];
    let mut group: Vec<Waiting> =
        (0..).zip(outcomes).map(|(n, outcome)| queue(&store, format!("{n}"), outcome)).collect();
    assert!(group.iter_mut().all(|waiting| poll(waiting).is_pending()));
    let commits = store.gauges().commits;
    release.send(()).unwrap();
    held.await.unwrap();
    let mut answers = Vec::new();
    for waiting in group {
        answers.push(waiting.await);
    }
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, false, true]);
    assert_eq!(store.gauges().commits, commits + 1, "they shared one commit");
    for (number, answer) in answers.iter().enumerate() {
        let found = read(&store, |tx| settings::get(tx, &number.to_string())).await;
        assert_eq!(found.is_some(), answer.is_ok(), "row {number}");
    }
}

#[tokio::test]
async fn a_full_queue_says_busy_and_loses_nothing_that_it_took() {
    let engine = Embedded::fresh();
    let store = engine.open();
    let (release, held) = hold_the_writer(&store).await;
    let mut queued: Vec<Waiting> = Vec::new();
    let refused = loop {
        let mut next = queue(&store, format!("row {}", queued.len()), || Ok(()));
        match poll(&mut next) {
            Poll::Pending => queued.push(next),
            Poll::Ready(answer) => break answer,
        }
        assert!(queued.len() < 100_000, "the queue has no bound");
    };
    assert_eq!(refused, Err(DbError::Busy));
    let rows = queued.len();
    assert_eq!(store.gauges().queued_writes, rows + 1, "those that wait and the one that runs");
    release.send(()).unwrap();
    held.await.unwrap();
    for waiting in queued {
        assert_eq!(waiting.await, Ok(()));
    }
    let written: i64 = engine.connection().query_row("SELECT COUNT(*) FROM settings", [], |row| row.get(0)).unwrap();
    assert_eq!((usize::try_from(written), store.gauges().queued_writes), (Ok(rows), 0));
    write(&store, |tx| settings::insert(tx, "next", b"")).await;
}

#[tokio::test]
async fn a_write_stands_when_its_caller_stops_waiting() {
    let engine = Embedded::fresh();
    let store = engine.open();
    let (release, held) = hold_the_writer(&store).await;
    let mut abandoned = queue(&store, "abandoned".to_owned(), || Ok(()));
    assert!(poll(&mut abandoned).is_pending());
    drop(abandoned);
    release.send(()).unwrap();
    held.await.unwrap();
    write(&store, |tx| settings::insert(tx, "behind it", b"")).await;
    assert!(read(&store, |tx| settings::get(tx, "abandoned")).await.is_some());
}

#[tokio::test]
async fn messages_of_before_there_was_a_delivery_are_kept_and_never_sent() {
    let engine = Embedded::fresh();
    engine
        .connection()
        .execute_batch(
            "CREATE TABLE outbox (pool TEXT NOT NULL, user_id BYTEA NOT NULL, id BYTEA NOT NULL, \
             created BIGINT NOT NULL, sealed BYTEA NOT NULL, PRIMARY KEY (pool, user_id, id)); \
             INSERT INTO outbox VALUES ('us-east-1_One', randomblob(16), randomblob(16), 5, x'01'); \
             PRAGMA user_version = 7;",
        )
        .unwrap();
    let store = engine.open();
    let kept = read(&store, |tx| outbox::newest(tx, 9)).await;
    assert_eq!((kept.len(), &kept[0].progress), (1, &outbox::Progress::kept(5)));
    assert!(!read(&store, |tx| outbox::is_due(tx, i64::MAX, &[])).await);
}

#[tokio::test]
async fn an_entry_of_the_trail_is_added_beside_a_server_unless_the_schema_is_older() {
    let engine = Embedded::fresh();
    let store = engine.open();
    let entry = Entry { id: [7; 16], pool: String::new(), operation: "Backup".to_owned(), record: "{}".to_owned() };
    assert!(backup::record_in(engine.folder.path(), &entry).unwrap());
    let wanted = Wanted { after: &[0; 16], before: &[255; 16], pool: "", operation: "" };
    let found = store.read(|tx| audit::oldest_first(tx, &wanted, 10)).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&entry));
    drop(store);
    engine.connection().execute_batch("DROP TABLE audit").unwrap();
    assert!(!backup::record_in(engine.folder.path(), &entry).unwrap());
    assert!(backup::record_in(&engine.folder.path().join("nowhere"), &entry).is_err());
}
