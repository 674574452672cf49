//! What is recorded of attempts to sign in.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AdvancedSecurityModeType, AuthEventType, EventResponseType, EventType, FeedbackValueType, UserPoolAddOnsType,
    UserPoolTierType,
};

use crate::fixtures::{PASSWORD, Pool, TEMPORARY, a_pool, a_pool_with};
use crate::refusals::{BAD_TOKEN, NO_POOL, NO_USER, WRONG_PASSWORD, refused, violates};

const SWITCHED_OFF: &str = "UserPoolAddOnNotEnabledException: This is an add on feature. Please update \
                            AdvancedSecurityMode for your user pool to access this API.";
const UNKNOWN_EVENT: &str = "InvalidParameterException: EventId is invalid";

/// A pool with threat protection and a user `maria`.
async fn a_watched_pool() -> Pool {
    let audit = UserPoolAddOnsType::builder().advanced_security_mode(AdvancedSecurityModeType::Audit).build().unwrap();
    let pool = a_pool_with(|pool| pool.user_pool_tier(UserPoolTierType::Plus).user_pool_add_ons(audit)).await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool
}

async fn events_of(pool: &Pool, username: &str) -> Vec<AuthEventType> {
    pool.admin_list_user_auth_events(username).send().await.unwrap().auth_events.unwrap()
}

#[tokio::test]
async fn admin_list_user_auth_events_shows_attempts_newest_first() {
    let pool = a_watched_pool().await;
    pool.tokens_of("maria").await;
    pool.wait(60);
    refused(pool.public_sign_in("maria", "Wrong-password-1").send().await, WRONG_PASSWORD);
    let events = events_of(&pool, "maria").await;
    let responses: Vec<_> = events.iter().map(|event| event.event_response().unwrap()).collect();
    assert_eq!(responses, [&EventResponseType::Fail, &EventResponseType::Pass]);
    assert!(events.iter().all(|event| event.event_type() == Some(&EventType::SignIn)));
    assert_eq!(events[0].event_context_data().unwrap().ip_address(), Some("127.0.0.1"));
    assert!(events[0].creation_date() > events[1].creation_date());
}

#[tokio::test]
async fn admin_list_user_auth_events_names_the_event_of_the_tokens() {
    let pool = a_watched_pool().await;
    let tokens = pool.tokens_of("maria").await;
    let events = events_of(&pool, "maria").await;
    assert_eq!(crate::fixtures::claims(&tokens.access)["event_id"], events[0].event_id().unwrap());
}

#[tokio::test]
async fn admin_list_user_auth_events_shows_a_challenged_sign_in_as_one_event() {
    let pool = a_watched_pool().await;
    pool.admin_set_user_password("maria").password(TEMPORARY).send().await.unwrap();
    let session = pool.session_of("maria").await;
    assert_eq!(events_of(&pool, "maria").await[0].event_response(), Some(&EventResponseType::InProgress));
    pool.answer_new_password("maria", &session).send().await.unwrap();
    let events = events_of(&pool, "maria").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event_response(), Some(&EventResponseType::Pass));
}

#[tokio::test]
async fn admin_list_user_auth_events_goes_page_by_page() {
    let pool = a_watched_pool().await;
    for _ in 0..3 {
        pool.tokens_of("maria").await;
    }
    let first = pool.admin_list_user_auth_events("maria").max_results(2).send().await.unwrap();
    let request = pool.admin_list_user_auth_events("maria").max_results(2).set_next_token(first.next_token.clone());
    let second = request.send().await.unwrap();
    let all: Vec<_> = first.auth_events().iter().chain(second.auth_events()).cloned().collect();
    assert_eq!(all, events_of(&pool, "maria").await);
    assert_eq!((first.auth_events().len(), second.next_token()), (2, None));
}

#[tokio::test]
async fn admin_list_user_auth_events_refuses_what_does_not_exist() {
    let pool = a_watched_pool().await;
    refused(pool.admin_list_user_auth_events("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_list_user_auth_events("maria").send().await, NO_POOL);
    refused(pool.admin_list_user_auth_events("maria").next_token("made-up").send().await, BAD_TOKEN);
}

#[tokio::test]
async fn admin_list_user_auth_events_refuses_a_pool_without_threat_protection() {
    let pool = a_pool().await;
    pool.user("maria").await;
    refused(pool.admin_list_user_auth_events("maria").send().await, SWITCHED_OFF);
}

#[tokio::test]
async fn admin_update_auth_event_feedback_is_shown_and_may_change() {
    let pool = a_watched_pool().await;
    pool.tokens_of("maria").await;
    let event = events_of(&pool, "maria").await.remove(0);
    for value in [FeedbackValueType::Invalid, FeedbackValueType::Valid] {
        let request = pool.admin_update_auth_event_feedback("maria").event_id(event.event_id().unwrap());
        request.feedback_value(value.clone()).send().await.unwrap();
        let event = events_of(&pool, "maria").await.remove(0);
        let feedback = event.event_feedback().unwrap();
        assert_eq!((feedback.feedback_value(), feedback.provider()), (&value, "Admin"));
        assert!(feedback.feedback_date().is_some());
    }
}

#[tokio::test]
async fn admin_update_auth_event_feedback_refuses_an_event_of_somebody_else() {
    let pool = a_watched_pool().await;
    pool.user("john").await;
    pool.tokens_of("john").await;
    let event = events_of(&pool, "john").await.remove(0).event_id.unwrap();
    let request = pool.admin_update_auth_event_feedback("maria").feedback_value(FeedbackValueType::Valid);
    refused(request.event_id(event).send().await, UNKNOWN_EVENT);
    let request = pool.admin_update_auth_event_feedback("maria").feedback_value(FeedbackValueType::Valid);
    refused(request.event_id("made-up").send().await, UNKNOWN_EVENT);
}

#[tokio::test]
async fn admin_update_auth_event_feedback_refuses_an_unknown_user_as_a_wrong_password() {
    let pool = a_watched_pool().await;
    let request = pool.admin_update_auth_event_feedback("nobody").feedback_value(FeedbackValueType::Valid);
    refused(request.event_id("made-up").send().await, WRONG_PASSWORD);
}

#[tokio::test]
async fn admin_update_auth_event_feedback_refuses_other_pools() {
    let pool = a_pool().await;
    let feedback = |pool: &Pool| {
        let request = pool.admin_update_auth_event_feedback("maria").feedback_value(FeedbackValueType::Valid);
        request.event_id("made-up").send()
    };
    refused(feedback(&pool).await, SWITCHED_OFF);
    refused(feedback(&pool.nowhere()).await, NO_POOL);
}

#[tokio::test]
async fn admin_update_auth_event_feedback_refuses_an_unknown_value() {
    let pool = a_watched_pool().await;
    let request = pool.admin_update_auth_event_feedback("maria").event_id("made-up");
    violates(
        request.feedback_value("Maybe".into()).send().await,
        "'Maybe' at 'feedbackValue'",
        "Member must satisfy enum value set: [Valid, Invalid]",
    );
}

#[tokio::test]
async fn the_attempts_of_a_deleted_user_are_gone() {
    let pool = a_watched_pool().await;
    pool.admin_sign_in("maria", PASSWORD).send().await.unwrap();
    pool.admin_delete_user("maria").send().await.unwrap();
    pool.user("maria").await;
    assert!(events_of(&pool, "maria").await.is_empty());
}
