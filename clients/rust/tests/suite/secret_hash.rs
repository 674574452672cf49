//! Clients with a secret prove that they know it.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::AuthFlowType;

use crate::fixtures::{OTHER, PASSWORD, Pool, a_pool, secret_hash, tokens};
use crate::refusals::refused;

/// A pool seen by a client with a secret, a user `maria`, and the secret.
async fn a_confidential_client() -> (Pool, String) {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    let (id, secret) = pool.client_with(|client| client.generate_secret(true)).await;
    (pool.seen_by(&id), secret.unwrap())
}

#[tokio::test]
async fn the_right_hash_lets_in_by_both_apis() {
    let (pool, secret) = a_confidential_client().await;
    let hash = secret_hash("maria", &pool.client, &secret);
    let answer = pool.admin_sign_in("maria", PASSWORD).auth_parameters("SECRET_HASH", &hash).send().await.unwrap();
    let refresh = tokens(answer.authentication_result).refresh;
    pool.public_sign_in("maria", PASSWORD).auth_parameters("SECRET_HASH", &hash).send().await.unwrap();
    pool.refresh(&refresh).auth_parameters("SECRET_HASH", &hash).send().await.unwrap();
}

#[tokio::test]
async fn a_missing_hash_is_refused() {
    let (pool, _) = a_confidential_client().await;
    let missing = format!(
        "NotAuthorizedException: Client {} is configured with secret but SECRET_HASH was not received",
        pool.client
    );
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, &missing);
    refused(pool.public_sign_in("maria", PASSWORD).send().await, &missing);
    let missing =
        format!("NotAuthorizedException: Client {} is configured for secret but secret was not received", pool.client);
    refused(pool.forgot_password("maria").send().await, &missing);
    refused(pool.confirm_forgot_password("maria", "123456").send().await, &missing);
}

#[tokio::test]
async fn a_wrong_hash_is_refused() {
    let (pool, _) = a_confidential_client().await;
    let wrong = secret_hash("maria", &pool.client, "another secret");
    let refusal = format!("NotAuthorizedException: Unable to verify secret hash for client {}", pool.client);
    refused(pool.admin_sign_in("maria", PASSWORD).auth_parameters("SECRET_HASH", &wrong).send().await, &refusal);
    refused(pool.public_sign_in("maria", PASSWORD).auth_parameters("SECRET_HASH", &wrong).send().await, &refusal);
    refused(pool.forgot_password("maria").secret_hash(&wrong).send().await, &refusal);
    refused(pool.confirm_forgot_password("maria", "123456").secret_hash(&wrong).send().await, &refusal);
}

#[tokio::test]
async fn a_hash_for_a_client_without_a_secret_is_refused() {
    let pool = a_pool().await;
    let hash = secret_hash("maria", &pool.client, "some secret");
    refused(
        pool.admin_sign_in("maria", PASSWORD).auth_parameters("SECRET_HASH", &hash).send().await,
        &format!(
            "NotAuthorizedException: Client {} is not configured with secret but secret was received",
            pool.client
        ),
    );
}

#[tokio::test]
async fn both_secrets_are_good_until_one_is_deleted() {
    let (pool, old) = a_confidential_client().await;
    let listed = pool.list_user_pool_client_secrets().send().await.unwrap();
    let old_id = listed.client_secrets()[0].client_secret_id().unwrap().to_owned();
    let added = pool.add_user_pool_client_secret().send().await.unwrap().client_secret_descriptor.unwrap();
    let new = added.client_secret_value.unwrap();
    let sign_in = |secret: &str| {
        let hash = secret_hash("maria", &pool.client, secret);
        pool.admin_sign_in("maria", PASSWORD).auth_parameters("SECRET_HASH", hash).send()
    };
    sign_in(&old).await.unwrap();
    sign_in(&new).await.unwrap();
    pool.delete_user_pool_client_secret().client_secret_id(old_id).send().await.unwrap();
    refused(
        sign_in(&old).await,
        &format!("NotAuthorizedException: Unable to verify secret hash for client {}", pool.client),
    );
    sign_in(&new).await.unwrap();
}

#[tokio::test]
async fn a_forgotten_password_is_recovered_with_the_hash() {
    let (pool, secret) = a_confidential_client().await;
    let hash = secret_hash("maria", &pool.client, &secret);
    pool.forgot_password("maria").secret_hash(&hash).send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    pool.confirm_forgot_password("maria", &code).secret_hash(&hash).send().await.unwrap();
    pool.admin_sign_in("maria", OTHER).auth_parameters("SECRET_HASH", &hash).send().await.unwrap();
}

#[tokio::test]
async fn a_bad_refresh_token_is_told_before_a_bad_hash() {
    let (pool, _) = a_confidential_client().await;
    let request = pool.initiate_auth().auth_flow(AuthFlowType::RefreshTokenAuth);
    refused(
        request.auth_parameters("REFRESH_TOKEN", "garbage").auth_parameters("SECRET_HASH", "wrong").send().await,
        crate::refusals::INVALID_REFRESH_TOKEN,
    );
}
