//! `GetUserAuthFactors`: with what a signed-in user can prove who they are.
//!
//! Errors: NotAuthorized (access token), UserNotFound.

use cognate_domain::auth_factors;
use cognate_domain::sign_in::Means;
use cognate_model::{GetUserAuthFactorsRequest, GetUserAuthFactorsResponse};

use crate::passkeys::assertion;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: GetUserAuthFactorsRequest,
) -> Result<GetUserAuthFactorsResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let (pool, user) = (signed_in.pool, signed_in.user);
    let means = Means { passkey: assertion::available(cx, &pool, &user).await? };
    Ok(GetUserAuthFactorsResponse {
        preferred_mfa_setting: user.hidden.mfa.preferred.clone(),
        user_mfa_setting_list: user.hidden.mfa.setting_list(),
        configured_user_auth_factors: Some(auth_factors::configured(&pool, &user, means)),
        username: user.username,
    })
}
