//! Passwords that administrators set, and resets that they ask for.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AccountRecoverySettingType, LambdaConfigType, PasswordPolicyType, RecoveryOptionNameType, RecoveryOptionType,
    UserPoolPolicyType, UserStatusType,
};

use crate::fixtures::{OTHER, PASSWORD, TEMPORARY, a_pool, a_pool_with};
use crate::refusals::{DISABLED, NO_POOL, NO_USER, TOO_SHORT, USED_BEFORE, WRONG_PASSWORD, refused, violates};

const RESET_REQUIRED: &str = "PasswordResetRequiredException: Password reset required for the user";

#[tokio::test]
async fn admin_set_user_password_confirms_the_user_when_permanent() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    pool.admin_set_user_password("maria").password(PASSWORD).permanent(true).send().await.unwrap();
    assert_eq!(pool.status_of("maria").await, UserStatusType::Confirmed);
    pool.tokens_of("maria").await;
}

#[tokio::test]
async fn admin_set_user_password_asks_for_another_when_not_permanent() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.admin_set_user_password("maria").password(TEMPORARY).send().await.unwrap();
    assert_eq!(pool.status_of("maria").await, UserStatusType::ForceChangePassword);
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, WRONG_PASSWORD);
    pool.session_of("maria").await;
}

#[tokio::test]
async fn admin_set_user_password_names_the_rule_that_a_password_breaks() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let rules = [
        ("Aa1!aaa", "Password not long enough"),
        ("aaaa1111!", "Password must have uppercase characters"),
        ("AAAA1111!", "Password must have lowercase characters"),
        ("Aaaaaaaa!", "Password must have numeric characters"),
        ("Aaaaa1111", "Password must have symbol characters"),
    ];
    for (password, rule) in rules {
        refused(
            pool.admin_set_user_password("maria").password(password).permanent(true).send().await,
            &format!("InvalidPasswordException: Password did not conform with policy: {rule}"),
        );
    }
}

#[tokio::test]
async fn admin_set_user_password_remembers_as_many_as_the_pool_asks_for() {
    let policy = PasswordPolicyType::builder().minimum_length(8).password_history_size(2).build();
    let policies = UserPoolPolicyType::builder().password_policy(policy).build();
    let pool = a_pool_with(|pool| pool.policies(policies)).await;
    pool.user("maria").await;
    let set = |password: &str| pool.admin_set_user_password("maria").password(password).permanent(true).send();
    refused(set(PASSWORD).await, USED_BEFORE);
    set(OTHER).await.unwrap();
    refused(set(PASSWORD).await, USED_BEFORE);
    set("Third-password-3").await.unwrap();
    set(PASSWORD).await.unwrap();
}

#[tokio::test]
async fn admin_set_user_password_refuses_white_space_without_repeating_the_password() {
    let pool = a_pool().await;
    violates(
        pool.admin_set_user_password("maria").password(" Secret-1 ").send().await,
        "at 'password'",
        r"Member must satisfy regular expression pattern: [\S]+",
    );
}

#[tokio::test]
async fn admin_set_user_password_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_set_user_password("nobody").password(PASSWORD).send().await, NO_USER);
    refused(pool.nowhere().admin_set_user_password("maria").password(PASSWORD).send().await, NO_POOL);
}

#[tokio::test]
async fn admin_reset_user_password_sends_a_code_that_ends_the_reset() {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool.admin_reset_user_password("maria").client_metadata("by", "support").send().await.unwrap();
    assert_eq!(pool.status_of("maria").await, UserStatusType::ResetRequired);
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, RESET_REQUIRED);
    refused(pool.public_sign_in("maria", PASSWORD).send().await, RESET_REQUIRED);
    let code = pool.newest_code_for("maria").await;
    pool.confirm_forgot_password("maria", &code).send().await.unwrap();
    assert_eq!(pool.status_of("maria").await, UserStatusType::Confirmed);
    pool.admin_sign_in("maria", OTHER).send().await.unwrap();
}

#[tokio::test]
async fn admin_reset_user_password_tells_only_who_knows_the_password() {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool.admin_reset_user_password("maria").send().await.unwrap();
    refused(pool.admin_sign_in("maria", OTHER).send().await, WRONG_PASSWORD);
}

#[tokio::test]
async fn admin_reset_user_password_refuses_who_never_chose_a_password() {
    let pool = a_pool().await;
    pool.invite_with("maria", &[("email", "maria@example.com"), ("email_verified", "true")]).await;
    refused(
        pool.admin_reset_user_password("maria").send().await,
        "NotAuthorizedException: User password cannot be reset in the current state.",
    );
}

#[tokio::test]
async fn admin_reset_user_password_refuses_a_disabled_user() {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool.admin_disable_user("maria").send().await.unwrap();
    refused(pool.admin_reset_user_password("maria").send().await, DISABLED);
}

#[tokio::test]
async fn admin_reset_user_password_refuses_who_cannot_be_reached() {
    let pool = a_pool().await;
    pool.user_with("maria", &[("email", "maria@example.com")]).await;
    refused(
        pool.admin_reset_user_password("maria").send().await,
        "InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or \
         phone_number",
    );
    assert_eq!(pool.status_of("maria").await, UserStatusType::Confirmed);
}

#[tokio::test]
async fn admin_reset_user_password_refuses_where_users_may_not_recover_themselves() {
    let only = RecoveryOptionType::builder().name(RecoveryOptionNameType::AdminOnly).priority(1).build().unwrap();
    let setting = AccountRecoverySettingType::builder().recovery_mechanisms(only).build();
    let pool = a_pool_with(|pool| pool.account_recovery_setting(setting)).await;
    pool.user_with_email("maria", "maria@example.com").await;
    refused(
        pool.admin_reset_user_password("maria").send().await,
        "NotAuthorizedException: Contact administrator to reset password.",
    );
}

#[tokio::test]
async fn admin_reset_user_password_refuses_to_send_codes_without_end() {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    for _ in 0..20 {
        pool.admin_reset_user_password("maria").send().await.unwrap();
    }
    refused(
        pool.admin_reset_user_password("maria").send().await,
        "LimitExceededException: Attempt limit exceeded, please try after some time.",
    );
    pool.wait(3_600);
    pool.admin_reset_user_password("maria").send().await.unwrap();
}

#[tokio::test]
async fn admin_reset_user_password_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_reset_user_password("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_reset_user_password("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_reset_user_password_refuses_where_a_trigger_cannot_be_reached() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:words";
    let config = LambdaConfigType::builder().custom_message(function).build();
    let pool = a_pool_with(|pool| pool.lambda_config(config)).await;
    pool.user_with_email("maria", "maria@example.com").await;
    refused(
        pool.admin_reset_user_password("maria").send().await,
        "UnexpectedLambdaException: CustomMessage invocation failed due to error ResourceNotFoundException.",
    );
}

#[tokio::test]
async fn a_password_that_is_too_short_for_the_policy_of_today_is_refused() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    refused(pool.admin_set_user_password("maria").password("Aa1!").send().await, TOO_SHORT);
    let policy = PasswordPolicyType::builder().minimum_length(6).build();
    let policies = UserPoolPolicyType::builder().password_policy(policy).build();
    pool.update_user_pool().policies(policies).send().await.unwrap();
    pool.admin_set_user_password("maria").password("simple").send().await.unwrap();
}
