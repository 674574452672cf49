//! `GetTokensFromRefreshToken`: new tokens for a refresh token, and the next one where the client's rotate.
//!
//! Errors: `ResourceNotFound` (client), `InvalidParameter` (client that may not refresh), `NotAuthorized` (refresh
//! token, client secret, device, disabled), `RefreshTokenReuse` (exchanged before), `UnexpectedLambda` (trigger).

use cognate_crypto::digest::constant_time_eq;
use cognate_domain::refresh_rotation::grace_seconds;
use cognate_domain::{Client, client_rules};
use cognate_model::{AuthFlowType, GetTokensFromRefreshTokenRequest, GetTokensFromRefreshTokenResponse, Secret};

use super::renewal;
use crate::auth::client_secrets;
use crate::{Context, Error, OpenPool};

pub(crate) async fn handle(
    cx: &Context,
    request: GetTokensFromRefreshTokenRequest,
) -> Result<GetTokensFromRefreshTokenResponse, Error> {
    let client = cx.client(&request.client_id).await?;
    let pool = cx.pool(client.pool()).await?;
    // A client that rotates has no flow for it; one that does not is held to the flow that it may or may not use.
    let rotates = grace_seconds(&client.config).is_some();
    if !rotates && !client_rules::flows(&client).allows(AuthFlowType::RefreshTokenAuth) {
        return Err(Error::invalid("REFRESH_TOKEN_AUTH is not enabled for the client."));
    }
    let token = request.refresh_token.expose();
    let presented = renewal::present(cx, &pool, &client, token, request.device_key.as_deref()).await?;
    check_secret(&pool, &client, request.client_secret.as_ref())?;
    let result = renewal::exchange(cx, &pool, &client, presented, None).await?;
    Ok(GetTokensFromRefreshTokenResponse { authentication_result: Some(result) })
}

/// This operation takes the secret itself, where the flows take a hash; the texts are the flows'.
fn check_secret(pool: &OpenPool, client: &Client, given: Option<&Secret>) -> Result<(), Error> {
    let id = client.id();
    let Some(given) = given else {
        if !client.is_confidential() {
            return Ok(());
        }
        return Err(Error::not_authorized(format!("Client {id} is configured for secret but secret was not received")));
    };
    if !client.is_confidential() {
        return Err(Error::not_authorized(format!(
            "Client {id} is not configured with secret but secret was received"
        )));
    }
    let given = given.expose().as_bytes();
    let mut secrets = client_secrets(pool, client)?.into_iter();
    if secrets.any(|secret| constant_time_eq(secret.as_bytes(), given)) {
        return Ok(());
    }
    Err(Error::not_authorized(format!("Unable to verify secret hash for client {id}")))
}
