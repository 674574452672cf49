//! What signed-in users do with their own account: another password, or no account at all.

use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::change_password::builders::ChangePasswordFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::delete_user::builders::DeleteUserFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    PasswordPolicyType, UserPoolPolicyType, UserStatusType, UsernameAttributeType,
};

use crate::fixtures::{OTHER, PASSWORD, Pool, TEMPORARY, a_pool, a_pool_with};
use crate::refusals::{
    INVALID_ACCESS_TOKEN, LOCKED, NO_USER, REVOKED_ACCESS_TOKEN, TOO_SHORT, USED_BEFORE, WRONG_PASSWORD, refused,
};

const TOO_MANY: &str = "LimitExceededException: Attempt limit exceeded, please try after some time.";

fn change(pool: &Pool, access_token: &str) -> ChangePasswordFluentBuilder {
    pool.sdk.change_password().access_token(access_token).previous_password(PASSWORD).proposed_password(OTHER)
}

fn delete(pool: &Pool, access_token: &str) -> DeleteUserFluentBuilder {
    pool.sdk.delete_user().access_token(access_token)
}

async fn maria() -> (Pool, crate::fixtures::Tokens) {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    let tokens = pool.tokens_of("maria").await;
    (pool, tokens)
}

#[tokio::test]
async fn change_password_takes_effect_and_ends_no_session() {
    let (pool, tokens) = maria().await;
    change(&pool, &tokens.access).send().await.unwrap();
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, WRONG_PASSWORD);
    pool.admin_sign_in("maria", OTHER).send().await.unwrap();
    pool.get_user(&tokens.access).send().await.unwrap();
    pool.refresh(&tokens.refresh).send().await.unwrap();
}

#[tokio::test]
async fn change_password_refuses_a_wrong_previous_one_before_the_policy_speaks() {
    let (pool, tokens) = maria().await;
    let wrong = change(&pool, &tokens.access).previous_password(OTHER).proposed_password("Aa1!");
    refused(wrong.send().await, WRONG_PASSWORD);
    refused(change(&pool, &tokens.access).proposed_password("Aa1!").send().await, TOO_SHORT);
}

#[tokio::test]
async fn change_password_refuses_without_the_previous_one() {
    let (pool, tokens) = maria().await;
    refused(
        change(&pool, &tokens.access).set_previous_password(None).send().await,
        "InvalidParameterException: Missing required parameter OldPassword",
    );
}

#[tokio::test]
async fn change_password_refuses_what_the_history_remembers() {
    let policy = PasswordPolicyType::builder().minimum_length(8).password_history_size(2).build();
    let policies = UserPoolPolicyType::builder().password_policy(policy).build();
    let pool = a_pool_with(|pool| pool.policies(policies)).await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    refused(change(&pool, &tokens.access).proposed_password(PASSWORD).send().await, USED_BEFORE);
}

#[tokio::test]
async fn change_password_locks_sign_ins_after_wrong_guesses() {
    let (pool, tokens) = maria().await;
    for seconds in [0, 0, 0, 0, 1, 2, 4, 0] {
        refused(change(&pool, &tokens.access).previous_password(OTHER).send().await, WRONG_PASSWORD);
        pool.wait(seconds);
    }
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, LOCKED);
    refused(change(&pool, &tokens.access).send().await, TOO_MANY);
    pool.wait(8);
    change(&pool, &tokens.access).send().await.unwrap();
}

#[tokio::test]
async fn change_password_refuses_who_must_reset_it() {
    let (pool, tokens) = maria().await;
    pool.admin_reset_user_password("maria").send().await.unwrap();
    refused(
        change(&pool, &tokens.access).send().await,
        "PasswordResetRequiredException: Password reset required for the user",
    );
}

#[tokio::test]
async fn change_password_takes_the_place_of_a_temporary_one() {
    let (pool, tokens) = maria().await;
    pool.admin_set_user_password("maria").password(TEMPORARY).send().await.unwrap();
    change(&pool, &tokens.access).previous_password(TEMPORARY).send().await.unwrap();
    assert_eq!(pool.status_of("maria").await, UserStatusType::Confirmed);
}

#[tokio::test]
async fn change_password_refuses_who_is_not_signed_in() {
    let (pool, tokens) = maria().await;
    refused(change(&pool, "nonsense").send().await, INVALID_ACCESS_TOKEN);
    pool.admin_disable_user("maria").send().await.unwrap();
    refused(change(&pool, &tokens.access).send().await, REVOKED_ACCESS_TOKEN);
    pool.admin_delete_user("maria").send().await.unwrap();
    refused(change(&pool, &tokens.access).send().await, NO_USER);
}

#[tokio::test]
async fn delete_user_leaves_nothing_but_the_name_to_take() {
    let pool = a_pool_with(|pool| pool.username_attributes(UsernameAttributeType::Email)).await;
    pool.user("maria@example.com").await;
    let tokens = pool.tokens_of("maria@example.com").await;
    delete(&pool, &tokens.access).send().await.unwrap();
    refused(pool.admin_get_user("maria@example.com").send().await, NO_USER);
    refused(delete(&pool, &tokens.access).send().await, NO_USER);
    pool.user("maria@example.com").await;
}

#[tokio::test]
async fn delete_user_refuses_who_is_not_signed_in() {
    let (pool, tokens) = maria().await;
    refused(delete(&pool, &tokens.id).send().await, INVALID_ACCESS_TOKEN);
    pool.admin_user_global_sign_out("maria").send().await.unwrap();
    refused(delete(&pool, &tokens.access).send().await, REVOKED_ACCESS_TOKEN);
    pool.admin_get_user("maria").send().await.unwrap();
}
