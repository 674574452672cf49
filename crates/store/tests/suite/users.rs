//! Users and the handles under which they are found.

use cognate_domain::User;
use cognate_domain::user::{Lockout, Password};
use cognate_model::{Timestamp, UserStatusType};
use cognate_store::{DbError, srp_verifiers, user_index, users};

use crate::harness::{Engine, OTHER, POOL, furnish, id, insert_user, read, user, write};

/// A user that has something in every column.
fn rich_user(version: i64) -> User {
    let mut rich = user(1, "María \u{1F30D}");
    rich.status = UserStatusType::Confirmed;
    rich.enabled = false;
    rich.modified = Timestamp::from_micros(i64::MAX);
    rich.attributes.insert("custom:quote".to_owned(), "\"\\'\n".to_owned());
    rich.hidden.password = Password {
        hash: Some("$argon2id$".to_owned()),
        temporary_until: Some(-1),
        history: vec!["old".to_owned()],
        lacks_verifier: true,
        fresh_verifier: None,
    };
    rich.hidden.mfa.totp_secret = Some(vec![0, 1, 255]);
    rich.hidden.lockout = Lockout { failures: 3, last_failure: 2, locked_until: 1 };
    rich.hidden.signed_out_at = 9;
    rich.hidden.pending_attributes.insert("email".to_owned(), "new@example.com".to_owned());
    rich.version = version;
    rich
}

pub async fn a_user_comes_back_as_it_was_written(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| users::insert(tx, POOL, &rich_user(1))).await;
    assert_eq!(read(&store, |tx| users::by_id(tx, POOL, &id(1))).await, Some(rich_user(1)));
    assert_eq!(read(&store, |tx| users::by_id(tx, POOL, &id(2))).await, None);
    assert_eq!(read(&store, |tx| users::by_id(tx, OTHER, &id(1))).await, None);
}

pub async fn a_new_password_brings_its_verifier_along(engine: &impl Engine) {
    let store = engine.open();
    let with = |verifier: &[u8], version| {
        let mut user = user(1, "maria");
        user.hidden.password.fresh_verifier = Some(verifier.to_vec());
        user.version = version;
        user
    };
    let (first, second) = (with(b"first", 1), with(b"second", 1));
    write(&store, move |tx| users::insert(tx, POOL, &first)).await;
    let kept = async || read(&store, |tx| srp_verifiers::get(tx, POOL, &id(1))).await;
    assert_eq!(kept().await.as_deref(), Some(b"first".as_slice()));
    let found = read(&store, |tx| users::by_id(tx, POOL, &id(1))).await.unwrap();
    assert_eq!(found.hidden.password.fresh_verifier, None, "few reads need it");
    write(&store, move |tx| users::update(tx, POOL, &found)).await;
    assert_eq!(kept().await.as_deref(), Some(b"first".as_slice()), "another change leaves it alone");
    let second = User { version: 2, ..second };
    write(&store, move |tx| users::update(tx, POOL, &second)).await;
    assert_eq!(kept().await.as_deref(), Some(b"second".as_slice()));
    assert_eq!(read(&store, |tx| srp_verifiers::get(tx, OTHER, &id(1))).await, None);
}

pub async fn a_user_id_is_unique_within_its_pool(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| users::insert(tx, POOL, &user(1, "maria"))).await;
    assert_eq!(store.write(|tx| users::insert(tx, POOL, &user(1, "nina"))).await, Err(DbError::Exists));
    write(&store, |tx| users::insert(tx, OTHER, &user(1, "nina"))).await;
}

pub async fn a_user_is_updated_only_from_the_newest_version(engine: &impl Engine) {
    let store = engine.open();
    let plain = User { username: rich_user(1).username, ..user(1, "maria") };
    write(&store, move |tx| users::insert(tx, POOL, &plain)).await;
    write(&store, |tx| users::update(tx, POOL, &rich_user(1))).await;
    assert_eq!(store.write(|tx| users::update(tx, POOL, &rich_user(1))).await, Err(DbError::Changed));
    assert_eq!(store.write(|tx| users::update(tx, POOL, &rich_user(3))).await, Err(DbError::Changed));
    assert_eq!(store.write(|tx| users::update(tx, OTHER, &rich_user(2))).await, Err(DbError::Changed));
    assert_eq!(read(&store, |tx| users::by_id(tx, POOL, &id(1))).await, Some(rich_user(2)));
}

pub async fn a_user_is_deleted_only_at_the_newest_version(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| users::insert(tx, POOL, &user(1, "maria"))).await;
    write(&store, |tx| users::update(tx, POOL, &user(1, "maria"))).await;
    assert_eq!(store.write(|tx| users::delete(tx, POOL, &user(1, "maria"))).await, Err(DbError::Changed));
    write(&store, |tx| users::delete(tx, POOL, &User { version: 2, ..user(1, "maria") })).await;
    assert_eq!(read(&store, |tx| users::by_id(tx, POOL, &id(1))).await, None);
}

pub async fn a_user_is_found_by_a_handle(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| insert_user(tx, POOL, &user(1, "maria"))).await;
    assert_eq!(read(&store, |tx| users::by_alias(tx, POOL, "username", "maria")).await, Some(user(1, "maria")));
    for (pool, kind, value) in
        [(OTHER, "username", "maria"), (POOL, "email", "maria"), (POOL, "username", "Maria"), (POOL, "username", "")]
    {
        assert_eq!(read(&store, |tx| users::by_alias(tx, pool, kind, value)).await, None, "{pool} {kind} {value}");
    }
}

pub async fn a_handle_belongs_to_one_user(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| user_index::insert_alias(tx, POOL, "email", "a@b.c", &id(1))).await;
    for number in [1, 2] {
        let again = store.write(move |tx| user_index::insert_alias(tx, POOL, "email", "a@b.c", &id(number))).await;
        assert_eq!(again, Err(DbError::Exists));
    }
    write(&store, |tx| {
        user_index::insert_alias(tx, POOL, "username", "a@b.c", &id(2))?;
        user_index::insert_alias(tx, OTHER, "email", "a@b.c", &id(3))
    })
    .await;
    assert_eq!(read(&store, |tx| user_index::owner(tx, POOL, "email", "a@b.c")).await, Some(id(1)));
    assert_eq!(read(&store, |tx| user_index::owner(tx, POOL, "username", "a@b.c")).await, Some(id(2)));
    assert_eq!(read(&store, |tx| user_index::owner(tx, OTHER, "email", "a@b.c")).await, Some(id(3)));
}

pub async fn a_handle_is_taken_from_its_owner_only(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| user_index::insert_alias(tx, POOL, "email", "a@b.c", &id(1))).await;
    write(&store, |tx| user_index::delete_alias(tx, POOL, "email", "a@b.c", &id(2))).await;
    assert_eq!(read(&store, |tx| user_index::owner(tx, POOL, "email", "a@b.c")).await, Some(id(1)));
    write(&store, |tx| user_index::delete_alias(tx, POOL, "email", "a@b.c", &id(1))).await;
    assert_eq!(read(&store, |tx| user_index::owner(tx, POOL, "email", "a@b.c")).await, None);
}

pub async fn users_are_listed_in_the_order_of_ids(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    let names = async |after: Option<u8>, limit| -> Vec<String> {
        let found = read(&store, |tx| users::list(tx, POOL, after.map(id).as_ref(), limit)).await;
        found.into_iter().map(|user| user.username).collect()
    };
    assert_eq!(names(None, 10).await, ["maria", "nina", "olga"]);
    assert_eq!(names(None, 2).await, ["maria", "nina"]);
    assert_eq!(names(Some(2), 2).await, ["olga"]);
    assert_eq!(names(Some(3), 2).await, [""; 0]);
}
