//! New tokens from a refresh token.

use super::flow::SignIn;
use super::{Outcome, Parameters, secret_hash};
use crate::tokens::renewal;
use crate::triggers::pre_token_generation::{Cause, Source};
use crate::{Context, Error};

/// Answers fresh access and ID tokens; the refresh token stays the one that the client has.
pub(super) async fn refresh(cx: &Context, sign_in: &SignIn<'_>, parameters: &Parameters) -> Result<Outcome, Error> {
    let (pool, client) = (sign_in.pool, sign_in.client);
    let token = parameters.require("REFRESH_TOKEN")?;
    // A bad refresh token is reported before a bad secret hash, as recorded from the live service.
    let presented = renewal::present(cx, pool, client, token, parameters.get("DEVICE_KEY")).await?;
    presented.check(cx.now())?;
    let (username, sub) = (&presented.user.username, presented.user.sub());
    secret_hash::check(pool, client, &[username, &sub], parameters.get("SECRET_HASH"), secret_hash::Wording::Flow)?;
    // What was passed reaches triggers before authentication only, and there is none here.
    let cause = Cause { source: Source::RefreshTokens, metadata: None };
    let result = renewal::renew(cx, pool, client, presented, sign_in.address.as_deref(), cause).await?;
    Ok(Outcome::Tokens(result))
}
