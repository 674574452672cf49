//! `RevokeToken`: ends one session by its refresh token, with the access tokens that came from it.
//!
//! Errors: Unauthorized (client, secret), `UnsupportedOperation` (client without revocation), `UnsupportedTokenType`
//! (not a refresh token). A token that is unknown or revoked already is no error, as in RFC 7009, section 2.2.
//!
//! `RevokeAssociatedSessions` would end the session of the hosted pages that a token came through; none comes through
//! one, so LINKED has no effect (as documented for tokens that came through the API).

use cognate_crypto::digest::constant_time_eq;
use cognate_crypto::jwt;
use cognate_domain::Client;
use cognate_model::{Exception, RevokeTokenRequest, RevokeTokenResponse};
use cognate_store::refresh_tokens;

use super::Held;
use crate::auth::client_secrets;
use crate::{Context, Error, OpenPool};

pub(crate) async fn handle(cx: &Context, request: RevokeTokenRequest) -> Result<RevokeTokenResponse, Error> {
    let unauthorized = || Error::refused(Exception::Unauthorized, "Invalid client or client secret.");
    let client = match cx.client(&request.client_id).await {
        Err(Error::Refused(_)) => return Err(unauthorized()),
        other => other?,
    };
    let pool = cx.pool(client.pool()).await?;
    if !knows_secret(&pool, &client, request.client_secret.as_ref().map(cognate_model::Secret::expose))? {
        return Err(unauthorized());
    }
    if client.config.enable_token_revocation == Some(false) {
        return Err(Error::refused(
            Exception::UnsupportedOperation,
            "Token revocation is not enabled for this client.",
        ));
    }
    let token = request.token.expose();
    let Some(held) = Held::open(&pool, token) else {
        if jwt::peek_claims(token).is_some() {
            return Err(Error::refused(Exception::UnsupportedTokenType, "Only refresh tokens can be revoked."));
        }
        return Ok(RevokeTokenResponse::default());
    };
    if held.client != client.id() {
        return Err(unauthorized());
    }
    cx.write(move |tx| Ok(refresh_tokens::revoke(tx, pool.id(), &held.user, &held.family)?)).await?;
    Ok(RevokeTokenResponse::default())
}

fn knows_secret(pool: &OpenPool, client: &Client, given: Option<&str>) -> Result<bool, Error> {
    if !client.is_confidential() {
        return Ok(given.is_none());
    }
    let given = given.unwrap_or_default().as_bytes();
    Ok(client_secrets(pool, client)?.iter().any(|secret| constant_time_eq(secret.as_bytes(), given)))
}
