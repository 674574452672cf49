//! New tokens from a refresh token.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AuthFlowType, ExplicitAuthFlowsType, TimeUnitsType, TokenValidityUnitsType,
};

use crate::fixtures::{a_pool, attribute, claims, tokens};
use crate::refusals::{INVALID_REFRESH_TOKEN, refused};

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
