//! App clients: create, describe, update, delete, list.

use std::collections::BTreeSet;

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    ExplicitAuthFlowsType, OAuthFlowType, TimeUnitsType, TokenValidityUnitsType, UserPoolTierType,
};

use crate::fixtures::{a_pool, a_pool_with};
use crate::refusals::{BAD_TOKEN, NO_CLIENT, NO_POOL, refused, violates};

#[tokio::test]
async fn create_user_pool_client_fills_in_what_is_left_out() {
    let pool = a_pool().await;
    let created = pool.create_user_pool_client().client_name("web").send().await.unwrap().user_pool_client.unwrap();
    assert_eq!(created.client_name(), Some("web"));
    assert_eq!(created.client_id().unwrap().len(), 26);
    assert_eq!(created.client_secret(), None);
    assert_eq!(created.refresh_token_validity(), 30);
    assert_eq!(created.enable_token_revocation(), Some(true));
    let described = pool.seen_by(created.client_id().unwrap()).describe_user_pool_client().send().await.unwrap();
    assert_eq!(described.user_pool_client(), Some(&created));
}

#[tokio::test]
async fn create_user_pool_client_makes_a_secret_when_asked() {
    let pool = a_pool().await;
    let (id, secret) = pool.client_with(|client| client.generate_secret(true)).await;
    assert_eq!(secret.as_ref().map(String::len), Some(52));
    let described = pool.seen_by(&id).describe_user_pool_client().send().await.unwrap().user_pool_client.unwrap();
    assert_eq!(described.client_secret, secret);
}

#[tokio::test]
async fn create_user_pool_client_refuses_an_unknown_pool() {
    let pool = a_pool().await;
    refused(pool.nowhere().create_user_pool_client().client_name("web").send().await, NO_POOL);
}

#[tokio::test]
async fn create_user_pool_client_refuses_to_read_an_undeclared_attribute() {
    let pool = a_pool().await;
    refused(
        pool.create_user_pool_client().client_name("web").read_attributes("custom:badge").send().await,
        "InvalidParameterException: Invalid read attributes specified while creating a client",
    );
}

#[tokio::test]
async fn create_user_pool_client_refuses_an_access_token_that_outlives_the_sign_in() {
    let pool = a_pool().await;
    let units = TokenValidityUnitsType::builder()
        .access_token(TimeUnitsType::Hours)
        .refresh_token(TimeUnitsType::Hours)
        .build();
    let request = pool.create_user_pool_client().client_name("web").token_validity_units(units);
    refused(
        request.access_token_validity(3).refresh_token_validity(2).send().await,
        "InvalidParameterException: Access and Id Token expiration times must be less than or equal to refresh token \
         expiration times.",
    );
}

#[tokio::test]
async fn create_user_pool_client_refuses_old_and_new_names_of_flows_together() {
    let pool = a_pool().await;
    let request = pool.create_user_pool_client().client_name("web");
    let request = request.explicit_auth_flows(ExplicitAuthFlowsType::AdminNoSrpAuth);
    refused(
        request.explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth).send().await,
        "InvalidParameterException: Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.",
    );
}

#[tokio::test]
async fn create_user_pool_client_refuses_an_unknown_scope() {
    let pool = a_pool().await;
    let request = pool.create_user_pool_client().client_name("web").allowed_o_auth_flows(OAuthFlowType::Code);
    refused(
        request.callback_urls("https://example.com").allowed_o_auth_scopes("unknown").send().await,
        "ScopeDoesNotExistException: Invalid scope requested: unknown",
    );
}

#[tokio::test]
async fn create_user_pool_client_refuses_the_code_flow_without_a_callback() {
    let pool = a_pool().await;
    let request = pool.create_user_pool_client().client_name("web").allowed_o_auth_flows(OAuthFlowType::Code);
    refused(
        request.allowed_o_auth_scopes("openid").send().await,
        "InvalidOAuthFlowException: CallbackUrls can not be empty when code flow or implicit flow is selected",
    );
}

#[tokio::test]
async fn create_user_pool_client_refuses_passwordless_flows_in_the_cheapest_tier() {
    let pool = a_pool_with(|pool| pool.user_pool_tier(UserPoolTierType::Lite)).await;
    let request = pool.create_user_pool_client().client_name("web");
    refused(
        request.explicit_auth_flows(ExplicitAuthFlowsType::AllowUserAuth).send().await,
        "FeatureUnavailableInTierException: The following feature is not available for the LITE pricing tier \
         configured: Passwordless Sign-In",
    );
}

#[tokio::test]
async fn describe_user_pool_client_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.without_client().describe_user_pool_client().send().await, NO_CLIENT);
    refused(pool.nowhere().describe_user_pool_client().send().await, NO_POOL);
}

#[tokio::test]
async fn update_user_pool_client_keeps_name_and_secret_and_resets_the_rest() {
    let pool = a_pool().await;
    let (id, secret) = pool.client_with(|client| client.generate_secret(true).refresh_token_validity(5)).await;
    let updated = pool.seen_by(&id).update_user_pool_client().send().await.unwrap().user_pool_client.unwrap();
    assert_eq!(updated.client_name(), Some("application"));
    assert_eq!(updated.client_secret, secret);
    assert_eq!(updated.refresh_token_validity, 30);
    assert!(updated.explicit_auth_flows().is_empty());
}

#[tokio::test]
async fn update_user_pool_client_takes_a_flow_away_at_once() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.tokens_of("maria").await;
    let request = pool.update_user_pool_client();
    request.explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth).send().await.unwrap();
    refused(
        pool.admin_sign_in("maria", "Permanent1!").send().await,
        "InvalidParameterException: Auth flow not enabled for this client",
    );
}

#[tokio::test]
async fn update_user_pool_client_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.without_client().update_user_pool_client().send().await, NO_CLIENT);
    refused(pool.nowhere().update_user_pool_client().send().await, NO_POOL);
}

#[tokio::test]
async fn update_user_pool_client_refuses_to_write_what_no_client_may_write() {
    let pool = a_pool().await;
    refused(
        pool.update_user_pool_client().write_attributes("email_verified").send().await,
        "InvalidParameterException: Invalid write attributes specified while updating a client",
    );
}

#[tokio::test]
async fn update_user_pool_client_refuses_an_unknown_scope() {
    let pool = a_pool().await;
    let request = pool.update_user_pool_client().allowed_o_auth_flows(OAuthFlowType::Code);
    refused(
        request.callback_urls("https://example.com").allowed_o_auth_scopes("unknown").send().await,
        "ScopeDoesNotExistException: Invalid scope requested: unknown",
    );
}

#[tokio::test]
async fn update_user_pool_client_refuses_client_credentials_of_a_public_client() {
    let pool = a_pool().await;
    let request = pool.update_user_pool_client().allowed_o_auth_flows(OAuthFlowType::ClientCredentials);
    refused(
        request.allowed_o_auth_scopes("api/read").send().await,
        "InvalidOAuthFlowException: client_credentials flow can not be selected if client does not have a client \
         secret.",
    );
}

#[tokio::test]
async fn delete_user_pool_client_ends_the_client() {
    let pool = a_pool().await;
    pool.delete_user_pool_client().send().await.unwrap();
    let gone = format!("ResourceNotFoundException: User pool client {} does not exist.", pool.client);
    refused(pool.describe_user_pool_client().send().await, &gone);
    refused(pool.public_sign_in("maria", "Permanent1!").send().await, &gone);
}

#[tokio::test]
async fn delete_user_pool_client_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.without_client().delete_user_pool_client().send().await, NO_CLIENT);
    refused(pool.nowhere().delete_user_pool_client().send().await, NO_POOL);
}

#[tokio::test]
async fn list_user_pool_clients_shows_every_client_once() {
    let pool = a_pool().await;
    let mut expected = BTreeSet::from([pool.client.clone()]);
    for _ in 0..4 {
        expected.insert(pool.client_with(|client| client).await.0);
    }
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let page = pool.list_user_pool_clients().max_results(2).set_next_token(token).send().await.unwrap();
        seen.extend(page.user_pool_clients().iter().map(|client| client.client_id().unwrap().to_owned()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn list_user_pool_clients_refuses_an_unknown_pool() {
    let pool = a_pool().await;
    refused(pool.nowhere().list_user_pool_clients().send().await, NO_POOL);
}

#[tokio::test]
async fn list_user_pool_clients_refuses_a_token_that_it_did_not_give() {
    let pool = a_pool().await;
    refused(pool.list_user_pool_clients().next_token("made-up").send().await, BAD_TOKEN);
}

#[tokio::test]
async fn list_user_pool_clients_refuses_more_than_sixty_at_once() {
    let pool = a_pool().await;
    violates(
        pool.list_user_pool_clients().max_results(61).send().await,
        "'61' at 'maxResults'",
        "Member must have value less than or equal to 60",
    );
}
