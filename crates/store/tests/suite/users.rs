//! Users and the handles under which they are found.

use cognate_domain::User;
use cognate_domain::user::{Lockout, Password};
use cognate_model::{Timestamp, UserStatusType};
use cognate_store::user_index::Entry;
use cognate_store::users::Texts;
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

/// More than a statement writes at once, and a rest.
const MANY: u8 = 150;

pub async fn many_are_written_as_each_alone(engine: &impl Engine) {
    let store = engine.open();
    let people: Vec<User> = (0..MANY)
        .map(|number| {
            let mut rich = User { id: id(number), version: 1, ..rich_user(1) };
            rich.username = format!("user-{number}");
            rich.hidden.password.fresh_verifier = (number % 3 == 0).then(|| vec![number]);
            rich
        })
        .collect();
    let all = people.clone();
    write(&store, move |tx| {
        let texts: Vec<Texts> = all.iter().map(Texts::of).collect::<Result<_, _>>()?;
        let rows: Vec<(&User, &Texts)> = all.iter().zip(&texts).collect();
        users::insert_all(tx, POOL, &rows)?;
        let values: Vec<Entry<'_>> =
            rows.iter().map(|(user, _)| Entry { kind: "given_name", value: "maria", user: &user.id }).collect();
        user_index::insert_values(tx, POOL, &values)?;
        // Twice is no error.
        user_index::insert_values(tx, POOL, &values)
    })
    .await;
    let found = read(&store, |tx| users::list(tx, POOL, None, 1_000)).await;
    let expected: Vec<User> = people
        .iter()
        .cloned()
        .map(|mut user| {
            user.hidden.password.fresh_verifier = None;
            user
        })
        .collect();
    assert_eq!(found, expected);
    let listed = read(&store, |tx| user_index::with_value(tx, POOL, "given_name", b"maria", None, 1_000)).await;
    assert_eq!(listed.len(), usize::from(MANY));
    for number in 0..MANY {
        let kept = read(&store, |tx| srp_verifiers::get(tx, POOL, &id(number))).await;
        assert_eq!(kept, (number % 3 == 0).then(|| vec![number]));
    }
    let ids: Vec<_> = (MANY - 10..MANY + 90).map(id).collect();
    let known = read(&store, |tx| users::known(tx, POOL, &ids.iter().collect::<Vec<_>>())).await;
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ids[..10]);
    assert!(read(&store, |tx| users::known(tx, OTHER, &[&id(1)])).await.is_empty());
}

pub async fn of_many_handles_those_that_are_free_are_claimed(engine: &impl Engine) {
    let store = engine.open();
    let name = |number: u8| format!("user-{number:03}");
    write(&store, move |tx| {
        // Somebody else's, and somebody's own from before.
        user_index::insert_alias(tx, POOL, "username", &name(7), &id(200))?;
        insert_user(tx, POOL, &user(100, "before"))?;
        user_index::insert_alias(tx, POOL, "username", &name(100), &id(100))
    })
    .await;
    let were_free = write(&store, move |tx| {
        let names: Vec<(String, _)> = (0..MANY).map(|number| (name(number), id(number))).collect();
        let entry = |(name, id)| Entry { kind: "username", value: name, user: id };
        let claims: Vec<Entry<'_>> = names.iter().map(|(name, id)| entry((name.as_str(), id))).collect();
        user_index::claim_aliases(tx, POOL, &claims)
    })
    .await;
    for number in 0..MANY {
        assert_eq!(were_free[usize::from(number)], number != 7 && number != 100, "{number}");
        let owner = read(&store, |tx| user_index::owner(tx, POOL, "username", &name(number))).await;
        assert_eq!(owner, Some(id(if number == 7 { 200 } else { number })));
    }
}
