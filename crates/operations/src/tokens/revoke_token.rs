//! `RevokeToken`: ends one session by its refresh token, with the access tokens that came from it.
//!
//! Errors: Unauthorized (client, secret), `UnsupportedOperation` (client without revocation), `UnsupportedTokenType`
//! (not a refresh token). A token that is unknown or revoked already is no error, as in RFC 7009, section 2.2.
//!
//! `RevokeAssociatedSessions` would end the session of the hosted pages that a token came through; none comes through
//! one, so LINKED has no effect (as documented for tokens that came through the API).

use cognate_crypto::jwt;
use cognate_model::{Exception, RevokeTokenRequest, RevokeTokenResponse};
use cognate_store::refresh_tokens;

use super::Held;
use super::client_secret::{self, Proof};
use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: RevokeTokenRequest) -> Result<RevokeTokenResponse, Error> {
    let unauthorized = || Error::refused(Exception::Unauthorized, "Invalid client or client secret.");
    let client = match cx.client(&request.client_id).await {
        Err(Error::Refused(_)) => return Err(unauthorized()),
        other => other?,
    };
    let pool = cx.pool(client.pool()).await?;
    if client_secret::prove(&pool, &client, request.client_secret.as_ref())? != Proof::Right {
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
