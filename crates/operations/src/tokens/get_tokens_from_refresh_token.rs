//! `GetTokensFromRefreshToken`: new tokens for a refresh token, and the next one where the client's rotate.
//!
//! Errors: `ResourceNotFound` (client), `InvalidParameter` (client that may not refresh), `NotAuthorized` (refresh
//! token, client secret, device, disabled), `RefreshTokenReuse` (exchanged before), `UnexpectedLambda` (trigger).

use cognate_domain::client_rules;
use cognate_domain::refresh_rotation::grace_seconds;
use cognate_model::{AuthFlowType, GetTokensFromRefreshTokenRequest, GetTokensFromRefreshTokenResponse};

use super::{client_secret, renewal};
use crate::triggers::pre_token_generation::{Cause, Source};
use crate::{Context, Error};

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
    client_secret::check(&pool, &client, request.client_secret.as_ref())?;
    // The developer guide lists this source for this operation, not that of refreshing.
    let cause = Cause { source: Source::Authentication, metadata: request.client_metadata.as_ref() };
    let result = renewal::exchange(cx, &pool, &client, presented, None, cause).await?;
    Ok(GetTokensFromRefreshTokenResponse { authentication_result: Some(result) })
}
