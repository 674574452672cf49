//! The outbox and the authentication events: newest first.

use cognate_model::{AuthEventType, EventType};
use cognate_store::outbox::{self, Progress, Sealed};
use cognate_store::{DbError, auth_events};

use crate::harness::{Engine, OTHER, POOL, id, read, write};

pub fn message(pool: &str, user: u8, number: u8) -> Sealed {
    let progress = Progress::waiting(5, 100);
    Sealed { pool: pool.to_owned(), user: id(user), id: [number; 16], created: 5, sealed: vec![number, 0], progress }
}

pub fn event(number: u128) -> ([u8; 16], AuthEventType) {
    let event =
        AuthEventType { event_id: Some(number.to_string()), event_type: Some(EventType::SignIn), ..Default::default() };
    (number.to_be_bytes(), event)
}

pub async fn messages_of_a_user_come_newest_first(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        [message(POOL, 1, 2), message(POOL, 1, 3), message(POOL, 1, 1), message(POOL, 2, 4), message(OTHER, 1, 5)]
            .iter()
            .try_for_each(|message| outbox::insert(tx, message))
    })
    .await;
    let of_user = async |limit| read(&store, |tx| outbox::of_user(tx, POOL, &id(1), limit)).await;
    assert_eq!(of_user(10).await, [message(POOL, 1, 3), message(POOL, 1, 2), message(POOL, 1, 1)]);
    assert_eq!(of_user(1).await, [message(POOL, 1, 3)]);
}

pub async fn the_newest_messages_come_from_every_pool(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        [message(POOL, 1, 1), message(OTHER, 1, 3), message(POOL, 2, 2)]
            .iter()
            .try_for_each(|message| outbox::insert(tx, message))
    })
    .await;
    let newest = read(&store, |tx| outbox::newest(tx, 2)).await;
    assert_eq!(newest, [message(OTHER, 1, 3), message(POOL, 2, 2)]);
}

pub async fn the_newest_messages_of_a_pool_leave_out_other_pools(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        [message(POOL, 1, 1), message(OTHER, 1, 3), message(POOL, 2, 2)]
            .iter()
            .try_for_each(|message| outbox::insert(tx, message))
    })
    .await;
    let of_pool = async |limit| read(&store, |tx| outbox::of_pool(tx, POOL, limit)).await;
    assert_eq!(of_pool(10).await, [message(POOL, 2, 2), message(POOL, 1, 1)]);
    assert_eq!(of_pool(1).await, [message(POOL, 2, 2)]);
}

pub async fn a_user_keeps_only_the_newest_messages(engine: &impl Engine) {
    let store = engine.open();
    let kept = u8::try_from(outbox::KEPT).unwrap();
    write(&store, move |tx| {
        outbox::insert(tx, &message(POOL, 2, 0))?;
        (0..kept + 3).try_for_each(|number| {
            outbox::insert(tx, &Sealed { progress: Progress::kept(5), ..message(POOL, 1, number) })
        })
    })
    .await;
    let left = read(&store, |tx| outbox::of_user(tx, POOL, &id(1), 2 * outbox::KEPT)).await;
    assert_eq!((left.len(), left.last().map(|oldest| oldest.id)), (usize::from(kept), Some([3; 16])));
    let of_another = read(&store, |tx| outbox::of_user(tx, POOL, &id(2), 10)).await;
    assert_eq!(of_another.len(), 1, "another user's messages stay");
}

pub async fn a_message_that_waits_is_kept_whatever_comes(engine: &impl Engine) {
    let store = engine.open();
    let kept = u8::try_from(outbox::KEPT).unwrap();
    write(&store, move |tx| {
        outbox::insert(tx, &message(POOL, 1, 0))?;
        (1..=kept + 3).try_for_each(|number| {
            outbox::insert(tx, &Sealed { progress: Progress::kept(5), ..message(POOL, 1, number) })
        })
    })
    .await;
    let left = read(&store, |tx| outbox::of_user(tx, POOL, &id(1), 2 * outbox::KEPT)).await;
    assert_eq!((left.len(), left.last()), (usize::from(kept) + 1, Some(&message(POOL, 1, 0))));
}

pub async fn an_event_is_written_in_place_of_its_earlier_state(engine: &impl Engine) {
    let store = engine.open();
    let (key, first) = event(1);
    let second = AuthEventType { event_type: Some(EventType::ForgotPassword), ..first.clone() };
    for state in [first, second.clone()] {
        write(&store, move |tx| auth_events::put(tx, POOL, &id(1), &key, &state)).await;
    }
    assert_eq!(read(&store, |tx| auth_events::get(tx, POOL, &id(1), &key)).await, Some(second.clone()));
    assert_eq!(read(&store, |tx| auth_events::list(tx, POOL, &id(1), None, &[0; 16], 10)).await, [second]);
    assert_eq!(read(&store, |tx| auth_events::get(tx, POOL, &id(2), &key)).await, None);
}

pub async fn an_event_id_is_unique(engine: &impl Engine) {
    let store = engine.open();
    let insert = async || {
        let (key, event) = event(1);
        store.write(move |tx| auth_events::insert(tx, POOL, &id(1), &key, &event)).await
    };
    assert_eq!((insert().await, insert().await), (Ok(()), Err(DbError::Exists)));
}

pub async fn events_come_newest_first_page_by_page(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        for number in [2, 1, u128::MAX, 3] {
            let (key, event) = event(number);
            auth_events::insert(tx, POOL, &id(1), &key, &event)?;
        }
        let (key, event) = event(9);
        auth_events::insert(tx, POOL, &id(2), &key, &event)
    })
    .await;
    let page = async |before: Option<u128>, limit| -> Vec<AuthEventType> {
        let before = before.map(u128::to_be_bytes);
        read(&store, |tx| auth_events::list(tx, POOL, &id(1), before.as_ref(), &[0; 16], limit)).await
    };
    let events = |numbers: &[u128]| numbers.iter().map(|number| event(*number).1).collect::<Vec<_>>();
    assert_eq!(page(None, 2).await, events(&[u128::MAX, 3]));
    assert_eq!(page(Some(3), 10).await, events(&[2, 1]));
}

pub async fn only_the_newest_events_are_kept(engine: &impl Engine) {
    let store = engine.open();
    let kept = u128::try_from(auth_events::KEPT).unwrap();
    write(&store, move |tx| {
        for number in 1..=kept + 3 {
            let (key, event) = event(number);
            auth_events::insert(tx, POOL, &id(1), &key, &event)?;
        }
        auth_events::trim(tx, POOL, &id(1), &[0; 16])
    })
    .await;
    let left = read(&store, |tx| auth_events::list(tx, POOL, &id(1), None, &[0; 16], 2 * auth_events::KEPT)).await;
    assert_eq!((left.len() as u128, left.last()), (kept, Some(&event(4).1)));
    write(&store, |tx| auth_events::trim(tx, POOL, &id(1), &[0; 16])).await;
    let again = read(&store, |tx| auth_events::list(tx, POOL, &id(1), None, &[0; 16], 2 * auth_events::KEPT)).await;
    assert_eq!(again.len(), left.len(), "there is nothing more to remove");
}

pub async fn old_events_are_forgotten(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        (1..=9).try_for_each(|number| {
            let (key, event) = event(number);
            auth_events::insert(tx, POOL, &id(1), &key, &event)
        })
    })
    .await;
    let oldest = 7_u128.to_be_bytes();
    let list =
        async |oldest: [u8; 16]| read(&store, |tx| auth_events::list(tx, POOL, &id(1), None, &oldest, 10)).await.len();
    assert_eq!((list([0; 16]).await, list(oldest).await), (9, 3), "what is too old is not shown");
    write(&store, move |tx| auth_events::trim(tx, POOL, &id(1), &oldest)).await;
    assert_eq!(list([0; 16]).await, 3);
}
