//! What is remembered about risks.

use cognate_domain::risk::learning::{Change, Kind, Mark, Standing};
use cognate_model::{RiskConfigurationType, RiskExceptionConfigurationType, Timestamp};
use cognate_store::risk_marks::{self, KEPT};
use cognate_store::{clients, risk_configurations};

use crate::harness::{Engine, OTHER, POOL, client, id, read, write};

pub fn mark(kind: Kind, value: &str, last: i64) -> Mark {
    Mark { kind, value: value.to_owned(), standing: Standing::Seen, first: 1, last }
}

pub fn configuration(range: &str) -> RiskConfigurationType {
    RiskConfigurationType {
        risk_exception_configuration: Some(RiskExceptionConfigurationType {
            blocked_ip_range_list: Some(vec![range.to_owned()]),
            skipped_ip_range_list: None,
        }),
        last_modified_date: Some(Timestamp::from_micros(1_700_000_000_000_000)),
        ..RiskConfigurationType::default()
    }
}

pub async fn a_configuration_belongs_to_its_pool_or_client(engine: &impl Engine) {
    let store = engine.open();
    let get = async |pool, client| read(&store, |tx| risk_configurations::get(tx, pool, client)).await;
    write(&store, |tx| {
        risk_configurations::put(tx, POOL, None, &configuration("1.0.0.0/8"))?;
        risk_configurations::put(tx, POOL, Some("web"), &configuration("2.0.0.0/8"))?;
        risk_configurations::put(tx, POOL, Some("web"), &configuration("3.0.0.0/8"))
    })
    .await;
    assert_eq!(get(POOL, None).await, Some(configuration("1.0.0.0/8")));
    assert_eq!(get(POOL, Some("web")).await, Some(configuration("3.0.0.0/8")));
    assert_eq!((get(OTHER, None).await, get(POOL, Some("cli")).await), (None, None));
    for _ in 0..2 {
        write(&store, |tx| risk_configurations::delete(tx, POOL, None)).await;
    }
    assert_eq!(get(POOL, None).await, None);
    assert!(get(POOL, Some("web")).await.is_some());
}

pub async fn a_deleted_client_leaves_no_configuration(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        for name in ["web", "cli"] {
            clients::insert(tx, &client(POOL, name))?;
            risk_configurations::put(tx, POOL, Some(name), &configuration("1.0.0.0/8"))?;
        }
        clients::delete(tx, POOL, "web")
    })
    .await;
    assert!(read(&store, |tx| risk_configurations::get(tx, POOL, Some("web"))).await.is_none());
    assert!(read(&store, |tx| risk_configurations::get(tx, POOL, Some("cli"))).await.is_some());
}

pub async fn marks_come_back_as_they_were_written(engine: &impl Engine) {
    let store = engine.open();
    let trusted = Mark { standing: Standing::Trusted, ..mark(Kind::Address, "192.0.2.1", 2) };
    let distrusted = Mark { standing: Standing::Distrusted, ..mark(Kind::Address, "192.0.2.2", 3) };
    let all = vec![trusted, distrusted, mark(Kind::Country, "Germany", 4), mark(Kind::Device, "Firefox, Linux", 5)];
    let written = all.clone();
    write(&store, move |tx| written.iter().try_for_each(|mark| risk_marks::put(tx, POOL, &id(1), mark))).await;
    assert_eq!(read(&store, |tx| risk_marks::of_user(tx, POOL, &id(1))).await, all);
    for (pool, user) in [(OTHER, 1), (POOL, 2)] {
        assert!(read(&store, |tx| risk_marks::of_user(tx, pool, &id(user))).await.is_empty());
    }
    let found = read(&store, |tx| risk_marks::get(tx, POOL, &id(1), Kind::Country, "Germany")).await;
    assert_eq!(found.as_ref(), all.get(2));
    let of_another_kind = read(&store, |tx| risk_marks::get(tx, POOL, &id(1), Kind::Device, "Germany")).await;
    assert_eq!(of_another_kind, None);
}

pub async fn a_mark_is_replaced_and_forgotten(engine: &impl Engine) {
    let store = engine.open();
    let change = async |change: Change| {
        write(&store, move |tx| risk_marks::change(tx, POOL, &id(1), &change)).await;
        read(&store, |tx| risk_marks::of_user(tx, POOL, &id(1))).await
    };
    let (first, second) = (mark(Kind::Device, "Firefox, Linux", 2), mark(Kind::Device, "Firefox, Linux", 9));
    assert_eq!(change(Change::Put(first.clone())).await, [first]);
    assert_eq!(change(Change::Put(second.clone())).await, [second]);
    assert_eq!(change(Change::Forget(Kind::Device, "Firefox, Linux".to_owned())).await, []);
}

pub async fn the_marks_that_were_seen_longest_ago_go_first(engine: &impl Engine) {
    let store = engine.open();
    let (trusted, other) =
        (Mark { standing: Standing::Trusted, ..mark(Kind::Address, "t", 0) }, mark(Kind::Country, "c", 0));
    let kept = [trusted.clone(), other.clone()];
    write(&store, move |tx| {
        risk_marks::put(tx, POOL, &id(1), &trusted)?;
        risk_marks::put(tx, POOL, &id(1), &other)?;
        (1..=KEPT + 3).try_for_each(|number| {
            risk_marks::put(tx, POOL, &id(1), &mark(Kind::Address, &format!("a{number:03}"), number))
        })
    })
    .await;
    let left = read(&store, |tx| risk_marks::of_user(tx, POOL, &id(1))).await;
    assert!(kept.iter().all(|mark| left.contains(mark)), "what feedback said, and other kinds, stay");
    let seen: Vec<&str> = left.iter().filter(|mark| mark.value.starts_with('a')).map(|mark| &*mark.value).collect();
    assert_eq!((seen.len(), seen[0]), (usize::try_from(KEPT).unwrap() - 1, "a005"));
}
