//! The second factors of users, as they set them themselves.

use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::set_user_mfa_preference::builders::SetUserMFAPreferenceFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    DeliveryMediumType, MfaOptionType, SmsMfaSettingsType, SoftwareTokenMfaSettingsType, WebAuthnMfaSettingsType,
};

use crate::fixtures::{Pool, a_pool};
use crate::refusals::{INVALID_ACCESS_TOKEN, NO_USER, refused};

fn sms(enabled: bool, preferred: bool) -> SmsMfaSettingsType {
    SmsMfaSettingsType::builder().enabled(enabled).preferred_mfa(preferred).build()
}

fn sms_to(attribute: &str) -> MfaOptionType {
    MfaOptionType::builder().delivery_medium(DeliveryMediumType::Sms).attribute_name(attribute).build()
}

fn prefer(pool: &Pool, token: &str) -> SetUserMFAPreferenceFluentBuilder {
    pool.sdk.set_user_mfa_preference().access_token(token)
}

async fn maria(attributes: &[(&str, &str)]) -> (Pool, String) {
    let pool = a_pool().await;
    pool.user_with("maria", attributes).await;
    let token = pool.tokens_of("maria").await.access;
    (pool, token)
}

const PHONE: (&str, &str) = ("phone_number", "+12065550100");

#[tokio::test]
async fn set_user_mfa_preference_shows_in_get_user() {
    let (pool, token) = maria(&[PHONE]).await;
    let passkeys = WebAuthnMfaSettingsType::builder().enabled(true).build();
    prefer(&pool, &token).sms_mfa_settings(sms(true, true)).web_authn_mfa_settings(passkeys).send().await.unwrap();
    let shown = pool.get_user(&token).send().await.unwrap();
    assert_eq!(shown.preferred_mfa_setting(), Some("SMS_MFA"));
    assert_eq!(shown.user_mfa_setting_list(), ["SMS_MFA"]);
    prefer(&pool, &token).sms_mfa_settings(sms(false, false)).send().await.unwrap();
    assert!(pool.get_user(&token).send().await.unwrap().user_mfa_setting_list().is_empty());
}

#[tokio::test]
async fn set_user_mfa_preference_refuses_what_the_user_lacks() {
    let (pool, token) = maria(&[]).await;
    refused(
        prefer(&pool, &token).sms_mfa_settings(sms(true, false)).send().await,
        "InvalidParameterException: User does not have a phone_number set to turn on SMS MFA",
    );
    let software_token = SoftwareTokenMfaSettingsType::builder().enabled(true).build();
    refused(
        prefer(&pool, &token).software_token_mfa_settings(software_token).send().await,
        "InvalidParameterException: User has not set up software token mfa",
    );
    refused(
        prefer(&pool, &token).sms_mfa_settings(sms(false, true)).send().await,
        "InvalidParameterException: An MFA method that is not enabled cannot be preferred.",
    );
}

#[tokio::test]
async fn set_user_mfa_preference_refuses_who_must_reset_the_password() {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    let token = pool.tokens_of("maria").await.access;
    pool.admin_reset_user_password("maria").send().await.unwrap();
    refused(prefer(&pool, &token).send().await, "PasswordResetRequiredException: Password reset required for the user");
}

#[tokio::test]
async fn set_user_settings_shows_until_it_is_emptied() {
    let (pool, token) = maria(&[PHONE]).await;
    let set = || pool.sdk.set_user_settings().access_token(&token);
    set().mfa_options(sms_to("phone_number")).send().await.unwrap();
    assert_eq!(pool.get_user(&token).send().await.unwrap().mfa_options(), [sms_to("phone_number")]);
    set().set_mfa_options(Some(Vec::new())).send().await.unwrap();
    assert!(pool.get_user(&token).send().await.unwrap().mfa_options().is_empty());
    refused(
        set().mfa_options(sms_to("email")).send().await,
        "InvalidParameterException: MFA options can only deliver by SMS to phone_number.",
    );
}

#[tokio::test]
async fn factors_are_no_business_of_who_is_not_signed_in() {
    let (pool, token) = maria(&[PHONE]).await;
    let set = |token: &str| pool.sdk.set_user_settings().access_token(token).mfa_options(sms_to("phone_number"));
    refused(prefer(&pool, "nonsense").send().await, INVALID_ACCESS_TOKEN);
    refused(set("nonsense").send().await, INVALID_ACCESS_TOKEN);
    pool.admin_delete_user("maria").send().await.unwrap();
    refused(prefer(&pool, &token).send().await, NO_USER);
    refused(set(&token).send().await, NO_USER);
}
