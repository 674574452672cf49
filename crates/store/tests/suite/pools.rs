//! Pools, app clients, signing keys and counters.

use cognate_store::{DbError, Store, clients, config_changes, counters, user_pools};

use crate::harness::{Engine, OTHER, POOL, client, furnish, id, pool, read, write};
use crate::removal::fill;

pub async fn a_pool_comes_back_as_it_was_written(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| user_pools::insert(tx, &pool(POOL), b"sealed data key")).await;
    let stored = read(&store, |tx| user_pools::get(tx, POOL)).await.unwrap();
    assert_eq!((stored.pool, stored.data_key), (pool(POOL), b"sealed data key".to_vec()));
    assert!(read(&store, |tx| user_pools::get(tx, OTHER)).await.is_none());
}

pub async fn a_pool_id_is_unique(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| user_pools::insert(tx, &pool(POOL), b"first")).await;
    assert_eq!(store.write(|tx| user_pools::insert(tx, &pool(POOL), b"second")).await, Err(DbError::Exists));
}

pub async fn a_pool_is_updated_only_from_its_newest_version(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| user_pools::insert(tx, &pool(POOL), b"key")).await;
    let rename = |name: &'static str, version| {
        let mut renamed = pool(POOL);
        (renamed.config.name, renamed.version) = (Some(name.to_owned()), version);
        renamed
    };
    write(&store, move |tx| user_pools::update(tx, &rename("first", 1))).await;
    assert_eq!(store.write(move |tx| user_pools::update(tx, &rename("stale", 1))).await, Err(DbError::Changed));
    write(&store, move |tx| user_pools::update(tx, &rename("second", 2))).await;
    let stored = read(&store, |tx| user_pools::get(tx, POOL)).await.unwrap();
    assert_eq!((stored.pool, stored.data_key), (rename("second", 3), b"key".to_vec()));
}

pub async fn pools_are_listed_in_the_order_of_ids(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        ["us-east-1_c", "us-east-1_a", "us-east-1_B"]
            .iter()
            .try_for_each(|id| user_pools::insert(tx, &pool(id), b"key"))
    })
    .await;
    let ids = async |after: &str, limit| -> Vec<String> {
        let found = read(&store, |tx| user_pools::list(tx, after, limit)).await;
        found.iter().map(|stored| stored.pool.id().to_owned()).collect()
    };
    assert_eq!(ids("", 10).await, ["us-east-1_B", "us-east-1_a", "us-east-1_c"]);
    assert_eq!(ids("", 2).await, ["us-east-1_B", "us-east-1_a"]);
    assert_eq!(ids("us-east-1_a", 2).await, ["us-east-1_c"]);
}

pub async fn a_client_comes_back_as_it_was_written(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| clients::insert(tx, &client(POOL, "web"))).await;
    assert_eq!(read(&store, |tx| clients::get(tx, POOL, "web")).await, Some(client(POOL, "web")));
    assert_eq!(read(&store, |tx| clients::get(tx, OTHER, "web")).await, None);
    assert_eq!(read(&store, |tx| clients::pool_of(tx, "web")).await.as_deref(), Some(POOL));
    assert_eq!(read(&store, |tx| clients::pool_of(tx, "app")).await, None);
}

pub async fn a_client_id_is_unique_across_pools(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| clients::insert(tx, &client(POOL, "web"))).await;
    assert_eq!(store.write(|tx| clients::insert(tx, &client(POOL, "web"))).await, Err(DbError::Exists));
    assert_eq!(store.write(|tx| clients::insert(tx, &client(OTHER, "web"))).await, Err(DbError::Exists));
    assert_eq!(read(&store, |tx| clients::get(tx, OTHER, "web")).await, None);
}

pub async fn a_client_is_updated_only_from_its_newest_version(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| clients::insert(tx, &client(POOL, "web"))).await;
    let rename = |name: &'static str, version| {
        let mut renamed = client(POOL, "web");
        (renamed.config.client_name, renamed.version) = (Some(name.to_owned()), version);
        renamed
    };
    write(&store, move |tx| clients::update(tx, &rename("first", 1))).await;
    assert_eq!(store.write(move |tx| clients::update(tx, &rename("stale", 1))).await, Err(DbError::Changed));
    assert_eq!(read(&store, |tx| clients::get(tx, POOL, "web")).await, Some(rename("first", 2)));
}

pub async fn clients_are_listed_in_the_order_of_ids(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        ["c", "a", "b"].iter().try_for_each(|id| clients::insert(tx, &client(POOL, id)))?;
        clients::insert(tx, &client(OTHER, "d"))
    })
    .await;
    let ids = async |after: &str, limit| -> Vec<String> {
        let found = read(&store, |tx| clients::list(tx, POOL, after, limit)).await;
        found.iter().map(|client| client.id().to_owned()).collect()
    };
    assert_eq!(ids("", 10).await, ["a", "b", "c"]);
    assert_eq!(ids("a", 1).await, ["b"]);
    assert_eq!(read(&store, |tx| clients::count(tx, POOL)).await, 3);
    assert_eq!(read(&store, |tx| clients::count(tx, OTHER)).await, 1);
}

pub async fn a_deleted_client_has_no_pool(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| clients::insert(tx, &client(POOL, "web"))).await;
    assert!(write(&store, |tx| clients::delete(tx, POOL, "web")).await);
    assert!(!write(&store, |tx| clients::delete(tx, POOL, "web")).await);
    assert_eq!(read(&store, |tx| clients::pool_of(tx, "web")).await, None);
    write(&store, |tx| clients::insert(tx, &client(OTHER, "web"))).await;
}

pub async fn a_client_is_deleted_in_its_own_pool_only(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| clients::insert(tx, &client(POOL, "web"))).await;
    assert!(!write(&store, |tx| clients::delete(tx, OTHER, "web")).await);
    assert_eq!(read(&store, |tx| clients::pool_of(tx, "web")).await.as_deref(), Some(POOL));
}

pub async fn users_are_counted_across_shards(engine: &impl Engine) {
    let store = engine.open();
    let counted = async |store: &Store, pool: &str| read(store, |tx| counters::users(tx, pool)).await;
    assert_eq!(counted(&store, POOL).await, 0);
    for number in 0..20 {
        write(&store, move |tx| counters::add(tx, POOL, &id(number), 1)).await;
    }
    for number in 5..10 {
        write(&store, move |tx| counters::add(tx, POOL, &id(number), -1)).await;
    }
    assert_eq!((counted(&store, POOL).await, counted(&store, OTHER).await), (15, 0));
}

pub async fn a_deleted_pool_leaves_no_row_and_its_neighbour_all(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    for name in [POOL, OTHER] {
        write(&store, move |tx| fill(tx, name, &id(1))).await;
    }
    let neighbour = engine.tables_that_mention(OTHER.as_bytes());
    assert!(neighbour.len() > 17, "every table of a pool is filled: {neighbour:?}");
    write(&store, |tx| user_pools::delete(tx, POOL)).await;
    // What tells the other servers of it.
    assert_eq!(engine.tables_that_mention(POOL.as_bytes()), ["config_changes"]);
    assert_eq!(engine.tables_that_mention(OTHER.as_bytes()), neighbour);
}

pub async fn what_changes_in_a_pool_is_told(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        user_pools::insert(tx, &pool(POOL), b"key")?;
        user_pools::insert(tx, &pool(OTHER), b"key")?;
        clients::insert(tx, &client(POOL, "web"))
    })
    .await;
    let told = async || {
        let mut changes = read(&store, config_changes::recent).await;
        changes.sort();
        changes
    };
    assert_eq!(told().await, [], "nobody keeps what is new");
    write(&store, |tx| user_pools::update(tx, &pool(POOL))).await;
    assert_eq!(told().await, [(POOL.to_owned(), 1)]);
    write(&store, |tx| clients::update(tx, &client(POOL, "web"))).await;
    assert_eq!(told().await, [(POOL.to_owned(), 2)]);
    write(&store, |tx| clients::delete(tx, POOL, "web")).await;
    assert_eq!(told().await, [(POOL.to_owned(), 3)]);
    write(&store, |tx| user_pools::delete(tx, POOL)).await;
    assert_eq!(told().await, [(POOL.to_owned(), 4)], "the others have to hear of it");
    assert_eq!(store.write(|tx| clients::update(tx, &client(POOL, "web"))).await, Err(DbError::Changed));
    assert_eq!(told().await, [(POOL.to_owned(), 4)], "what did not come about is not told");
}
