//! `NEW_PASSWORD_REQUIRED`, by both APIs.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AttributeDataType, ChallengeNameType, SchemaAttributeType, UserStatusType,
};

use crate::fixtures::{OTHER, PASSWORD, Pool, TEMPORARY, a_pool, a_pool_with, tokens};
use crate::refusals::{DISABLED, NO_CLIENT, NO_POOL, TOO_SHORT, WRONG_PASSWORD, refused, violates};

const BAD_SESSION: &str = "NotAuthorizedException: Invalid session for the user.";

async fn a_pool_that_requires_names() -> Pool {
    let name =
        SchemaAttributeType::builder().name("name").attribute_data_type(AttributeDataType::String).required(true);
    a_pool_with(|pool| pool.schema(name.mutable(true).build())).await
}

#[tokio::test]
async fn the_challenge_tells_what_is_known_and_what_is_missing() {
    let pool = a_pool_that_requires_names().await;
    pool.invite_with("maria", &[("email", "maria@example.com")]).await;
    let challenge = pool.admin_sign_in("maria", TEMPORARY).send().await.unwrap();
    let parameters = challenge.challenge_parameters().unwrap();
    assert_eq!(parameters["USER_ID_FOR_SRP"], "maria");
    assert_eq!(parameters["requiredAttributes"], r#"["userAttributes.name"]"#);
    assert_eq!(parameters["userAttributes"], r#"{"email":"maria@example.com"}"#);
    assert!(challenge.authentication_result().is_none());
}

#[tokio::test]
async fn admin_respond_to_auth_challenge_ends_with_tokens_and_a_confirmed_user() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    let answer = pool.answer_new_password("maria", &session).send().await.unwrap();
    let access = tokens(answer.authentication_result).access;
    assert_eq!(pool.get_user(&access).send().await.unwrap().username(), "maria");
    assert_eq!(pool.status_of("maria").await, UserStatusType::Confirmed);
    refused(pool.admin_sign_in("maria", TEMPORARY).send().await, WRONG_PASSWORD);
    pool.tokens_of("maria").await;
}

#[tokio::test]
async fn respond_to_auth_challenge_ends_with_tokens_too() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let challenge = pool.public_sign_in("maria", TEMPORARY).send().await.unwrap();
    let answer = pool
        .sdk
        .respond_to_auth_challenge()
        .client_id(&pool.client)
        .challenge_name(ChallengeNameType::NewPasswordRequired)
        .set_session(challenge.session)
        .challenge_responses("USERNAME", "maria")
        .challenge_responses("NEW_PASSWORD", PASSWORD)
        .send()
        .await
        .unwrap();
    tokens(answer.authentication_result);
}

#[tokio::test]
async fn the_answer_brings_the_attributes_that_were_missing() {
    let pool = a_pool_that_requires_names().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    let answer = pool.answer_new_password("maria", &session);
    answer.challenge_responses("userAttributes.name", "Maria").send().await.unwrap();
    assert_eq!(pool.attributes_of("maria").await["name"], "Maria");
}

#[tokio::test]
async fn the_answer_is_refused_without_an_attribute_that_is_missing() {
    let pool = a_pool_that_requires_names().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    refused(
        pool.answer_new_password("maria", &session).send().await,
        "InvalidParameterException: Invalid attributes given, name is missing",
    );
}

#[tokio::test]
async fn the_answer_is_refused_with_an_attribute_that_has_a_value() {
    let pool = a_pool().await;
    pool.invite_with("maria", &[("email", "maria@example.com")]).await;
    let session = pool.session_of("maria").await;
    let answer = pool.answer_new_password("maria", &session);
    refused(
        answer.challenge_responses("userAttributes.email", "other@example.com").send().await,
        "NotAuthorizedException: Cannot modify an already provided email",
    );
}

#[tokio::test]
async fn the_answer_is_refused_with_a_password_that_breaks_the_policy_and_may_be_repeated() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    let weak = pool.answer_new_password("maria", &session).challenge_responses("NEW_PASSWORD", "Aa1!");
    refused(weak.send().await, TOO_SHORT);
    pool.answer_new_password("maria", &session).send().await.unwrap();
}

#[tokio::test]
async fn the_answer_is_refused_without_a_password() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    let answer = pool.answer_new_password("maria", &session).challenge_responses("NEW_PASSWORD", "");
    refused(answer.send().await, "InvalidParameterException: Missing required parameter NEW_PASSWORD");
}

#[tokio::test]
async fn a_session_is_good_for_one_answer() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    pool.answer_new_password("maria", &session).send().await.unwrap();
    refused(
        pool.answer_new_password("maria", &session).send().await,
        "NotAuthorizedException: Invalid session for the user, session can only be used once.",
    );
}

#[tokio::test]
async fn a_session_is_good_for_three_minutes() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    pool.wait(190);
    refused(
        pool.answer_new_password("maria", &session).send().await,
        "NotAuthorizedException: Invalid session for the user, session is expired.",
    );
}

#[tokio::test]
async fn a_session_is_bound_to_its_user_and_its_client() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    pool.invite("john").await;
    let session = pool.session_of("maria").await;
    refused(pool.answer_new_password("john", &session).send().await, BAD_SESSION);
    let other = pool.seen_by(&pool.client_with(|client| client).await.0);
    refused(other.answer_new_password("maria", &session).send().await, BAD_SESSION);
}

#[tokio::test]
async fn a_session_ends_when_the_password_is_set_by_an_administrator() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    pool.admin_set_user_password("maria").password(OTHER).send().await.unwrap();
    refused(pool.answer_new_password("maria", &session).send().await, BAD_SESSION);
}

#[tokio::test]
async fn a_session_that_was_made_up_is_refused() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    refused(pool.answer_new_password("maria", &"x".repeat(64)).send().await, BAD_SESSION);
    violates(
        pool.answer_new_password("maria", "short").send().await,
        "at 'session'",
        "Member must have length greater than or equal to 20",
    );
}

#[tokio::test]
async fn the_answer_of_a_user_who_was_disabled_meanwhile_is_refused() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    pool.admin_disable_user("maria").send().await.unwrap();
    refused(pool.answer_new_password("maria", &session).send().await, DISABLED);
}

#[tokio::test]
async fn a_challenge_that_was_never_asked_is_refused() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    let answer = pool.admin_respond_to_auth_challenge().challenge_name(ChallengeNameType::SmsMfa).session(session);
    let answer = answer.challenge_responses("USERNAME", "maria").challenge_responses("SMS_MFA_CODE", "123456");
    assert!(answer.send().await.is_err());
}

#[tokio::test]
async fn an_unknown_client_or_pool_is_refused() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    refused(pool.without_client().answer_new_password("maria", &session).send().await, NO_CLIENT);
    refused(pool.nowhere().answer_new_password("maria", &session).send().await, NO_POOL);
}

#[tokio::test]
async fn a_temporary_password_expires_after_seven_days() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    pool.wait(7 * 86_400 - 60);
    pool.session_of("maria").await;
    pool.wait(120);
    refused(
        pool.admin_sign_in("maria", TEMPORARY).send().await,
        "NotAuthorizedException: Temporary password has expired and must be reset by an administrator.",
    );
}

#[tokio::test]
async fn of_many_answers_at_once_one_wins() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let session = pool.session_of("maria").await;
    let answers: Vec<_> = (0..8).map(|_| tokio::spawn(pool.answer_new_password("maria", &session).send())).collect();
    let mut won = 0;
    for answer in answers {
        match answer.await.unwrap() {
            Ok(_) => won += 1,
            lost => {
                let refusal = crate::refusals::refusal(lost);
                assert!(refusal.starts_with("NotAuthorizedException: Invalid session"), "{refusal}");
            }
        }
    }
    assert_eq!(won, 1);
}
