//! The schema: laid down once, by one of those who come, and never by an older program.

use cognate_store::refresh_tokens::{self, Family};
use cognate_store::signing_keys::{self, SealedKey};
use cognate_store::{DatabaseOptions, OpenError, Store};

use super::server::Database;
use crate::harness::read;

fn open(database: &Database) -> Result<Store, OpenError> {
    Store::connect(database.url(), DatabaseOptions::default())
}

#[test]
fn programs_that_begin_at_once_lay_the_schema_down_once() {
    let database = Database::empty();
    let all = std::thread::scope(|scope| {
        let begun: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&database).map(|_| ()))).collect();
        begun.into_iter().map(|program| program.join().unwrap()).collect::<Result<Vec<_>, _>>()
    });
    assert!(all.is_ok(), "{all:?}");
    assert_eq!(database.number("SELECT COUNT(*) FROM schema_step"), 1);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let database = Database::fresh();
    let known = database.number("SELECT step FROM schema_step");
    database.sql("UPDATE schema_step SET step = step + 1");
    match open(&database).map(|_| ()) {
        Err(OpenError::Newer { found, known: ours, place }) => {
            assert_eq!((found, ours), (known + 1, known));
            assert!(place.contains(database.name()), "{place}");
        }
        other => panic!("{other:?}"),
    }
    database.sql("UPDATE schema_step SET step = step - 1");
    open(&database).unwrap();
}

#[tokio::test]
async fn sign_ins_and_keys_of_before_rotation_go_on() {
    let database = Database::empty();
    database.sql("CREATE TABLE schema_step (one BIGINT PRIMARY KEY, step BIGINT NOT NULL); INSERT INTO schema_step VALUES (1, 2)");
    for step in
        [include_str!("../../../src/migrations/0001_initial.sql"), include_str!("../../../src/migrations/0002_srp.sql")]
    {
        database.sql(step);
    }
    let zeros = "'\\x00000000000000000000000000000000'";
    database.sql(&format!(
        "INSERT INTO signing_keys VALUES ('pool', 'id', 'kid', '\\x010203', '{{}}', 5);
         INSERT INTO refresh_tokens VALUES ('pool', {zeros}, {zeros}, 'web', {zeros}, 3, 9, 0);"
    ));
    let store = open(&database).unwrap();
    let keys = read(&store, |tx| signing_keys::of_pool(tx, "pool")).await;
    let expected = SealedKey { kid: "kid".to_owned(), ahead: 0, signs_from: 5, ..crate::signing::key("id", 1) };
    assert_eq!(keys, [expected], "the key signs as it did");
    let found = read(&store, |tx| refresh_tokens::get(tx, "pool", &[0; 16], &[0; 16])).await;
    let expected = Family { id: [0; 16], user: [0; 16], event: [0; 16], ..crate::sign_in::family(1, 1, 9) };
    assert_eq!(found, Some(expected));
}

#[test]
fn a_database_of_another_encoding_is_refused() {
    let database = Database::create("TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
    let refused = open(&database).map(|_| ()).unwrap_err().to_string();
    assert!(refused.ends_with("the database is encoded in LATIN1; make one with ENCODING 'UTF8'"), "{refused}");
}
