//! Passkeys, and the registrations that lead to them.

use cognate_domain::passkeys::{Attachment, Details, Passkey};
use cognate_model::Timestamp;
use cognate_store::passkey_challenges::{self, Begun};
use cognate_store::{DbError, Store, passkeys};

use crate::harness::{Engine, OTHER, POOL, id, read, write};

pub fn passkey(number: u8, user: u8, created: i64) -> Passkey {
    Passkey {
        id: vec![number; 40],
        user: id(user),
        public_key: vec![0, 255, number],
        counter: u32::MAX,
        backed_up: true,
        created: Timestamp::from_micros(created),
        details: Details {
            relying_party: "example.com".to_owned(),
            attachment: Some(Attachment::CrossPlatform),
            transports: vec!["usb".to_owned()],
            backup_eligible: true,
        },
        version: 1,
    }
}

pub fn begun(challenge: u8) -> Begun {
    Begun { client: "web".to_owned(), challenge: vec![challenge; 32], expires: 9 }
}

async fn insert(store: &Store, passkey: Passkey) -> Result<(), DbError> {
    store.write(move |tx| passkeys::insert(tx, POOL, &passkey)).await
}

async fn get(store: &Store, passkey: &Passkey) -> Option<Passkey> {
    read(store, |tx| passkeys::get(tx, POOL, &passkey.user, &passkey.id)).await
}

pub async fn a_passkey_comes_back_as_it_was_written(engine: &impl Engine) {
    let store = engine.open();
    let rich = passkey(1, 1, 5);
    let details = Details { attachment: None, transports: vec![], backup_eligible: false, ..rich.details.clone() };
    let bare = Passkey { counter: 0, backed_up: false, details, ..passkey(2, 1, 5) };
    for written in [rich, bare] {
        insert(&store, written.clone()).await.unwrap();
        assert_eq!(get(&store, &written).await, Some(written));
    }
}

pub async fn a_passkey_belongs_to_one_user_of_a_pool(engine: &impl Engine) {
    let store = engine.open();
    insert(&store, passkey(1, 1, 5)).await.unwrap();
    for user in [1, 2] {
        assert_eq!(insert(&store, passkey(1, user, 6)).await, Err(DbError::Exists));
    }
    assert_eq!(get(&store, &passkey(1, 2, 5)).await, None);
    write(&store, |tx| passkeys::insert(tx, OTHER, &passkey(1, 2, 5))).await;
    assert_eq!(get(&store, &passkey(1, 1, 5)).await, Some(passkey(1, 1, 5)));
}

pub async fn a_passkey_is_updated_only_from_its_newest_version(engine: &impl Engine) {
    let store = engine.open();
    insert(&store, Passkey { counter: 0, ..passkey(1, 1, 5) }).await.unwrap();
    let used = Passkey { counter: 7, backed_up: false, ..passkey(1, 1, 5) };
    let written = used.clone();
    write(&store, move |tx| passkeys::update(tx, POOL, &written)).await;
    assert_eq!(get(&store, &used).await, Some(Passkey { version: 2, ..used.clone() }));
    let stale = used.clone();
    assert_eq!(store.write(move |tx| passkeys::update(tx, POOL, &stale)).await, Err(DbError::Changed));
    let foreign = Passkey { user: id(2), version: 2, ..used };
    assert_eq!(store.write(move |tx| passkeys::update(tx, POOL, &foreign)).await, Err(DbError::Changed));
}

pub async fn passkeys_of_a_user_come_oldest_first_page_by_page(engine: &impl Engine) {
    let store = engine.open();
    // Two were registered in one moment: their ids decide.
    let written = [(4, 1, 10), (3, 1, 20), (2, 1, 20), (1, 1, 30), (9, 2, 15)];
    for (number, user, created) in written {
        insert(&store, passkey(number, user, created)).await.unwrap();
    }
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let page = read(&store, |tx| passkeys::list(tx, POOL, &id(1), after.as_ref(), 2)).await;
        let Some(last) = page.last() else { break };
        after = Some((last.created.micros(), last.id.clone()));
        found.extend(page.iter().map(|passkey| passkey.id[0]));
    }
    assert_eq!(found, [4, 2, 3, 1]);
    assert_eq!(read(&store, |tx| passkeys::count(tx, POOL, &id(1))).await, 4);
    assert_eq!(read(&store, |tx| passkeys::count(tx, OTHER, &id(1))).await, 0);
}

pub async fn a_passkey_is_deleted_by_its_user_only(engine: &impl Engine) {
    let store = engine.open();
    insert(&store, passkey(1, 1, 5)).await.unwrap();
    for (user, expected) in [(2, false), (1, true), (1, false)] {
        let gone = write(&store, move |tx| passkeys::delete(tx, POOL, &id(user), &[1; 40])).await;
        assert_eq!(gone, expected, "user {user}");
    }
    assert_eq!(get(&store, &passkey(1, 1, 5)).await, None);
}

pub async fn a_registration_replaces_the_earlier_one(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| passkey_challenges::put(tx, POOL, &id(1), &begun(1))).await;
    write(&store, |tx| passkey_challenges::put(tx, POOL, &id(2), &begun(2))).await;
    write(&store, |tx| passkey_challenges::put(tx, POOL, &id(1), &begun(3))).await;
    assert_eq!(read(&store, |tx| passkey_challenges::get(tx, POOL, &id(1))).await, Some(begun(3)));
    assert_eq!(read(&store, |tx| passkey_challenges::get(tx, POOL, &id(2))).await, Some(begun(2)));
    assert_eq!(read(&store, |tx| passkey_challenges::get(tx, OTHER, &id(1))).await, None);
}

pub async fn a_registration_ends_once_and_by_its_own_challenge(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| passkey_challenges::put(tx, POOL, &id(1), &begun(1))).await;
    for (user, challenge, expected) in [(1, 2, false), (2, 1, false), (1, 1, true), (1, 1, false)] {
        let gone = write(&store, move |tx| passkey_challenges::take(tx, POOL, &id(user), &[challenge; 32])).await;
        assert_eq!(gone, expected, "user {user}, challenge {challenge}");
    }
}
