//! Groups and who is in them.

use std::collections::BTreeSet;

use crate::fixtures::{Pool, a_pool, claims};
use crate::refusals::{BAD_TOKEN, NO_GROUP, NO_POOL, NO_USER, refused, violates};

async fn groups_of(pool: &Pool, username: &str) -> Vec<String> {
    let listed = pool.admin_list_groups_for_user(username).send().await.unwrap();
    listed.groups().iter().map(|group| group.group_name().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn create_group_keeps_what_it_is_told() {
    let pool = a_pool().await;
    let request = pool.create_group("Engineering").description("Builders").precedence(5);
    let created = request.role_arn("arn:aws:iam::123456789012:role/builders").send().await.unwrap().group.unwrap();
    assert_eq!(created.description(), Some("Builders"));
    assert_eq!(created.precedence(), Some(5));
    assert_eq!(pool.get_group("Engineering").send().await.unwrap().group, Some(created));
}

#[tokio::test]
async fn create_group_refuses_a_name_that_exists() {
    let pool = a_pool().await;
    pool.create_group("Engineering").send().await.unwrap();
    refused(
        pool.create_group("Engineering").send().await,
        "GroupExistsException: A group with the name already exists.",
    );
}

#[tokio::test]
async fn create_group_refuses_a_name_with_a_space() {
    let pool = a_pool().await;
    violates(
        pool.create_group("two words").send().await,
        "'two words' at 'groupName'",
        r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+",
    );
}

#[tokio::test]
async fn a_role_of_another_account_is_refused() {
    let pool = a_pool().await;
    let role = "arn:aws:iam::999999999999:role/builders";
    let refusal = "InvalidParameterException: Cross-account pass role is not allowed.";
    refused(pool.create_group("Engineering").role_arn(role).send().await, refusal);
    pool.create_group("Engineering").send().await.unwrap();
    refused(pool.update_group("Engineering").role_arn(role).send().await, refusal);
}

#[tokio::test]
async fn get_group_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.get_group("nobody").send().await, NO_GROUP);
    refused(pool.nowhere().get_group("nobody").send().await, NO_POOL);
}

#[tokio::test]
async fn update_group_changes_what_it_names() {
    let pool = a_pool().await;
    pool.create_group("Engineering").description("Builders").precedence(5).send().await.unwrap();
    pool.update_group("Engineering").precedence(1).send().await.unwrap();
    let group = pool.get_group("Engineering").send().await.unwrap().group.unwrap();
    assert_eq!((group.description(), group.precedence()), (Some("Builders"), Some(1)));
}

#[tokio::test]
async fn update_group_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.update_group("nobody").send().await, NO_GROUP);
    refused(pool.nowhere().update_group("nobody").send().await, NO_POOL);
}

#[tokio::test]
async fn delete_group_leaves_the_users() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.create_group("Engineering").send().await.unwrap();
    pool.admin_add_user_to_group("maria").group_name("Engineering").send().await.unwrap();
    pool.delete_group("Engineering").send().await.unwrap();
    refused(pool.get_group("Engineering").send().await, NO_GROUP);
    assert!(groups_of(&pool, "maria").await.is_empty());
}

#[tokio::test]
async fn delete_group_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.delete_group("nobody").send().await, NO_GROUP);
    refused(pool.nowhere().delete_group("nobody").send().await, NO_POOL);
}

#[tokio::test]
async fn list_groups_shows_every_group_once() {
    let pool = a_pool().await;
    let names: BTreeSet<String> = (0..5).map(|number| format!("group{number}")).collect();
    for name in &names {
        pool.create_group(name).send().await.unwrap();
    }
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let page = pool.list_groups().limit(2).set_next_token(token).send().await.unwrap();
        seen.extend(page.groups().iter().map(|group| group.group_name().unwrap().to_owned()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, names.into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn list_groups_refuses_an_unknown_pool_and_a_made_up_token() {
    let pool = a_pool().await;
    refused(pool.nowhere().list_groups().send().await, NO_POOL);
    refused(pool.list_groups().next_token("made-up").send().await, BAD_TOKEN);
}

#[tokio::test]
async fn admin_add_user_to_group_shows_in_the_next_tokens() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.create_group("Engineering").send().await.unwrap();
    for _ in 0..2 {
        pool.admin_add_user_to_group("maria").group_name("Engineering").send().await.unwrap();
    }
    let tokens = pool.tokens_of("maria").await;
    for token in [&tokens.access, &tokens.id] {
        assert_eq!(claims(token)["cognito:groups"], serde_json::json!(["Engineering"]));
    }
}

#[tokio::test]
async fn admin_add_user_to_group_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.create_group("Engineering").send().await.unwrap();
    refused(pool.admin_add_user_to_group("nobody").group_name("Engineering").send().await, NO_USER);
    refused(pool.admin_add_user_to_group("maria").group_name("nobody").send().await, NO_GROUP);
    refused(pool.nowhere().admin_add_user_to_group("maria").group_name("Engineering").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_add_user_to_group_refuses_a_hundred_and_first() {
    let pool = a_pool().await;
    pool.user("maria").await;
    for number in 0..=100 {
        let name = format!("group{number}");
        pool.create_group(&name).send().await.unwrap();
        let added = pool.admin_add_user_to_group("maria").group_name(&name).send().await;
        if number < 100 {
            added.unwrap();
        } else {
            refused(added, "InvalidParameterException: A user is in at most 100 groups.");
        }
    }
}

#[tokio::test]
async fn admin_remove_user_from_group_leaves_the_next_tokens() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.create_group("Engineering").send().await.unwrap();
    pool.admin_add_user_to_group("maria").group_name("Engineering").send().await.unwrap();
    for _ in 0..2 {
        pool.admin_remove_user_from_group("maria").group_name("Engineering").send().await.unwrap();
    }
    assert!(claims(&pool.tokens_of("maria").await.access).get("cognito:groups").is_none());
}

#[tokio::test]
async fn admin_remove_user_from_group_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.create_group("Engineering").send().await.unwrap();
    refused(pool.admin_remove_user_from_group("nobody").group_name("Engineering").send().await, NO_USER);
    refused(pool.admin_remove_user_from_group("maria").group_name("nobody").send().await, NO_GROUP);
    refused(pool.nowhere().admin_remove_user_from_group("maria").group_name("Engineering").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_list_groups_for_user_goes_page_by_page() {
    let pool = a_pool().await;
    pool.user("maria").await;
    for name in ["a", "b", "c"] {
        pool.create_group(name).send().await.unwrap();
        pool.admin_add_user_to_group("maria").group_name(name).send().await.unwrap();
    }
    let first = pool.admin_list_groups_for_user("maria").limit(2).send().await.unwrap();
    let request = pool.admin_list_groups_for_user("maria").limit(2).set_next_token(first.next_token.clone());
    let second = request.send().await.unwrap();
    let names = first.groups().iter().chain(second.groups()).map(|group| group.group_name().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(second.next_token, None);
}

#[tokio::test]
async fn admin_list_groups_for_user_refuses_what_does_not_exist_and_a_made_up_token() {
    let pool = a_pool().await;
    pool.user("maria").await;
    refused(pool.admin_list_groups_for_user("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_list_groups_for_user("maria").send().await, NO_POOL);
    refused(pool.admin_list_groups_for_user("maria").next_token("made-up").send().await, BAD_TOKEN);
}

#[tokio::test]
async fn list_users_in_group_goes_page_by_page() {
    let pool = a_pool().await;
    pool.create_group("Engineering").send().await.unwrap();
    for name in ["maria", "john", "jane"] {
        pool.invite(name).await;
        pool.admin_add_user_to_group(name).group_name("Engineering").send().await.unwrap();
    }
    pool.invite("outsider").await;
    let first = pool.list_users_in_group("Engineering").limit(2).send().await.unwrap();
    let request = pool.list_users_in_group("Engineering").limit(2).set_next_token(first.next_token.clone());
    let second = request.send().await.unwrap();
    let names = first.users().iter().chain(second.users()).map(|user| user.username().unwrap());
    assert_eq!(names.collect::<BTreeSet<_>>(), BTreeSet::from(["jane", "john", "maria"]));
    assert_eq!((first.users().len(), second.next_token), (2, None));
}

#[tokio::test]
async fn list_users_in_group_refuses_what_does_not_exist_and_a_made_up_token() {
    let pool = a_pool().await;
    pool.create_group("Engineering").send().await.unwrap();
    refused(pool.list_users_in_group("nobody").send().await, NO_GROUP);
    refused(pool.nowhere().list_users_in_group("Engineering").send().await, NO_POOL);
    refused(pool.list_users_in_group("Engineering").next_token("made-up").send().await, BAD_TOKEN);
}
