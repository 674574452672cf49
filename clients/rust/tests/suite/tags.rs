//! Tags of pools.

use std::collections::HashMap;

use crate::fixtures::{Pool, a_pool};
use crate::refusals::{NO_POOL, refused};

const NO_POOL_ARN: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_nosuchpool";
const NOT_A_POOL: &str = "arn:aws:s3:us-east-1:123456789012:bucket/employees";
const NOT_A_POOL_IS_REFUSED: &str = "InvalidParameterException: arn:aws:s3:us-east-1:123456789012:bucket/employees \
                                     is not the ARN of a user pool.";

async fn tags_of(pool: &Pool) -> HashMap<String, String> {
    pool.sdk.list_tags_for_resource().resource_arn(&pool.arn).send().await.unwrap().tags.unwrap()
}

#[tokio::test]
async fn list_tags_for_resource_answers_none_for_a_fresh_pool() {
    assert_eq!(tags_of(&a_pool().await).await, HashMap::new());
}

#[tokio::test]
async fn tag_resource_adds_and_replaces() {
    let pool = a_pool().await;
    let tag = |key: &str, value: &str| pool.sdk.tag_resource().resource_arn(&pool.arn).tags(key, value);
    tag("stage", "test").tags("team", "one").send().await.unwrap();
    tag("team", "two").send().await.unwrap();
    let expected = [("stage", "test"), ("team", "two")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(tags_of(&pool).await, HashMap::from(expected));
}

#[tokio::test]
async fn tag_resource_refuses_a_fifty_first_tag() {
    let pool = a_pool().await;
    let fifty = (0..50).map(|number| (format!("tag{number}"), "x".to_owned())).collect();
    pool.sdk.tag_resource().resource_arn(&pool.arn).set_tags(Some(fifty)).send().await.unwrap();
    refused(
        pool.sdk.tag_resource().resource_arn(&pool.arn).tags("one-more", "x").send().await,
        "InvalidParameterException: A user pool has at most 50 tags.",
    );
}

#[tokio::test]
async fn untag_resource_removes_what_it_names_and_ignores_the_rest() {
    let pool = a_pool().await;
    pool.sdk.tag_resource().resource_arn(&pool.arn).tags("stage", "test").tags("team", "one").send().await.unwrap();
    pool.sdk.untag_resource().resource_arn(&pool.arn).tag_keys("team").tag_keys("other").send().await.unwrap();
    assert_eq!(tags_of(&pool).await.into_keys().collect::<Vec<_>>(), ["stage"]);
}

#[tokio::test]
async fn tags_of_an_unknown_pool_are_refused() {
    let sdk = a_pool().await;
    refused(sdk.sdk.list_tags_for_resource().resource_arn(NO_POOL_ARN).send().await, NO_POOL);
    refused(sdk.sdk.tag_resource().resource_arn(NO_POOL_ARN).tags("a", "b").send().await, NO_POOL);
    refused(sdk.sdk.untag_resource().resource_arn(NO_POOL_ARN).tag_keys("a").send().await, NO_POOL);
}

#[tokio::test]
async fn tags_of_something_else_are_refused() {
    let pool = a_pool().await;
    refused(pool.sdk.list_tags_for_resource().resource_arn(NOT_A_POOL).send().await, NOT_A_POOL_IS_REFUSED);
    refused(pool.sdk.tag_resource().resource_arn(NOT_A_POOL).tags("a", "b").send().await, NOT_A_POOL_IS_REFUSED);
    refused(pool.sdk.untag_resource().resource_arn(NOT_A_POOL).tag_keys("a").send().await, NOT_A_POOL_IS_REFUSED);
}
