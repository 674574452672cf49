//! Two secrets of one client, so that one can replace the other without a pause.

use crate::fixtures::{Pool, a_pool};
use crate::refusals::{NO_CLIENT, NO_POOL, refused};

/// A pool seen by a client that has one secret.
async fn a_confidential_client() -> Pool {
    let pool = a_pool().await;
    let (id, _) = pool.client_with(|client| client.generate_secret(true)).await;
    pool.seen_by(&id)
}

async fn secret_ids(pool: &Pool) -> Vec<String> {
    let listed = pool.list_user_pool_client_secrets().send().await.unwrap();
    listed.client_secrets().iter().map(|secret| secret.client_secret_id().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn add_user_pool_client_secret_makes_a_second_one() {
    let pool = a_confidential_client().await;
    let added = pool.add_user_pool_client_secret().send().await.unwrap().client_secret_descriptor.unwrap();
    assert_eq!(added.client_secret_value().map(str::len), Some(52));
    assert_eq!(secret_ids(&pool).await.len(), 2);
    assert!(secret_ids(&pool).await.contains(&added.client_secret_id.unwrap()));
}

#[tokio::test]
async fn add_user_pool_client_secret_does_not_repeat_a_secret_that_the_caller_brought() {
    let pool = a_confidential_client().await;
    let request = pool.add_user_pool_client_secret().client_secret("brought_by_the_caller_0001");
    let added = request.send().await.unwrap().client_secret_descriptor.unwrap();
    assert_eq!(added.client_secret_value(), None);
}

#[tokio::test]
async fn add_user_pool_client_secret_refuses_a_third() {
    let pool = a_confidential_client().await;
    pool.add_user_pool_client_secret().send().await.unwrap();
    refused(
        pool.add_user_pool_client_secret().send().await,
        "LimitExceededException: Client secrets cannot exceed limit of 2 secrets.",
    );
}

#[tokio::test]
async fn add_user_pool_client_secret_refuses_a_public_client() {
    let pool = a_pool().await;
    refused(
        pool.add_user_pool_client_secret().send().await,
        &format!("InvalidParameterException: Client {} is not a confidential client.", pool.client),
    );
}

#[tokio::test]
async fn add_user_pool_client_secret_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.without_client().add_user_pool_client_secret().send().await, NO_CLIENT);
    refused(pool.nowhere().add_user_pool_client_secret().send().await, NO_POOL);
}

#[tokio::test]
async fn list_user_pool_client_secrets_never_shows_their_values() {
    let pool = a_confidential_client().await;
    let listed = pool.list_user_pool_client_secrets().send().await.unwrap();
    let secret = &listed.client_secrets()[0];
    assert!(secret.client_secret_create_date().is_some());
    assert_eq!(secret.client_secret_value(), None);
}

#[tokio::test]
async fn list_user_pool_client_secrets_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.without_client().list_user_pool_client_secrets().send().await, NO_CLIENT);
    refused(pool.nowhere().list_user_pool_client_secrets().send().await, NO_POOL);
}

#[tokio::test]
async fn delete_user_pool_client_secret_leaves_the_other() {
    let pool = a_confidential_client().await;
    let first = secret_ids(&pool).await.remove(0);
    pool.add_user_pool_client_secret().send().await.unwrap();
    pool.delete_user_pool_client_secret().client_secret_id(&first).send().await.unwrap();
    let left = secret_ids(&pool).await;
    assert!(left.len() == 1 && left[0] != first, "{left:?}");
}

#[tokio::test]
async fn delete_user_pool_client_secret_refuses_the_last() {
    let pool = a_confidential_client().await;
    let only = secret_ids(&pool).await.remove(0);
    refused(
        pool.delete_user_pool_client_secret().client_secret_id(&only).send().await,
        "InvalidParameterException: The last secret of a client cannot be deleted.",
    );
}

#[tokio::test]
async fn delete_user_pool_client_secret_refuses_an_unknown_secret() {
    let pool = a_confidential_client().await;
    let unknown = format!("{}--1", pool.client);
    refused(
        pool.delete_user_pool_client_secret().client_secret_id(&unknown).send().await,
        &format!("ResourceNotFoundException: Client secret {unknown} does not exist."),
    );
}

#[tokio::test]
async fn delete_user_pool_client_secret_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    let delete = |pool: &Pool| pool.delete_user_pool_client_secret().client_secret_id("nosuchclient--1");
    refused(delete(&pool.without_client()).send().await, NO_CLIENT);
    refused(delete(&pool.nowhere()).send().await, NO_POOL);
}
