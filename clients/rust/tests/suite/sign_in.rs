//! Signing in with a password, by the administrator's API and by the public one.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AliasAttributeType, AnalyticsMetadataType, AuthFlowType, ContextDataType, ExplicitAuthFlowsType, HttpHeader,
    LambdaConfigType, PreventUserExistenceErrorTypes, UserContextDataType,
};

use crate::fixtures::{OTHER, PASSWORD, a_pool, a_pool_with, a_pool_with_an_unconfirmed_user, claims, map, tokens};
use crate::refusals::{NO_CLIENT, NO_POOL, NO_USER, WRONG_PASSWORD, refused};

#[tokio::test]
async fn admin_initiate_auth_answers_tokens_about_the_user() {
    let pool = a_pool().await;
    let sub = pool.user_with_email("maria", "maria@example.com").await;
    let answer = pool.admin_sign_in("maria", PASSWORD).send().await.unwrap();
    assert_eq!((answer.challenge_name(), answer.session()), (None, None));
    let result = answer.authentication_result().unwrap();
    assert_eq!((result.expires_in(), result.token_type()), (3_600, Some("Bearer")));
    let access = claims(result.access_token().unwrap());
    assert_eq!(access["iss"], format!("https://cognito-idp.us-east-1.amazonaws.com/{}", pool.id));
    assert_eq!((&access["sub"], &access["username"]), (&sub.clone().into(), &"maria".into()));
    assert_eq!((&access["token_use"], &access["client_id"]), (&"access".into(), &pool.client.clone().into()));
    assert_eq!(access["scope"], "aws.cognito.signin.user.admin");
    let id = claims(result.id_token().unwrap());
    assert_eq!((&id["aud"], &id["token_use"]), (&pool.client.clone().into(), &"id".into()));
    assert_eq!((&id["email"], &id["email_verified"]), (&"maria@example.com".into(), &true.into()));
    assert_eq!(id["cognito:username"], "maria");
}

#[tokio::test]
async fn admin_initiate_auth_takes_everything_that_the_request_may_carry() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let header = HttpHeader::builder().header_name("accept-language").header_value("de").build();
    let context = ContextDataType::builder()
        .ip_address("203.0.113.7")
        .server_name("example.com")
        .server_path("/sign-in")
        .http_headers(header)
        .build()
        .unwrap();
    let answer = pool
        .admin_sign_in("maria", PASSWORD)
        .client_metadata("source", "test")
        .analytics_metadata(AnalyticsMetadataType::builder().analytics_endpoint_id("endpoint").build())
        .context_data(context)
        .send()
        .await
        .unwrap();
    tokens(answer.authentication_result);
}

#[tokio::test]
async fn admin_initiate_auth_knows_its_flow_by_the_old_name() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let answer = pool.admin_sign_in("maria", PASSWORD).auth_flow(AuthFlowType::AdminNoSrpAuth).send().await.unwrap();
    tokens(answer.authentication_result);
}

#[tokio::test]
async fn initiate_auth_answers_tokens_that_show_who_the_user_is() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let answer = pool.public_sign_in("maria", PASSWORD).send().await.unwrap();
    let access = tokens(answer.authentication_result).access;
    assert_eq!(pool.get_user(&access).send().await.unwrap().username(), "maria");
}

#[tokio::test]
async fn a_verified_alias_signs_in() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::Email)).await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool.tokens_of("maria@example.com").await;
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let pool = a_pool().await;
    pool.user("maria").await;
    refused(pool.admin_sign_in("maria", OTHER).send().await, WRONG_PASSWORD);
    refused(pool.public_sign_in("maria", OTHER).send().await, WRONG_PASSWORD);
}

#[tokio::test]
async fn an_unknown_user_is_told_apart_unless_the_client_hides_it() {
    let pool = a_pool().await;
    refused(pool.admin_sign_in("nobody", PASSWORD).send().await, NO_USER);
    refused(pool.public_sign_in("nobody", PASSWORD).send().await, NO_USER);
    let discreet = PreventUserExistenceErrorTypes::Enabled;
    let pool = pool.seen_by(&pool.client_with(|client| client.prevent_user_existence_errors(discreet)).await.0);
    refused(pool.admin_sign_in("nobody", PASSWORD).send().await, WRONG_PASSWORD);
    refused(pool.public_sign_in("nobody", PASSWORD).send().await, WRONG_PASSWORD);
}

#[tokio::test]
async fn who_signed_up_and_was_never_confirmed_is_refused() {
    let pool = a_pool_with_an_unconfirmed_user().await;
    let refusal = "UserNotConfirmedException: User is not confirmed.";
    refused(pool.admin_sign_in("unconfirmed", PASSWORD).send().await, refusal);
    refused(pool.public_sign_in("unconfirmed", PASSWORD).send().await, refusal);
}

#[tokio::test]
async fn a_missing_parameter_is_named() {
    let pool = a_pool().await;
    let flow = AuthFlowType::AdminUserPasswordAuth;
    refused(
        pool.admin_initiate_auth().auth_flow(flow).auth_parameters("USERNAME", "maria").send().await,
        "InvalidParameterException: Missing required parameter PASSWORD",
    );
    let flow = AuthFlowType::UserPasswordAuth;
    refused(
        pool.initiate_auth().auth_flow(flow).auth_parameters("PASSWORD", PASSWORD).send().await,
        "InvalidParameterException: Missing required parameter USERNAME",
    );
}

#[tokio::test]
async fn a_flow_of_the_other_api_is_refused() {
    let pool = a_pool().await;
    let refusal = "InvalidParameterException: Initiate Auth method not supported.";
    refused(pool.admin_initiate_auth().auth_flow(AuthFlowType::UserPasswordAuth).send().await, refusal);
    refused(pool.initiate_auth().auth_flow(AuthFlowType::AdminUserPasswordAuth).send().await, refusal);
}

#[tokio::test]
async fn a_flow_that_the_client_may_not_use_is_refused() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let refresh_only = ExplicitAuthFlowsType::AllowRefreshTokenAuth;
    let pool = pool.seen_by(&pool.client_with(|client| client.explicit_auth_flows(refresh_only)).await.0);
    refused(
        pool.admin_sign_in("maria", PASSWORD).send().await,
        "InvalidParameterException: Auth flow not enabled for this client",
    );
    refused(
        pool.public_sign_in("maria", PASSWORD).send().await,
        "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this client",
    );
}

#[tokio::test]
async fn an_unknown_client_or_pool_is_refused() {
    let pool = a_pool().await;
    refused(pool.without_client().admin_sign_in("maria", PASSWORD).send().await, NO_CLIENT);
    refused(pool.without_client().public_sign_in("maria", PASSWORD).send().await, NO_CLIENT);
    refused(pool.nowhere().admin_sign_in("maria", PASSWORD).send().await, NO_POOL);
}

#[tokio::test]
async fn a_client_without_a_secret_may_not_state_the_address_of_its_user() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let context = UserContextDataType::builder().ip_address("203.0.113.7").build();
    refused(
        pool.public_sign_in("maria", PASSWORD).user_context_data(context).send().await,
        "InvalidParameterException: Cannot use IP Address passed into UserContextData",
    );
}

#[tokio::test]
async fn a_sign_in_is_refused_where_a_trigger_cannot_be_reached() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:check";
    let config = LambdaConfigType::builder().pre_authentication(function).build();
    let pool = a_pool_with(|pool| pool.lambda_config(config)).await;
    pool.user("maria").await;
    refused(
        pool.admin_sign_in("maria", PASSWORD).send().await,
        "UnexpectedLambdaException: PreAuthentication invocation failed due to error ResourceNotFoundException.",
    );
}

#[tokio::test]
async fn get_user_shows_what_the_client_may_read() {
    let pool = a_pool().await;
    pool.user_with("maria", &[("name", "Maria"), ("email", "maria@example.com")]).await;
    let pool = pool.seen_by(&pool.client_with(|client| client.read_attributes("name")).await.0);
    let access = pool.tokens_of("maria").await.access;
    let shown = pool.get_user(&access).send().await.unwrap();
    let mut names: Vec<String> = map(shown.user_attributes()).into_keys().collect();
    names.sort();
    assert_eq!(names, ["name", "sub"]);
}

#[tokio::test]
async fn get_user_refuses_everything_but_an_access_token() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    for token in ["not.a.token", &tokens.id, &format!("{}x", tokens.access)] {
        refused(pool.get_user(token).send().await, crate::refusals::INVALID_ACCESS_TOKEN);
    }
}

#[tokio::test]
async fn get_user_refuses_an_access_token_after_its_hour() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let access = pool.tokens_of("maria").await.access;
    pool.wait(3_500);
    pool.get_user(&access).send().await.unwrap();
    pool.wait(110);
    refused(pool.get_user(&access).send().await, "NotAuthorizedException: Access Token has expired");
}

#[tokio::test]
async fn a_token_of_a_deleted_client_is_refused() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    pool.delete_user_pool_client().send().await.unwrap();
    refused(pool.get_user(&tokens.access).send().await, crate::refusals::INVALID_ACCESS_TOKEN);
}
