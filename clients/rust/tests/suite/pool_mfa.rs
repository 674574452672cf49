//! The second factors of a pool.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    EmailMfaConfigType, SmsMfaConfigType, SoftwareTokenMfaConfigType, UserPoolMfaType, UserPoolTierType,
};

use crate::fixtures::{a_pool, a_pool_with};
use crate::refusals::{NO_POOL, refused};

fn tokens_on() -> SoftwareTokenMfaConfigType {
    SoftwareTokenMfaConfigType::builder().enabled(true).build()
}

#[tokio::test]
async fn get_user_pool_mfa_config_shows_that_a_fresh_pool_has_none() {
    let pool = a_pool().await;
    let config = pool.get_user_pool_mfa_config().send().await.unwrap();
    assert_eq!(config.mfa_configuration(), Some(&UserPoolMfaType::Off));
    assert!(config.software_token_mfa_configuration().is_none());
    assert!(config.sms_mfa_configuration().is_none());
}

#[tokio::test]
async fn set_user_pool_mfa_config_is_shown_from_then_on() {
    let pool = a_pool().await;
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::Optional);
    let answer = request.software_token_mfa_configuration(tokens_on()).send().await.unwrap();
    assert_eq!(answer.mfa_configuration(), Some(&UserPoolMfaType::Optional));
    let config = pool.get_user_pool_mfa_config().send().await.unwrap();
    assert_eq!(config.mfa_configuration(), Some(&UserPoolMfaType::Optional));
    assert!(config.software_token_mfa_configuration().unwrap().enabled());
}

#[tokio::test]
async fn set_user_pool_mfa_config_refuses_a_factor_beside_off() {
    let pool = a_pool().await;
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::Off);
    refused(
        request.software_token_mfa_configuration(tokens_on()).send().await,
        "InvalidParameterException: Invalid MFA configuration given, can't turn off MFA and configure an MFA together.",
    );
}

#[tokio::test]
async fn set_user_pool_mfa_config_refuses_on_without_a_factor() {
    let pool = a_pool().await;
    refused(
        pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::On).send().await,
        "InvalidParameterException: Invalid MFA Configuration given. SMS MFA, Email MFA, or Software Token MFA must \
         be enabled.",
    );
}

#[tokio::test]
async fn set_user_pool_mfa_config_refuses_text_messages_without_a_sender() {
    let pool = a_pool().await;
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::Optional);
    refused(
        request.sms_mfa_configuration(SmsMfaConfigType::builder().build()).send().await,
        "InvalidParameterException: SMS configuration and Auto verification for phone_number are required when MFA \
         is required/optional",
    );
}

#[tokio::test]
async fn set_user_pool_mfa_config_refuses_codes_by_mail_from_the_built_in_sender() {
    let pool = a_pool().await;
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::Optional);
    refused(
        request.email_mfa_configuration(EmailMfaConfigType::builder().build()).send().await,
        "InvalidParameterException: Cannot set EmailMfaConfiguration when user pool EmailConfiguration contains an \
         EmailSendingAccount of COGNITO_DEFAULT.",
    );
}

#[tokio::test]
async fn set_user_pool_mfa_config_refuses_codes_by_mail_in_the_cheapest_tier() {
    let pool = a_pool_with(|pool| pool.user_pool_tier(UserPoolTierType::Lite)).await;
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::Optional);
    refused(
        request.email_mfa_configuration(EmailMfaConfigType::builder().build()).send().await,
        "FeatureUnavailableInTierException: The following feature is not available for the LITE pricing tier \
         configured: Email MFA",
    );
}

#[tokio::test]
async fn the_second_factors_of_an_unknown_pool_are_refused() {
    let pool = a_pool().await.nowhere();
    refused(pool.get_user_pool_mfa_config().send().await, NO_POOL);
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::Optional);
    refused(request.software_token_mfa_configuration(tokens_on()).send().await, NO_POOL);
}
