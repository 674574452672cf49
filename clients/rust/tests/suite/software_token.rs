//! Software tokens: enrolled by their user, taken away by an administrator.

use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::verify_software_token::builders::VerifySoftwareTokenFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AuthFactorType, SoftwareTokenMfaConfigType, SoftwareTokenMfaSettingsType, UserPoolMfaType,
    VerifySoftwareTokenResponseType,
};

use crate::fixtures::{Pool, a_pool, authenticator_code};
use crate::refusals::{INVALID_ACCESS_TOKEN, NO_POOL, NO_USER, REVOKED_ACCESS_TOKEN, refused, violates};

const MISMATCH: &str = "EnableSoftwareTokenMFAException: Code mismatch and fail enable Software Token MFA";
const NOT_OFFERED: &str = "SoftwareTokenMFANotFoundException: Software Token MFA has not been enabled by the userPool";
const NONE: &str = "SoftwareTokenMFANotFoundException: Software Token MFA does not exist for the user.";
const NO_SESSION: &str = "NotAuthorizedException: Invalid session for the user.";

/// A pool with software tokens, and an access token of `maria`.
async fn maria() -> (Pool, String) {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    let tokens_on = SoftwareTokenMfaConfigType::builder().enabled(true).build();
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::Optional);
    request.software_token_mfa_configuration(tokens_on).send().await.unwrap();
    let token = pool.tokens_of("maria").await.access;
    (pool, token)
}

async fn secret(pool: &Pool, token: &str) -> String {
    pool.sdk.associate_software_token().access_token(token).send().await.unwrap().secret_code.unwrap()
}

fn verify(pool: &Pool, token: &str, code: &str) -> VerifySoftwareTokenFluentBuilder {
    pool.sdk.verify_software_token().access_token(token).user_code(code)
}

/// The code that an authenticator shows at the server's time.
fn code(pool: &Pool, secret: &str) -> String {
    authenticator_code(secret, pool.cognate.clock().now().seconds())
}

/// A code that is certainly not this one.
fn not(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn verify_software_token_enrols_with_the_first_code() {
    let (pool, token) = maria().await;
    let secret = secret(&pool, &token).await;
    let answer = verify(&pool, &token, &code(&pool, &secret)).friendly_device_name("telephone").send().await.unwrap();
    assert_eq!(answer.status(), Some(&VerifySoftwareTokenResponseType::Success));
    let preferred = SoftwareTokenMfaSettingsType::builder().enabled(true).preferred_mfa(true).build();
    let request = pool.sdk.set_user_mfa_preference().access_token(&token);
    request.software_token_mfa_settings(preferred).send().await.unwrap();
    let own = pool.sdk.get_user_auth_factors().access_token(&token).send().await.unwrap();
    let factors = [AuthFactorType::Password, AuthFactorType::SoftwareToken];
    assert_eq!(own.configured_user_auth_factors(), factors);
    assert_eq!(own.preferred_mfa_setting(), Some("SOFTWARE_TOKEN_MFA"));
    let seen = pool.admin_get_user_auth_factors("maria").send().await.unwrap();
    assert_eq!((seen.username(), seen.configured_user_auth_factors()), ("maria", &factors[..]));
}

#[tokio::test]
async fn verify_software_token_refuses_other_codes() {
    let (pool, token) = maria().await;
    refused(verify(&pool, &token, "123456").send().await, NONE);
    let secret = secret(&pool, &token).await;
    let right = code(&pool, &secret);
    refused(verify(&pool, &token, &not(&right)).send().await, MISMATCH);
    verify(&pool, &token, &right).send().await.unwrap();
    refused(
        verify(&pool, &token, &right).send().await,
        "EnableSoftwareTokenMFAException: Your software token has already been used once.",
    );
    violates(
        verify(&pool, &token, "12345").send().await,
        "at 'userCode'",
        "Member must have length greater than or equal to 6",
    );
}

#[tokio::test]
async fn software_tokens_are_refused_where_the_pool_has_none() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let token = pool.tokens_of("maria").await.access;
    refused(pool.sdk.associate_software_token().access_token(&token).send().await, NOT_OFFERED);
    refused(verify(&pool, &token, "123456").send().await, NOT_OFFERED);
}

#[tokio::test]
async fn software_tokens_want_an_access_token_or_a_session() {
    let (pool, token) = maria().await;
    let neither = "InvalidParameterException: Missing required parameter AccessToken or Session";
    let session = "a session that no challenge gave";
    let associate = || pool.sdk.associate_software_token();
    refused(associate().send().await, neither);
    refused(associate().session(session).send().await, NO_SESSION);
    refused(associate().access_token("nonsense").send().await, INVALID_ACCESS_TOKEN);
    let verify = || pool.sdk.verify_software_token().user_code("123456");
    refused(verify().send().await, neither);
    refused(verify().session(session).send().await, NO_SESSION);
    refused(verify().access_token("nonsense").send().await, INVALID_ACCESS_TOKEN);
    let factors = |token: &str| pool.sdk.get_user_auth_factors().access_token(token);
    refused(factors("nonsense").send().await, INVALID_ACCESS_TOKEN);
    pool.admin_delete_user("maria").send().await.unwrap();
    refused(associate().access_token(&token).send().await, REVOKED_ACCESS_TOKEN);
    refused(verify().access_token(&token).send().await, NO_USER);
    refused(factors(&token).send().await, NO_USER);
}

#[tokio::test]
async fn admin_delete_software_token_takes_it_away() {
    let (pool, token) = maria().await;
    let secret = secret(&pool, &token).await;
    verify(&pool, &token, &code(&pool, &secret)).send().await.unwrap();
    for _ in 0..2 {
        pool.admin_delete_software_token("maria").send().await.unwrap();
    }
    pool.wait(60);
    refused(verify(&pool, &token, &code(&pool, &secret)).send().await, NONE);
    let seen = pool.admin_get_user_auth_factors("maria").send().await.unwrap();
    assert_eq!(seen.configured_user_auth_factors(), [AuthFactorType::Password]);
}

#[tokio::test]
async fn administrators_are_told_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_delete_software_token("nobody").send().await, NO_USER);
    refused(pool.admin_get_user_auth_factors("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_delete_software_token("maria").send().await, NO_POOL);
    refused(pool.nowhere().admin_get_user_auth_factors("maria").send().await, NO_POOL);
}
