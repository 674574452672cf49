//! Ending sessions: all of a user, or one.

use crate::fixtures::a_pool;
use crate::refusals::{INVALID_ACCESS_TOKEN, NO_POOL, NO_USER, REVOKED_ACCESS_TOKEN, REVOKED_REFRESH_TOKEN, refused};

const STRANGER: &str = "UnauthorizedException: Invalid client or client secret.";

#[tokio::test]
async fn global_sign_out_refuses_access_and_refresh_tokens_at_once() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let (first, second) = (pool.tokens_of("maria").await, pool.tokens_of("maria").await);
    pool.sdk.global_sign_out().access_token(&first.access).send().await.unwrap();
    for tokens in [first, second] {
        refused(pool.get_user(&tokens.access).send().await, REVOKED_ACCESS_TOKEN);
        refused(pool.refresh(&tokens.refresh).send().await, REVOKED_REFRESH_TOKEN);
    }
}

#[tokio::test]
async fn global_sign_out_lets_the_user_in_again_and_leaves_others_alone() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.user("john").await;
    let (maria, john) = (pool.tokens_of("maria").await, pool.tokens_of("john").await);
    pool.sdk.global_sign_out().access_token(&maria.access).send().await.unwrap();
    pool.get_user(&john.access).send().await.unwrap();
    let again = pool.tokens_of("maria").await;
    pool.get_user(&again.access).send().await.unwrap();
    pool.refresh(&again.refresh).send().await.unwrap();
}

#[tokio::test]
async fn global_sign_out_refuses_what_is_no_access_token() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    refused(pool.sdk.global_sign_out().access_token("not.a.token").send().await, INVALID_ACCESS_TOKEN);
    refused(pool.sdk.global_sign_out().access_token(&tokens.id).send().await, INVALID_ACCESS_TOKEN);
}

#[tokio::test]
async fn global_sign_out_refuses_a_token_that_was_revoked() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    pool.sdk.global_sign_out().access_token(&tokens.access).send().await.unwrap();
    refused(pool.sdk.global_sign_out().access_token(&tokens.access).send().await, REVOKED_ACCESS_TOKEN);
}

#[tokio::test]
async fn global_sign_out_takes_the_token_of_a_deleted_user_for_a_revoked_one() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    pool.admin_delete_user("maria").send().await.unwrap();
    refused(pool.get_user(&tokens.access).send().await, NO_USER);
    refused(pool.sdk.global_sign_out().access_token(&tokens.access).send().await, REVOKED_ACCESS_TOKEN);
}

#[tokio::test]
async fn admin_user_global_sign_out_refuses_access_and_refresh_tokens_at_once() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    pool.admin_user_global_sign_out("maria").send().await.unwrap();
    refused(pool.get_user(&tokens.access).send().await, REVOKED_ACCESS_TOKEN);
    refused(pool.refresh(&tokens.refresh).send().await, REVOKED_REFRESH_TOKEN);
    pool.get_user(&pool.tokens_of("maria").await.access).send().await.unwrap();
}

#[tokio::test]
async fn admin_user_global_sign_out_ends_tokens_that_name_no_origin_too() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let pool = pool.seen_by(&pool.client_with(|client| client.enable_token_revocation(false)).await.0);
    let tokens = pool.tokens_of("maria").await;
    pool.admin_user_global_sign_out("maria").send().await.unwrap();
    refused(pool.get_user(&tokens.access).send().await, REVOKED_ACCESS_TOKEN);
    refused(pool.refresh(&tokens.refresh).send().await, REVOKED_REFRESH_TOKEN);
}

#[tokio::test]
async fn admin_user_global_sign_out_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_user_global_sign_out("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_user_global_sign_out("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn revoke_token_ends_one_session_and_leaves_the_other() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let (first, second) = (pool.tokens_of("maria").await, pool.tokens_of("maria").await);
    for _ in 0..2 {
        pool.revoke_token(&first.refresh).send().await.unwrap();
    }
    refused(pool.get_user(&first.access).send().await, REVOKED_ACCESS_TOKEN);
    refused(pool.refresh(&first.refresh).send().await, REVOKED_REFRESH_TOKEN);
    pool.get_user(&second.access).send().await.unwrap();
    pool.refresh(&second.refresh).send().await.unwrap();
}

#[tokio::test]
async fn revoke_token_refuses_access_and_id_tokens() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    for token in [&tokens.access, &tokens.id] {
        refused(
            pool.revoke_token(token).send().await,
            "UnsupportedTokenTypeException: Only refresh tokens can be revoked.",
        );
    }
}

#[tokio::test]
async fn revoke_token_refuses_an_unknown_client() {
    let pool = a_pool().await;
    refused(pool.without_client().revoke_token("some-token").send().await, STRANGER);
}

#[tokio::test]
async fn revoke_token_asks_a_client_with_a_secret_for_it() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let (client, secret) = pool.client_with(|client| client.generate_secret(true)).await;
    let (pool, secret) = (pool.seen_by(&client), secret.unwrap());
    let hash = crate::fixtures::secret_hash("maria", &client, &secret);
    let signed_in = pool.admin_sign_in("maria", "Permanent1!").auth_parameters("SECRET_HASH", hash).send().await;
    let tokens = crate::fixtures::tokens(signed_in.unwrap().authentication_result);
    refused(pool.revoke_token(&tokens.refresh).send().await, STRANGER);
    refused(pool.revoke_token(&tokens.refresh).client_secret("another_secret_0000000001").send().await, STRANGER);
    pool.revoke_token(&tokens.refresh).client_secret(&secret).send().await.unwrap();
    refused(pool.get_user(&tokens.access).send().await, REVOKED_ACCESS_TOKEN);
}

#[tokio::test]
async fn revoke_token_refuses_where_the_client_switched_it_off() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let pool = pool.seen_by(&pool.client_with(|client| client.enable_token_revocation(false)).await.0);
    let tokens = pool.tokens_of("maria").await;
    refused(
        pool.revoke_token(&tokens.refresh).send().await,
        "UnsupportedOperationException: Token revocation is not enabled for this client.",
    );
}

#[tokio::test]
async fn revoke_token_leaves_the_token_of_another_client_alone() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    let other = pool.seen_by(&pool.client_with(|client| client).await.0);
    let _ = other.revoke_token(&tokens.refresh).send().await;
    pool.refresh(&tokens.refresh).send().await.unwrap();
}
