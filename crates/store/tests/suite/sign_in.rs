//! What signing in leaves behind: refresh tokens, used sessions, attempts and codes.

use cognate_store::codes::{self, Code};
use cognate_store::refresh_tokens::{self, Family};
use cognate_store::{DbError, attempts, used_sessions};

use crate::harness::{Engine, OTHER, POOL, id, read, write};

pub fn family(number: u8, user: u8, expires: i64) -> Family {
    Family {
        id: [number; 16],
        user: id(user),
        client: "web".to_owned(),
        event: [200; 16],
        auth_time: 3,
        expires,
        revoked: false,
        device: Some("us-east-1_1".to_owned()).filter(|_| number > 1),
    }
}

pub fn code(hash: u8) -> Code {
    Code { hash: vec![hash; 32], attribute: "email".to_owned(), wrong: 0, created: 10, expires: 20 }
}

pub async fn a_refresh_token_family_is_kept_until_it_is_revoked(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        refresh_tokens::insert(tx, POOL, &family(1, 1, 9))?;
        refresh_tokens::insert(tx, POOL, &family(2, 1, 9))
    })
    .await;
    let again = store.write(|tx| refresh_tokens::insert(tx, POOL, &family(1, 1, 9))).await;
    assert_eq!(again, Err(DbError::Exists));
    assert_eq!(read(&store, |tx| refresh_tokens::get(tx, POOL, &id(1), &[1; 16])).await, Some(family(1, 1, 9)));
    assert_eq!(read(&store, |tx| refresh_tokens::get(tx, POOL, &id(2), &[1; 16])).await, None);
    assert_eq!(read(&store, |tx| refresh_tokens::get(tx, OTHER, &id(1), &[1; 16])).await, None);
    for _ in 0..2 {
        write(&store, |tx| refresh_tokens::revoke(tx, POOL, &id(1), &[1; 16])).await;
    }
    let revoked = Family { revoked: true, ..family(1, 1, 9) };
    assert_eq!(read(&store, |tx| refresh_tokens::get(tx, POOL, &id(1), &[1; 16])).await, Some(revoked));
    assert_eq!(read(&store, |tx| refresh_tokens::get(tx, POOL, &id(1), &[2; 16])).await, Some(family(2, 1, 9)));
}

pub async fn revoking_all_of_a_user_spares_other_users(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        [family(1, 1, 9), family(2, 1, 9), family(3, 2, 9)]
            .iter()
            .try_for_each(|family| refresh_tokens::insert(tx, POOL, family))
    })
    .await;
    write(&store, |tx| refresh_tokens::revoke_all(tx, POOL, &id(1))).await;
    for (number, user, expected) in [(1, 1, true), (2, 1, true), (3, 2, false)] {
        let found = read(&store, |tx| refresh_tokens::get(tx, POOL, &id(user), &[number; 16])).await.unwrap();
        assert_eq!(found.revoked, expected, "family {number}");
    }
}

pub async fn ended_families_are_forgotten(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        [family(1, 1, 9), family(2, 1, 10), family(3, 2, 9)]
            .iter()
            .try_for_each(|family| refresh_tokens::insert(tx, POOL, family))?;
        refresh_tokens::forget_ended(tx, POOL, &id(1), 10)
    })
    .await;
    for (number, user, expected) in [(1, 1, false), (2, 1, true), (3, 2, true)] {
        let found = read(&store, |tx| refresh_tokens::get(tx, POOL, &id(user), &[number; 16])).await;
        assert_eq!(found.is_some(), expected, "family {number}");
    }
}

pub async fn a_session_is_used_once(engine: &impl Engine) {
    let store = engine.open();
    assert!(!read(&store, |tx| used_sessions::contains(tx, POOL, &[1; 16])).await);
    write(&store, |tx| used_sessions::insert(tx, POOL, &[1; 16], 10)).await;
    assert!(read(&store, |tx| used_sessions::contains(tx, POOL, &[1; 16])).await);
    assert!(!read(&store, |tx| used_sessions::contains(tx, OTHER, &[1; 16])).await);
    assert_eq!(store.write(|tx| used_sessions::insert(tx, POOL, &[1; 16], 10)).await, Err(DbError::Exists));
}

pub async fn used_sessions_are_forgotten_after_their_end(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        used_sessions::insert(tx, POOL, &[1; 16], 9)?;
        used_sessions::insert(tx, POOL, &[2; 16], 10)?;
        used_sessions::forget_ended(tx, 10)
    })
    .await;
    assert!(!read(&store, |tx| used_sessions::contains(tx, POOL, &[1; 16])).await);
    assert!(read(&store, |tx| used_sessions::contains(tx, POOL, &[2; 16])).await);
}

pub async fn attempts_are_counted_within_a_window(engine: &impl Engine) {
    let store = engine.open();
    let count = async |now| write(&store, move |tx| attempts::count(tx, POOL, &id(1), "forgot", now, 100)).await;
    let get = async |now| read(&store, |tx| attempts::get(tx, POOL, &id(1), "forgot", now, 100)).await;
    assert_eq!(get(1_000).await, 0);
    assert_eq!((count(1_000).await, count(1_050).await, count(1_099).await), (1, 2, 3));
    assert_eq!(get(1_099).await, 3);
    assert_eq!(get(1_100).await, 0, "the window that began at 1000 is over");
    assert_eq!((count(1_100).await, count(1_199).await), (1, 2), "and a new one begins");
    assert_eq!(count(500).await, 1, "a clock that was set back begins a new window too");
}

pub async fn an_attempt_is_remembered_beyond_its_window(engine: &impl Engine) {
    let store = engine.open();
    let latest = async || read(&store, |tx| attempts::latest(tx, POOL, &id(1), "forgot")).await;
    assert_eq!(latest().await, None);
    write(&store, |tx| attempts::count(tx, POOL, &id(1), "forgot", 1_000, 100)).await;
    assert_eq!(latest().await, Some((1, 1_000)));
    write(&store, |tx| attempts::put(tx, POOL, &id(1), "forgot", 7, 1_050)).await;
    assert_eq!(latest().await, Some((7, 1_050)));
}

pub async fn attempts_are_cleared_for_one_kind_only(engine: &impl Engine) {
    let store = engine.open();
    for (user, kind) in [(1, "forgot"), (1, "confirm"), (2, "forgot")] {
        write(&store, move |tx| attempts::count(tx, POOL, &id(user), kind, 1_000, 100)).await;
    }
    write(&store, |tx| attempts::clear(tx, POOL, &id(1), "forgot")).await;
    for (user, kind, expected) in [(1, "forgot", 0), (1, "confirm", 1), (2, "forgot", 1)] {
        let counted = read(&store, |tx| attempts::get(tx, POOL, &id(user), kind, 1_000, 100)).await;
        assert_eq!(counted, expected, "{kind} of {user}");
    }
}

pub async fn an_attempt_that_did_not_come_about_is_taken_back(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        for user in [1, 1, 2] {
            attempts::count(tx, POOL, &id(user), "change", 1_000, 100)?;
        }
        attempts::count(tx, POOL, &id(1), "forgot", 1_000, 100)?;
        attempts::take_back(tx, POOL, &id(1), "change")
    })
    .await;
    for (user, kind, expected) in [(1, "change", 1), (2, "change", 1), (1, "forgot", 1)] {
        let counted = read(&store, |tx| attempts::get(tx, POOL, &id(user), kind, 1_000, 100)).await;
        assert_eq!(counted, expected, "{kind} of {user}");
    }
    for _ in 0..2 {
        write(&store, |tx| attempts::take_back(tx, POOL, &id(1), "change")).await;
    }
    assert_eq!(read(&store, |tx| attempts::get(tx, POOL, &id(1), "change", 1_000, 100)).await, 0);
    assert_eq!(write(&store, |tx| attempts::count(tx, POOL, &id(1), "change", 1_001, 100)).await, 1);
}

pub async fn a_code_replaces_the_earlier_one(engine: &impl Engine) {
    let store = engine.open();
    for hash in [1, 2] {
        write(&store, move |tx| codes::put(tx, POOL, &id(1), "forgot", &code(hash))).await;
    }
    write(&store, |tx| codes::put(tx, POOL, &id(1), "verify", &code(3))).await;
    assert_eq!(read(&store, |tx| codes::get(tx, POOL, &id(1), "forgot")).await, Some(code(2)));
    assert_eq!(read(&store, |tx| codes::get(tx, POOL, &id(1), "verify")).await, Some(code(3)));
    assert_eq!(read(&store, |tx| codes::get(tx, OTHER, &id(1), "forgot")).await, None);
}

pub async fn wrong_answers_to_a_code_are_counted(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| codes::put(tx, POOL, &id(1), "forgot", &code(1))).await;
    for _ in 0..3 {
        write(&store, |tx| codes::count_wrong(tx, POOL, &id(1), "forgot")).await;
    }
    let found = read(&store, |tx| codes::get(tx, POOL, &id(1), "forgot")).await;
    assert_eq!(found, Some(Code { wrong: 3, ..code(1) }));
}

pub async fn a_code_is_deleted_once(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| codes::put(tx, POOL, &id(1), "forgot", &code(1))).await;
    assert!(write(&store, |tx| codes::delete(tx, POOL, &id(1), "forgot")).await);
    assert!(!write(&store, |tx| codes::delete(tx, POOL, &id(1), "forgot")).await);
    assert_eq!(read(&store, |tx| codes::get(tx, POOL, &id(1), "forgot")).await, None);
}
