//! New tokens from a refresh token.

use std::sync::Arc;

use cognate_domain::User;
use cognate_store::refresh_tokens::{self, Family};
use cognate_store::users;

use super::flow::SignIn;
use super::{Outcome, Parameters, device, secret_hash};
use crate::tokens::{self, Grant};
use crate::{Context, Error};

/// Answers fresh access and ID tokens; the refresh token stays the one that the client has.
pub(super) async fn refresh(cx: &Context, sign_in: &SignIn<'_>, parameters: &Parameters) -> Result<Outcome, Error> {
    let (pool, client) = (sign_in.pool, sign_in.client);
    let token = parameters.require("REFRESH_TOKEN")?;
    // A bad refresh token is reported before a bad secret hash, as recorded from the live service.
    let (user, family) = check(cx, sign_in, token).await?;
    device::check_refresh(cx, pool, &family, parameters.get("DEVICE_KEY")).await?;
    let sub = user.sub();
    secret_hash::check(
        pool,
        client,
        &[&user.username, &sub],
        parameters.get("SECRET_HASH"),
        secret_hash::Wording::Flow,
    )?;
    let grant = Grant::from_family(&family, cx.now());
    let result = tokens::issue(cx, Arc::clone(pool), client, &user, grant).await?;
    Ok(Outcome::Tokens(result))
}

/// The user and the family behind a refresh token that is still good.
pub(crate) async fn check(cx: &Context, sign_in: &SignIn<'_>, token: &str) -> Result<(User, Family), Error> {
    let invalid = || Error::not_authorized("Invalid Refresh Token");
    let held = tokens::open_refresh_token(sign_in.pool, token).ok_or_else(invalid)?;
    if held.client != sign_in.client.id() {
        return Err(invalid());
    }
    let pool = sign_in.pool;
    let found = cx
        .read(|tx| {
            let user = users::by_id(tx, pool.id(), &held.user)?;
            let family = refresh_tokens::get(tx, pool.id(), &held.user, &held.family)?;
            Ok(user.zip(family))
        })
        .await?;
    let expired = || Error::not_authorized("Refresh Token has expired");
    let forgotten = || if held.expires <= cx.now().micros() { expired() } else { invalid() };
    let (user, family) = found.ok_or_else(forgotten)?;
    if !user.enabled {
        return Err(Error::not_authorized("User is disabled."));
    }
    if family.revoked {
        return Err(Error::not_authorized("Refresh Token has been revoked"));
    }
    if family.expires <= cx.now().micros() {
        return Err(expired());
    }
    Ok((user, family))
}
