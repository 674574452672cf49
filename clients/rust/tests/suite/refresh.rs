//! New tokens from a refresh token.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AuthFlowType, ExplicitAuthFlowsType, FeatureType, RefreshTokenRotationType, TimeUnitsType, TokenValidityUnitsType,
};

use crate::fixtures::{Pool, a_pool, attribute, claims, tokens};
use crate::refusals::{INVALID_REFRESH_TOKEN, REVOKED_ACCESS_TOKEN, REVOKED_REFRESH_TOKEN, refused};

const REUSED: &str = "RefreshTokenReuseException: Refresh token has been reused";

#[tokio::test]
async fn a_refresh_answers_new_tokens_of_the_same_sign_in() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let first = pool.tokens_of("maria").await;
    pool.wait(60);
    let answer = pool.refresh(&first.refresh).send().await.unwrap();
    assert_eq!(answer.authentication_result().and_then(|result| result.refresh_token()), None);
    let second = tokens(answer.authentication_result);
    let (before, after) = (claims(&first.access), claims(&second.access));
    for same in ["sub", "auth_time", "origin_jti", "event_id"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_ne!(before["jti"], after["jti"]);
    pool.get_user(&second.access).send().await.unwrap();
}

#[tokio::test]
async fn a_refresh_has_two_names_in_both_apis() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let refresh = pool.tokens_of("maria").await.refresh;
    for flow in [AuthFlowType::RefreshTokenAuth, AuthFlowType::RefreshToken] {
        pool.refresh(&refresh).auth_flow(flow.clone()).send().await.unwrap();
        let public = pool.initiate_auth().auth_flow(flow).auth_parameters("REFRESH_TOKEN", &refresh);
        tokens(public.send().await.unwrap().authentication_result);
    }
}

#[tokio::test]
async fn a_refresh_reads_attributes_and_groups_anew() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let first = pool.tokens_of("maria").await;
    pool.create_group("Engineering").send().await.unwrap();
    pool.admin_add_user_to_group("maria").group_name("Engineering").send().await.unwrap();
    pool.admin_update_user_attributes("maria").user_attributes(attribute("name", "Maria")).send().await.unwrap();
    let second = tokens(pool.refresh(&first.refresh).send().await.unwrap().authentication_result);
    assert_eq!(claims(&second.id)["name"], "Maria");
    assert_eq!(claims(&second.id)["cognito:groups"], serde_json::json!(["Engineering"]));
}

#[tokio::test]
async fn a_refresh_refuses_garbage_and_the_token_of_another_client() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    for token in ["garbage", &tokens.access, &format!("{}x", tokens.refresh)] {
        refused(pool.refresh(token).send().await, INVALID_REFRESH_TOKEN);
    }
    let other = pool.seen_by(&pool.client_with(|client| client).await.0);
    refused(other.refresh(&tokens.refresh).send().await, INVALID_REFRESH_TOKEN);
}

#[tokio::test]
async fn a_refresh_token_is_good_as_long_as_the_client_says() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let hours = TokenValidityUnitsType::builder().refresh_token(TimeUnitsType::Hours).build();
    let (client, _) = pool.client_with(|client| client.refresh_token_validity(2).token_validity_units(hours)).await;
    let pool = pool.seen_by(&client);
    let refresh = pool.tokens_of("maria").await.refresh;
    pool.wait(7_100);
    pool.refresh(&refresh).send().await.unwrap();
    pool.wait(110);
    refused(pool.refresh(&refresh).send().await, "NotAuthorizedException: Refresh Token has expired");
}

#[tokio::test]
async fn a_client_that_may_not_refresh_is_refused() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let once = ExplicitAuthFlowsType::AllowAdminUserPasswordAuth;
    let pool = pool.seen_by(&pool.client_with(|client| client.explicit_auth_flows(once)).await.0);
    let refresh = pool.tokens_of("maria").await.refresh;
    refused(
        pool.refresh(&refresh).send().await,
        "InvalidParameterException: REFRESH_TOKEN_AUTH is not enabled for the client.",
    );
}

/// A pool with maria, seen by a client whose refresh tokens rotate.
async fn a_rotating_pool(grace_seconds: i32) -> Pool {
    let pool = a_pool().await;
    pool.user("maria").await;
    let rotation = RefreshTokenRotationType::builder()
        .feature(FeatureType::Enabled)
        .retry_grace_period_seconds(grace_seconds)
        .build()
        .unwrap();
    let client = pool
        .client_with(|client| {
            client
                .explicit_auth_flows(ExplicitAuthFlowsType::AllowAdminUserPasswordAuth)
                .refresh_token_rotation(rotation)
        })
        .await;
    pool.seen_by(&client.0)
}

#[tokio::test]
async fn a_rotating_refresh_token_is_good_once() {
    let pool = a_rotating_pool(0).await;
    let first = pool.tokens_of("maria").await;
    let second = tokens(pool.exchange(&first.refresh).send().await.unwrap().authentication_result);
    assert_eq!(claims(&first.access)["origin_jti"], claims(&second.access)["origin_jti"]);
    refused(pool.exchange(&first.refresh).send().await, REUSED);
    refused(pool.exchange(&second.refresh).send().await, REVOKED_REFRESH_TOKEN);
    refused(pool.get_user(&second.access).send().await, REVOKED_ACCESS_TOKEN);
}

#[tokio::test]
async fn a_rotating_refresh_token_answers_again_within_its_grace_period() {
    let pool = a_rotating_pool(10).await;
    let first = pool.tokens_of("maria").await;
    for _ in 0..2 {
        let again = tokens(pool.exchange(&first.refresh).send().await.unwrap().authentication_result);
        assert_ne!(again.refresh, first.refresh);
        pool.wait(4);
    }
    pool.wait(3);
    refused(pool.exchange(&first.refresh).send().await, REUSED);
}
