//! `ListUsers`: the whole list, filters, pages.

use std::collections::BTreeSet;

use crate::fixtures::{Pool, a_pool, map};
use crate::refusals::{BAD_TOKEN, NO_POOL, refused, violates};

async fn a_pool_of_four() -> Pool {
    let pool = a_pool().await;
    pool.user_with("maria", &[("email", "Maria@example.com"), ("given_name", "Maria"), ("family_name", "Garcia")])
        .await;
    pool.user_with("mark", &[("email", "mark@example.com"), ("phone_number", "+12065550100"), ("name", "Mark")]).await;
    pool.user_with("john", &[("preferred_username", "johnny")]).await;
    pool.invite("jane").await;
    pool.admin_disable_user("john").send().await.unwrap();
    pool
}

async fn found(pool: &Pool, filter: &str) -> Vec<String> {
    let listed = pool.list_users().filter(filter).send().await.unwrap();
    let mut names: Vec<_> = listed.users().iter().map(|user| user.username().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn list_users_finds_by_every_attribute_that_can_be_searched() {
    let pool = a_pool_of_four().await;
    let sub = pool.attributes_of("maria").await.remove("sub").unwrap();
    let searches = [
        (r#"username = "maria""#.to_owned(), vec!["maria"]),
        (r#"username ^= "mar""#.to_owned(), vec!["maria", "mark"]),
        (r#"email = "maria@EXAMPLE.com""#.to_owned(), vec!["maria"]),
        (r#"email ^= "mar""#.to_owned(), vec!["maria", "mark"]),
        (r#"phone_number ^= "+1206""#.to_owned(), vec!["mark"]),
        (r#"name = "mark""#.to_owned(), vec!["mark"]),
        (r#"given_name = "Maria""#.to_owned(), vec!["maria"]),
        (r#"family_name ^= "gar""#.to_owned(), vec!["maria"]),
        (r#"preferred_username = "johnny""#.to_owned(), vec!["john"]),
        (r#"cognito:user_status = "FORCE_CHANGE_PASSWORD""#.to_owned(), vec!["jane"]),
        (r#"cognito:user_status = "CONFIRMED""#.to_owned(), vec!["john", "maria", "mark"]),
        (r#"status = "Disabled""#.to_owned(), vec!["john"]),
        (r#"status = "Enabled""#.to_owned(), vec!["jane", "maria", "mark"]),
        (format!("sub = \"{sub}\""), vec!["maria"]),
        (format!("sub ^= \"{sub}\""), vec!["maria"]),
        (r#"email = "nobody@example.com""#.to_owned(), vec![]),
        (r#""email"="mark@example.com""#.to_owned(), vec!["mark"]),
    ];
    for (filter, expected) in searches {
        assert_eq!(found(&pool, &filter).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn list_users_follows_changes_of_what_is_searched() {
    let pool = a_pool_of_four().await;
    let change = crate::fixtures::attribute("email", "garcia@example.com");
    pool.admin_update_user_attributes("maria").user_attributes(change).send().await.unwrap();
    assert_eq!(found(&pool, r#"email = "maria@example.com""#).await, Vec::<String>::new());
    assert_eq!(found(&pool, r#"email = "garcia@example.com""#).await, ["maria"]);
}

#[tokio::test]
async fn list_users_answers_only_the_attributes_that_are_asked_for() {
    let pool = a_pool_of_four().await;
    let request = pool.list_users().filter(r#"username = "maria""#).attributes_to_get("email");
    let listed = request.send().await.unwrap();
    assert_eq!(map(listed.users()[0].attributes()).into_keys().collect::<Vec<_>>(), ["email"]);
}

#[tokio::test]
async fn list_users_goes_page_by_page_and_shows_everybody_once() {
    let pool = a_pool().await;
    let names: BTreeSet<String> = (0..7).map(|number| format!("user{number}")).collect();
    for name in &names {
        pool.invite(name).await;
    }
    for filter in ["", r#"username ^= "user""#, r#"cognito:user_status = "FORCE_CHANGE_PASSWORD""#] {
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let page = pool.list_users().filter(filter).limit(3).set_pagination_token(token).send().await.unwrap();
            assert!(page.users().len() <= 3);
            seen.extend(page.users().iter().map(|user| user.username().unwrap().to_owned()));
            token = page.pagination_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 7, "{filter}");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), names, "{filter}");
    }
}

#[tokio::test]
async fn list_users_refuses_the_token_of_another_question() {
    let pool = a_pool_of_four().await;
    let token = pool.list_users().limit(1).send().await.unwrap().pagination_token.unwrap();
    let another = pool.list_users().filter(r#"username ^= "mar""#).limit(1);
    refused(another.pagination_token(token).send().await, BAD_TOKEN);
    refused(pool.list_users().pagination_token("made-up").send().await, BAD_TOKEN);
}

#[tokio::test]
async fn list_users_refuses_a_token_that_is_older_than_an_hour() {
    let pool = a_pool_of_four().await;
    let token = pool.list_users().limit(1).send().await.unwrap().pagination_token.unwrap();
    pool.wait(3_500);
    pool.list_users().limit(1).pagination_token(&token).send().await.unwrap();
    pool.wait(110);
    refused(pool.list_users().limit(1).pagination_token(&token).send().await, BAD_TOKEN);
}

#[tokio::test]
async fn list_users_refuses_a_filter_that_it_cannot_read() {
    let pool = a_pool().await;
    for filter in ["email", "email = maria", r#"email > "a""#, r#"email = "a" and name = "b""#] {
        refused(
            pool.list_users().filter(filter).send().await,
            "InvalidParameterException: Error while parsing filter.",
        );
    }
}

#[tokio::test]
async fn list_users_refuses_to_search_other_attributes() {
    let pool = a_pool().await;
    refused(
        pool.list_users().filter(r#"custom:team = "blue""#).send().await,
        "InvalidParameterException: Invalid search attribute: custom:team",
    );
}

#[tokio::test]
async fn list_users_refuses_to_answer_an_undeclared_attribute() {
    let pool = a_pool().await;
    refused(
        pool.list_users().attributes_to_get("custom:team").send().await,
        "InvalidParameterException: One or more requested attributes do not exist.",
    );
}

#[tokio::test]
async fn list_users_refuses_more_than_sixty_at_once() {
    let pool = a_pool().await;
    violates(
        pool.list_users().limit(61).send().await,
        "'61' at 'limit'",
        "Member must have value less than or equal to 60",
    );
}

#[tokio::test]
async fn list_users_refuses_an_unknown_pool() {
    let pool = a_pool().await;
    refused(pool.nowhere().list_users().send().await, NO_POOL);
}
