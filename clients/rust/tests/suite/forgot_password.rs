//! Getting back in with a code.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AccountRecoverySettingType, DeliveryMediumType, LambdaConfigType, PasswordPolicyType,
    PreventUserExistenceErrorTypes, RecoveryOptionNameType, RecoveryOptionType, UserPoolPolicyType, UserStatusType,
};

use crate::fixtures::{OTHER, PASSWORD, Pool, a_pool, a_pool_with};
use crate::refusals::{DISABLED, NO_CLIENT, NO_CODE, TOO_SHORT, USED_BEFORE, WRONG_CODE, WRONG_PASSWORD, refused};

const UNKNOWN: &str = "UserNotFoundException: Username/client id combination not found.";
const TOO_MANY: &str = "LimitExceededException: Attempt limit exceeded, please try after some time.";

async fn a_pool_with_maria() -> Pool {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool
}

/// A code that is certainly not this one.
fn not(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn forgot_password_tells_where_the_code_went() {
    let pool = a_pool_with_maria().await;
    let answer = pool.forgot_password("maria").client_metadata("source", "test").send().await.unwrap();
    let details = answer.code_delivery_details().unwrap();
    assert_eq!(details.delivery_medium(), Some(&DeliveryMediumType::Email));
    assert_eq!(details.attribute_name(), Some("email"));
    assert_eq!(details.destination(), Some("m***@e***"));
    assert_eq!(pool.newest_message_to("maria").await.unwrap().destination, "maria@example.com");
}

#[tokio::test]
async fn confirm_forgot_password_sets_the_password_once() {
    let pool = a_pool_with_maria().await;
    pool.forgot_password("maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    pool.tokens_of("maria").await;
    pool.confirm_forgot_password("maria", &code).send().await.unwrap();
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, WRONG_PASSWORD);
    pool.admin_sign_in("maria", OTHER).send().await.unwrap();
    refused(pool.confirm_forgot_password("maria", &code).send().await, NO_CODE);
    assert_eq!(pool.status_of("maria").await, UserStatusType::Confirmed);
}

#[tokio::test]
async fn confirm_forgot_password_ends_a_lock() {
    let pool = a_pool_with_maria().await;
    for _ in 0..5 {
        refused(pool.admin_sign_in("maria", "Wrong-password-1").send().await, WRONG_PASSWORD);
    }
    pool.forgot_password("maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    pool.confirm_forgot_password("maria", &code).send().await.unwrap();
    pool.admin_sign_in("maria", OTHER).send().await.unwrap();
}

#[tokio::test]
async fn forgot_password_refuses_an_unknown_user_unless_the_client_hides_it() {
    let pool = a_pool().await;
    refused(pool.forgot_password("nobody").send().await, UNKNOWN);
    refused(pool.confirm_forgot_password("nobody", "123456").send().await, UNKNOWN);
    let discreet = PreventUserExistenceErrorTypes::Enabled;
    let pool = pool.seen_by(&pool.client_with(|client| client.prevent_user_existence_errors(discreet)).await.0);
    let answer = pool.forgot_password("nobody").send().await.unwrap();
    assert!(answer.code_delivery_details().is_some());
    refused(pool.confirm_forgot_password("nobody", "123456").send().await, WRONG_CODE);
}

#[tokio::test]
async fn forgot_password_refuses_who_cannot_be_reached() {
    let pool = a_pool().await;
    pool.user_with("maria", &[("email", "maria@example.com")]).await;
    refused(
        pool.forgot_password("maria").send().await,
        "InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or \
         phone_number",
    );
}

#[tokio::test]
async fn forgot_password_refuses_who_never_chose_a_password() {
    let pool = a_pool().await;
    pool.invite_with("maria", &[("email", "maria@example.com"), ("email_verified", "true")]).await;
    refused(
        pool.forgot_password("maria").send().await,
        "NotAuthorizedException: User password cannot be reset in the current state.",
    );
}

#[tokio::test]
async fn forgot_password_refuses_a_disabled_user() {
    let pool = a_pool_with_maria().await;
    pool.forgot_password("maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    pool.admin_disable_user("maria").send().await.unwrap();
    refused(pool.forgot_password("maria").send().await, DISABLED);
    refused(pool.confirm_forgot_password("maria", &code).send().await, DISABLED);
}

#[tokio::test]
async fn forgot_password_refuses_where_only_administrators_reset() {
    let only = RecoveryOptionType::builder().name(RecoveryOptionNameType::AdminOnly).priority(1).build().unwrap();
    let setting = AccountRecoverySettingType::builder().recovery_mechanisms(only).build();
    let pool = a_pool_with(|pool| pool.account_recovery_setting(setting)).await;
    pool.user_with_email("maria", "maria@example.com").await;
    refused(
        pool.forgot_password("maria").send().await,
        "NotAuthorizedException: Contact administrator to reset password.",
    );
}

#[tokio::test]
async fn forgot_password_refuses_to_send_codes_without_end() {
    let pool = a_pool_with_maria().await;
    for _ in 0..20 {
        pool.forgot_password("maria").send().await.unwrap();
    }
    refused(pool.forgot_password("maria").send().await, TOO_MANY);
    pool.wait(3_600);
    pool.forgot_password("maria").send().await.unwrap();
}

#[tokio::test]
async fn forgot_password_refuses_where_a_trigger_cannot_be_reached() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:words";
    let config = LambdaConfigType::builder().custom_message(function).build();
    let pool = a_pool_with(|pool| pool.lambda_config(config)).await;
    pool.user_with_email("maria", "maria@example.com").await;
    refused(
        pool.forgot_password("maria").send().await,
        "UnexpectedLambdaException: CustomMessage invocation failed due to error ResourceNotFoundException.",
    );
}

#[tokio::test]
async fn an_unknown_client_is_refused() {
    let pool = a_pool().await.without_client();
    refused(pool.forgot_password("maria").send().await, NO_CLIENT);
    refused(pool.confirm_forgot_password("maria", "123456").send().await, NO_CLIENT);
}

#[tokio::test]
async fn confirm_forgot_password_refuses_a_wrong_code_and_takes_the_right_one_after_it() {
    let pool = a_pool_with_maria().await;
    pool.forgot_password("maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    refused(pool.confirm_forgot_password("maria", &not(&code)).send().await, WRONG_CODE);
    pool.confirm_forgot_password("maria", &code).send().await.unwrap();
}

#[tokio::test]
async fn confirm_forgot_password_refuses_a_code_that_nobody_asked_for() {
    let pool = a_pool_with_maria().await;
    refused(pool.confirm_forgot_password("maria", "123456").send().await, NO_CODE);
}

#[tokio::test]
async fn confirm_forgot_password_refuses_a_code_after_an_hour() {
    let pool = a_pool_with_maria().await;
    pool.forgot_password("maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    pool.wait(3_601);
    refused(pool.confirm_forgot_password("maria", &code).send().await, NO_CODE);
}

#[tokio::test]
async fn confirm_forgot_password_refuses_to_hear_guesses_without_end() {
    let pool = a_pool_with_maria().await;
    pool.forgot_password("maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    for _ in 0..10 {
        refused(pool.confirm_forgot_password("maria", &not(&code)).send().await, WRONG_CODE);
    }
    refused(pool.confirm_forgot_password("maria", &code).send().await, TOO_MANY);
}

#[tokio::test]
async fn confirm_forgot_password_refuses_a_password_that_breaks_the_policy_and_keeps_the_code() {
    let pool = a_pool_with_maria().await;
    pool.forgot_password("maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    refused(pool.confirm_forgot_password("maria", &code).password("Aa1!").send().await, TOO_SHORT);
    pool.confirm_forgot_password("maria", &code).send().await.unwrap();
}

#[tokio::test]
async fn confirm_forgot_password_refuses_a_password_that_was_used_before() {
    let policy = PasswordPolicyType::builder().minimum_length(8).password_history_size(2).build();
    let policies = UserPoolPolicyType::builder().password_policy(policy).build();
    let pool = a_pool_with(|pool| pool.policies(policies)).await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool.forgot_password("maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    refused(pool.confirm_forgot_password("maria", &code).password(PASSWORD).send().await, USED_BEFORE);
}

#[tokio::test]
async fn of_many_uses_of_one_code_at_once_one_wins() {
    let pool = a_pool_with_maria().await;
    pool.forgot_password("maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    let uses: Vec<_> = (0..8).map(|_| tokio::spawn(pool.confirm_forgot_password("maria", &code).send())).collect();
    let mut won = 0;
    for one in uses {
        match one.await.unwrap() {
            Ok(_) => won += 1,
            lost => refused(lost, NO_CODE),
        }
    }
    assert_eq!(won, 1);
}
