//! Groups and who is in them.

use cognate_domain::user::UserId;
use cognate_store::groups::{self, StoredGroup};
use cognate_store::{DbError, Store};

use crate::harness::{Engine, OTHER, POOL, furnish, group, id, read, write};

async fn members(store: &Store, name: &str) -> Vec<UserId> {
    read(store, |tx| groups::members(tx, POOL, name, None, 100)).await
}

async fn groups_of(store: &Store, number: u8) -> Vec<String> {
    let found = read(store, |tx| groups::of_user(tx, POOL, &id(number), "", 100)).await;
    assert_eq!(i64::try_from(found.len()), Ok(read(store, |tx| groups::count_of_user(tx, POOL, &id(number))).await));
    found.into_iter().filter_map(|group| group.group_name).collect()
}

async fn join(store: &Store, name: &'static str, number: u8) -> bool {
    write(store, move |tx| groups::add_member(tx, POOL, name, &id(number))).await
}

pub async fn a_group_comes_back_as_it_was_written(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| groups::insert(tx, POOL, &group("Ädmins"))).await;
    let stored = read(&store, |tx| groups::get(tx, POOL, "Ädmins")).await;
    assert_eq!(stored, Some(StoredGroup { group: group("Ädmins"), version: 1 }));
    assert_eq!(read(&store, |tx| groups::get(tx, OTHER, "Ädmins")).await, None);
    assert_eq!(read(&store, |tx| groups::get(tx, POOL, "ädmins")).await, None);
}

pub async fn a_group_name_is_unique_within_its_pool(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| groups::insert(tx, POOL, &group("admins"))).await;
    assert_eq!(store.write(|tx| groups::insert(tx, POOL, &group("admins"))).await, Err(DbError::Exists));
    write(&store, |tx| groups::insert(tx, OTHER, &group("admins"))).await;
}

pub async fn a_group_is_updated_only_from_its_newest_version(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| groups::insert(tx, POOL, &group("admins"))).await;
    let described = |text: &str, version| {
        let mut described = group("admins");
        described.description = Some(text.to_owned());
        StoredGroup { group: described, version }
    };
    write(&store, move |tx| groups::update(tx, POOL, &described("first", 1))).await;
    assert_eq!(store.write(move |tx| groups::update(tx, POOL, &described("stale", 1))).await, Err(DbError::Changed));
    assert_eq!(read(&store, |tx| groups::get(tx, POOL, "admins")).await, Some(described("first", 2)));
}

pub async fn groups_are_listed_in_the_order_of_names(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    let names = async |after: &str, limit| -> Vec<String> {
        let found = read(&store, |tx| groups::list(tx, POOL, after, limit)).await;
        found.into_iter().filter_map(|stored| stored.group.group_name).collect()
    };
    assert_eq!(names("", 10).await, ["admins", "editors", "readers"]);
    assert_eq!(names("admins", 1).await, ["editors"]);
    assert_eq!(names("readers", 1).await, [""; 0]);
    assert_eq!(read(&store, |tx| groups::count(tx, POOL)).await, 3);
}

pub async fn joining_twice_is_no_error_and_told(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    assert!(join(&store, "admins", 1).await);
    assert!(!join(&store, "admins", 1).await);
    assert_eq!(members(&store, "admins").await, [id(1)]);
}

pub async fn membership_is_seen_from_both_sides(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    for (name, number) in [("readers", 2), ("readers", 1), ("admins", 1)] {
        join(&store, name, number).await;
    }
    assert_eq!(members(&store, "readers").await, [id(1), id(2)]);
    assert_eq!(groups_of(&store, 1).await, ["admins", "readers"]);
    assert_eq!(groups_of(&store, 3).await, [""; 0]);
    assert_eq!(read(&store, |tx| groups::members(tx, OTHER, "readers", None, 10)).await, Vec::<UserId>::new());
}

pub async fn members_come_page_by_page(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    for number in [3, 1, 2] {
        join(&store, "admins", number).await;
    }
    assert_eq!(read(&store, |tx| groups::members(tx, POOL, "admins", None, 2)).await, [id(1), id(2)]);
    assert_eq!(read(&store, |tx| groups::members(tx, POOL, "admins", Some(&id(2)), 2)).await, [id(3)]);
}

pub async fn groups_of_a_user_come_page_by_page(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    for name in ["readers", "admins", "editors"] {
        join(&store, name, 1).await;
    }
    let page = async |after: &str| read(&store, |tx| groups::of_user(tx, POOL, &id(1), after, 2)).await;
    assert_eq!(page("").await, [group("admins"), group("editors")]);
    assert_eq!(page("editors").await, [group("readers")]);
}

pub async fn leaving_a_group_leaves_the_others(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    for (name, number) in [("admins", 1), ("readers", 1), ("admins", 2)] {
        join(&store, name, number).await;
    }
    for _ in 0..2 {
        write(&store, |tx| groups::remove_member(tx, POOL, "admins", &id(1))).await;
    }
    assert_eq!(groups_of(&store, 1).await, ["readers"]);
    assert_eq!(members(&store, "admins").await, [id(2)]);
}

pub async fn a_deleted_group_has_no_members(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    for (name, number) in [("admins", 1), ("readers", 1), ("admins", 2)] {
        join(&store, name, number).await;
    }
    assert!(write(&store, |tx| groups::delete(tx, POOL, "admins")).await);
    assert!(!write(&store, |tx| groups::delete(tx, POOL, "admins")).await);
    assert_eq!((groups_of(&store, 1).await, groups_of(&store, 2).await), (vec!["readers".to_owned()], Vec::new()));
    write(&store, |tx| groups::insert(tx, POOL, &group("admins"))).await;
    assert_eq!(members(&store, "admins").await, Vec::<UserId>::new(), "a new group of the old name is empty");
}

pub async fn a_user_can_be_taken_out_of_every_group(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    for (name, number) in [("admins", 1), ("readers", 1), ("admins", 2)] {
        join(&store, name, number).await;
    }
    write(&store, |tx| groups::remove_everywhere(tx, POOL, &id(1))).await;
    assert_eq!(groups_of(&store, 1).await, [""; 0]);
    assert_eq!((members(&store, "admins").await, members(&store, "readers").await), (vec![id(2)], Vec::new()));
}
