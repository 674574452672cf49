//! The way of messages to their end: leases, ends, and what is kept of them.

use std::collections::{BTreeMap, BTreeSet};

use cognate_store::outbox::{self, Leased, Progress, Sealed, State, Wanted};
use cognate_store::{DbError, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{Engine, OTHER, POOL, id, read, write};
use crate::messages::message;

/// Inserts messages with these numbers, due at these moments.
async fn furnish(store: &Store, due: &'static [(u8, i64)]) {
    write(store, move |tx| {
        due.iter().try_for_each(|(number, due)| {
            let progress = Progress::waiting(*due, 1_000);
            outbox::insert(tx, &Sealed { progress, ..message(POOL, 1, *number) })
        })
    })
    .await;
}

async fn lease(store: &Store, owner: &'static str, now: i64, limit: usize) -> Vec<Leased> {
    write(store, move |tx| outbox::lease(tx, &Wanted { owner, limit, busy: &[], without: &[] }, now, now + 60)).await
}

fn numbers(messages: &[Leased]) -> Vec<u8> {
    messages.iter().map(|message| message.id[0]).collect()
}

async fn progress(store: &Store, number: u8) -> Progress {
    read(store, |tx| outbox::by_id(tx, &[number; 16])).await.unwrap().progress
}

pub async fn a_message_is_leased_once_and_only_when_it_is_due(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 10)]).await;
    let is_due = async |now| read(&store, |tx| outbox::is_due(tx, now, &[])).await;
    assert!(!is_due(9).await && is_due(10).await);
    assert_eq!(numbers(&lease(&store, "a", 9, 5).await), [0_u8; 0]);
    let leased = lease(&store, "a", 10, 5).await;
    let taken = Progress { owner: "a".to_owned(), due: 70, attempts: 1, ..Progress::waiting(10, 1_000) };
    assert_eq!(leased, [Sealed { progress: taken.clone(), ..message(POOL, 1, 1) }]);
    assert_eq!(progress(&store, 1).await, taken);
    assert!(!is_due(69).await);
    assert_eq!(numbers(&lease(&store, "b", 69, 5).await), [0_u8; 0]);
}

pub async fn of_many_workers_one_gets_each_message(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| (0..60).try_for_each(|number| outbox::insert(tx, &message(POOL, 1, number)))).await;
    let workers = ["a", "b", "c", "d", "e", "f"].map(|owner| {
        let store = store.clone();
        tokio::spawn(async move { lease(&store, owner, 10, 20).await })
    });
    let mut seen = Vec::new();
    for worker in workers {
        seen.extend(numbers(&worker.await.unwrap()));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
}

pub async fn a_lease_that_ended_is_anothers_to_take(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 10)]).await;
    lease(&store, "a", 10, 5).await;
    let again = lease(&store, "b", 70, 5).await;
    assert_eq!((numbers(&again), again[0].progress.attempts), (vec![1], 2));
}

pub async fn a_message_that_its_owner_is_busy_with_is_not_leased_again(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 10), (2, 10)]).await;
    let busy = [[1; 16]];
    let leased = write(&store, move |tx| {
        outbox::lease(tx, &Wanted { owner: "a", limit: 1, busy: &busy, without: &[] }, 70, 130)
    })
    .await;
    assert_eq!(numbers(&leased), [2]);
}

pub async fn pools_that_have_their_share_are_left_for_later(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 10), (2, 20)]).await;
    write(&store, |tx| outbox::insert(tx, &Sealed { progress: Progress::waiting(30, 1_000), ..message(OTHER, 1, 3) }))
        .await;
    let is_due = async |without: &[&str]| {
        let without = without.iter().map(|pool| (*pool).to_owned()).collect::<Vec<_>>();
        read(&store, |tx| outbox::is_due(tx, 50, &without)).await
    };
    assert!(is_due(&[POOL]).await && is_due(&[OTHER]).await && !is_due(&[POOL, OTHER]).await);
    let leased = write(&store, |tx| {
        let without = [POOL.to_owned(), "us-east-1_Nowhere".to_owned()];
        outbox::lease(tx, &Wanted { owner: "a", limit: 1, busy: &[], without: &without }, 50, 110)
    })
    .await;
    assert_eq!(numbers(&leased), [3]);
}

pub async fn what_is_longest_due_comes_first_and_no_more_than_wanted(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 30), (2, 10), (3, 20)]).await;
    assert_eq!(numbers(&lease(&store, "a", 50, 2).await), [2, 3]);
    assert_eq!(numbers(&lease(&store, "a", 50, 0).await), [0_u8; 0]);
    assert_eq!(numbers(&lease(&store, "a", 50, 2).await), [1]);
}

pub async fn a_message_that_was_put_back_waits_until_it_is_due(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 10)]).await;
    let leased = lease(&store, "a", 10, 1).await.remove(0);
    write(&store, move |tx| outbox::put_back(tx, &leased, 500, "no answer")).await;
    let reason = "no answer".to_owned();
    let put_back = Progress { due: 500, attempts: 1, reason, ..Progress::waiting(10, 1_000) };
    assert_eq!(progress(&store, 1).await, put_back);
    assert_eq!(numbers(&lease(&store, "a", 499, 1).await), [0_u8; 0]);
    assert_eq!(numbers(&lease(&store, "a", 500, 1).await), [1]);
}

pub async fn what_came_to_its_end_is_never_leased_again(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 10), (2, 10)]).await;
    write(&store, |tx| outbox::insert(tx, &Sealed { progress: Progress::kept(5), ..message(OTHER, 1, 3) })).await;
    let mut leased = lease(&store, "a", 10, 5).await;
    for message in &mut leased {
        message.sealed = b"remains".to_vec();
    }
    write(&store, move |tx| {
        outbox::sent(tx, &leased[0], 11)?;
        outbox::give_up(tx, &leased[1], 12, "refused")
    })
    .await;
    assert_eq!(numbers(&lease(&store, "b", i64::MAX - 60, 5).await), [0_u8; 0]);
    let newest = read(&store, |tx| outbox::newest(tx, 5)).await;
    let ends: Vec<_> = newest
        .iter()
        .map(|message| (message.progress.state, message.progress.settled, message.progress.reason.as_str()))
        .collect();
    assert_eq!(ends, [(State::Kept, 5, ""), (State::GivenUp, 12, "refused"), (State::Sent, 11, "")]);
    assert!(newest[1..].iter().all(|message| message.sealed == b"remains"));
}

pub async fn who_lost_a_lease_changes_nothing(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 10)]).await;
    let lost = lease(&store, "a", 10, 1).await.remove(0);
    lease(&store, "b", 70, 1).await;
    let before = progress(&store, 1).await;
    write(&store, move |tx| {
        outbox::sent(tx, &lost, 71)?;
        outbox::put_back(tx, &lost, 71, "late")?;
        outbox::give_up(tx, &lost, 71, "late")
    })
    .await;
    assert_eq!(progress(&store, 1).await, before);
}

pub async fn leases_of_an_earlier_process_are_freed(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 10), (2, 900)]).await;
    lease(&store, "dead", 10, 5).await;
    assert_eq!(write(&store, |tx| outbox::free_leases(tx, 12)).await, 1);
    assert_eq!(numbers(&lease(&store, "b", 12, 5).await), [1]);
    assert_eq!(progress(&store, 2).await.due, 900, "what nobody had leased keeps its time");
}

pub async fn a_message_that_waits_can_be_tried_at_once(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 900), (2, 10)]).await;
    lease(&store, "a", 10, 1).await;
    let retry = async |number: u8| write(&store, move |tx| outbox::retry(tx, &[number; 16], 20)).await;
    assert!(retry(1).await);
    assert!(!retry(2).await, "it is being delivered");
    assert!(!retry(3).await, "there is none");
    assert_eq!(numbers(&lease(&store, "a", 20, 5).await), [1]);
}

pub async fn old_messages_are_swept_and_those_that_wait_are_not(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 1), (2, 1), (3, 1), (4, 1)]).await;
    let leased = lease(&store, "a", 1, 3).await;
    write(&store, move |tx| {
        outbox::sent(tx, &leased[0], 10)?;
        outbox::give_up(tx, &leased[1], 20, "")?;
        outbox::sent(tx, &leased[2], 30)
    })
    .await;
    assert_eq!(write(&store, |tx| outbox::sweep(tx, 30, 1)).await, 1, "no more than is allowed");
    assert_eq!(write(&store, |tx| outbox::sweep(tx, 30, 9)).await, 1);
    assert_eq!(write(&store, |tx| outbox::sweep(tx, 30, 9)).await, 0);
    let left = read(&store, |tx| outbox::newest(tx, 9)).await;
    assert_eq!(numbers(&left), [4, 3]);
}

pub async fn messages_are_listed_by_state(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store, &[(1, 1), (2, 2), (3, 3)]).await;
    let leased = lease(&store, "a", 1, 1).await.remove(0);
    write(&store, move |tx| outbox::sent(tx, &leased, 10)).await;
    let list = async |state| numbers(&read(&store, |tx| outbox::newest_in(tx, state, 9)).await);
    assert_eq!((list(State::Waiting).await, list(State::Sent).await), (vec![3, 2], vec![1]));
    assert_eq!(list(State::GivenUp).await, [0_u8; 0]);
    assert_eq!(read(&store, outbox::count_waiting).await, 2);
    for state in [State::Waiting, State::Sent, State::GivenUp, State::Kept] {
        assert_eq!(State::parse(state.as_str()), Some(state));
    }
    assert_eq!(State::parse("lost"), None);
}

/// What a worker does next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(i64),
    Lease(usize, usize),
    Send(usize, usize),
    PutBack(usize, usize, i64),
    Die(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (owner, held) = (0..3_usize, 0..4_usize);
    let step = prop_oneof![
        (1..90_i64).prop_map(Step::Wait),
        (owner.clone(), 0..4_usize).prop_map(|(owner, limit)| Step::Lease(owner, limit)),
        (owner.clone(), held.clone()).prop_map(|(owner, held)| Step::Send(owner, held)),
        (owner.clone(), held, 1..50_i64).prop_map(|(owner, held, later)| Step::PutBack(owner, held, later)),
        owner.prop_map(Step::Die),
    ];
    prop::collection::vec(step, 1..40)
}

/// Whatever workers do, die included, no two hold a message at one time, and a message that was sent comes to nobody.
pub async fn any_order_of_steps_delivers_each_message_to_one_owner(engine: &impl Engine) {
    const OWNERS: [&str; 3] = ["a", "b", "c"];
    let store = engine.open();
    let handle = tokio::runtime::Handle::current();
    let run = move |steps: Vec<Step>| -> Result<(), DbError> {
        handle.block_on(async {
            store.write(|tx| outbox::forget(tx, POOL, &id(1))).await?;
            furnish(&store, &[(1, 0), (2, 0), (3, 5), (4, 50)]).await;
            let (mut now, mut sent) = (0, BTreeSet::new());
            // Who holds what, and until when.
            let mut held: BTreeMap<u8, (usize, i64, Leased)> = BTreeMap::new();
            let of = |held: &BTreeMap<u8, (usize, i64, Leased)>, owner, at: usize| {
                held.iter().filter(|(_, (by, ..))| *by == owner).nth(at).map(|(number, (.., it))| (*number, it.clone()))
            };
            for step in steps {
                match step {
                    Step::Wait(time) => now += time,
                    Step::Lease(owner, limit) => {
                        for leased in lease(&store, OWNERS[owner], now, limit).await {
                            let number = leased.id[0];
                            assert!(!sent.contains(&number), "{number} was sent and comes again");
                            let before = held.insert(number, (owner, now + 60, leased));
                            assert!(before.is_none_or(|(_, until, _)| until <= now), "{number} is another's");
                        }
                    }
                    Step::Send(owner, at) => {
                        let Some((number, leased)) = of(&held, owner, at) else { continue };
                        held.remove(&number);
                        store.write(move |tx| outbox::sent(tx, &leased, now)).await?;
                        sent.insert(number);
                    }
                    Step::PutBack(owner, at, later) => {
                        let Some((number, leased)) = of(&held, owner, at) else { continue };
                        held.remove(&number);
                        store.write(move |tx| outbox::put_back(tx, &leased, now + later, "")).await?;
                    }
                    Step::Die(owner) => held.retain(|_, (by, ..)| *by != owner),
                }
            }
            Ok(())
        })
    };
    let property = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config::with_cases(64));
        runner.run(&steps(), |steps| run(steps).map_err(|error| TestCaseError::fail(error.to_string())))
    });
    property.await.unwrap().unwrap();
}
