//! The second factors of users, as administrators set them.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    DeliveryMediumType, EmailMfaSettingsType, MfaOptionType, SmsMfaSettingsType, SoftwareTokenMfaConfigType,
    SoftwareTokenMfaSettingsType, UserPoolMfaType,
};

use crate::fixtures::{PASSWORD, Pool, a_pool, a_pool_with_an_unconfirmed_user};
use crate::refusals::{NO_POOL, NO_USER, refused};

fn sms(enabled: bool, preferred: bool) -> SmsMfaSettingsType {
    SmsMfaSettingsType::builder().enabled(enabled).preferred_mfa(preferred).build()
}

fn mail(enabled: bool, preferred: bool) -> EmailMfaSettingsType {
    EmailMfaSettingsType::builder().enabled(enabled).preferred_mfa(preferred).build()
}

fn software_token(enabled: bool, preferred: bool) -> SoftwareTokenMfaSettingsType {
    SoftwareTokenMfaSettingsType::builder().enabled(enabled).preferred_mfa(preferred).build()
}

fn sms_to(attribute: &str) -> MfaOptionType {
    MfaOptionType::builder().delivery_medium(DeliveryMediumType::Sms).attribute_name(attribute).build()
}

async fn a_pool_with_maria() -> Pool {
    let pool = a_pool().await;
    pool.user_with("maria", &[("phone_number", "+12065550100"), ("email", "maria@example.com")]).await;
    pool
}

#[tokio::test]
async fn admin_set_user_mfa_preference_shows_in_admin_get_user() {
    let pool = a_pool_with_maria().await;
    let request = pool.admin_set_user_mfa_preference("maria").sms_mfa_settings(sms(true, true));
    request.email_mfa_settings(mail(true, false)).send().await.unwrap();
    let maria = pool.admin_get_user("maria").send().await.unwrap();
    assert_eq!(maria.preferred_mfa_setting(), Some("SMS_MFA"));
    assert_eq!(maria.user_mfa_setting_list(), ["SMS_MFA", "EMAIL_OTP"]);
}

#[tokio::test]
async fn admin_set_user_mfa_preference_goes_off_again() {
    let pool = a_pool_with_maria().await;
    pool.admin_set_user_mfa_preference("maria").sms_mfa_settings(sms(true, true)).send().await.unwrap();
    pool.admin_set_user_mfa_preference("maria").sms_mfa_settings(sms(false, false)).send().await.unwrap();
    let maria = pool.admin_get_user("maria").send().await.unwrap();
    assert_eq!((maria.preferred_mfa_setting(), maria.user_mfa_setting_list()), (None, &[][..]));
}

#[tokio::test]
async fn admin_set_user_mfa_preference_refuses_a_token_that_was_never_enrolled() {
    let pool = a_pool_with_maria().await;
    refused(
        pool.admin_set_user_mfa_preference("maria")
            .software_token_mfa_settings(software_token(true, true))
            .send()
            .await,
        "InvalidParameterException: User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA",
    );
}

#[tokio::test]
async fn admin_set_user_mfa_preference_refuses_codes_that_cannot_reach_the_user() {
    let pool = a_pool().await;
    pool.user("john").await;
    refused(
        pool.admin_set_user_mfa_preference("john").sms_mfa_settings(sms(true, false)).send().await,
        "InvalidParameterException: User does not have delivery config set to turn on SMS_MFA",
    );
    refused(
        pool.admin_set_user_mfa_preference("john").email_mfa_settings(mail(true, false)).send().await,
        "InvalidParameterException: User does not have delivery config set to turn on EMAIL_OTP",
    );
}

#[tokio::test]
async fn admin_set_user_mfa_preference_refuses_two_preferred_factors() {
    let pool = a_pool_with_maria().await;
    let request = pool.admin_set_user_mfa_preference("maria").sms_mfa_settings(sms(true, true));
    refused(
        request.email_mfa_settings(mail(true, true)).send().await,
        "InvalidParameterException: Only one MFA method can be preferred.",
    );
}

#[tokio::test]
async fn admin_set_user_mfa_preference_refuses_to_prefer_what_is_off() {
    let pool = a_pool_with_maria().await;
    refused(
        pool.admin_set_user_mfa_preference("maria").sms_mfa_settings(sms(false, true)).send().await,
        "InvalidParameterException: An MFA method that is not enabled cannot be preferred.",
    );
}

#[tokio::test]
async fn admin_set_user_mfa_preference_refuses_who_is_not_confirmed() {
    let pool = a_pool_with_an_unconfirmed_user().await;
    refused(
        pool.admin_set_user_mfa_preference("unconfirmed").sms_mfa_settings(sms(true, false)).send().await,
        "UserNotConfirmedException: User is not confirmed.",
    );
}

#[tokio::test]
async fn admin_set_user_mfa_preference_refuses_who_must_reset_the_password() {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool.admin_reset_user_password("maria").send().await.unwrap();
    refused(
        pool.admin_set_user_mfa_preference("maria").email_mfa_settings(mail(true, false)).send().await,
        "PasswordResetRequiredException: Password reset required for the user",
    );
}

#[tokio::test]
async fn admin_set_user_mfa_preference_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_set_user_mfa_preference("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_set_user_mfa_preference("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn a_user_with_a_second_factor_is_never_let_in_without_it() {
    let pool = a_pool_with_maria().await;
    let tokens_on = SoftwareTokenMfaConfigType::builder().enabled(true).build();
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::On);
    request.software_token_mfa_configuration(tokens_on).send().await.unwrap();
    if let Ok(answer) = pool.admin_sign_in("maria", PASSWORD).send().await {
        assert!(answer.authentication_result().is_none(), "{answer:?}");
    }
    if let Ok(answer) = pool.public_sign_in("maria", PASSWORD).send().await {
        assert!(answer.authentication_result().is_none(), "{answer:?}");
    }
}

#[tokio::test]
async fn admin_set_user_settings_shows_in_admin_get_user_until_it_is_emptied() {
    let pool = a_pool_with_maria().await;
    pool.admin_set_user_settings("maria").mfa_options(sms_to("phone_number")).send().await.unwrap();
    let maria = pool.admin_get_user("maria").send().await.unwrap();
    assert_eq!(maria.mfa_options(), [sms_to("phone_number")]);
    pool.admin_set_user_settings("maria").set_mfa_options(Some(Vec::new())).send().await.unwrap();
    assert!(pool.admin_get_user("maria").send().await.unwrap().mfa_options().is_empty());
}

#[tokio::test]
async fn admin_set_user_settings_refuses_anything_but_text_messages_to_the_telephone() {
    let pool = a_pool_with_maria().await;
    refused(
        pool.admin_set_user_settings("maria").mfa_options(sms_to("email")).send().await,
        "InvalidParameterException: MFA options can only deliver by SMS to phone_number.",
    );
}

#[tokio::test]
async fn admin_set_user_settings_refuses_who_has_no_telephone() {
    let pool = a_pool().await;
    pool.user("john").await;
    refused(
        pool.admin_set_user_settings("john").mfa_options(sms_to("phone_number")).send().await,
        "InvalidParameterException: User does not have delivery config set to turn on SMS_MFA",
    );
}

#[tokio::test]
async fn admin_set_user_settings_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_set_user_settings("nobody").mfa_options(sms_to("phone_number")).send().await, NO_USER);
    refused(pool.nowhere().admin_set_user_settings("maria").mfa_options(sms_to("phone_number")).send().await, NO_POOL);
}
