//! `AdminGetUserAuthFactors`: with what a user can prove who they are.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`.

use cognate_domain::auth_factors;
use cognate_domain::sign_in::Means;
use cognate_model::{AdminGetUserAuthFactorsRequest, AdminGetUserAuthFactorsResponse};

use crate::passkeys::assertion;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminGetUserAuthFactorsRequest,
) -> Result<AdminGetUserAuthFactorsResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let user = cx.read(|tx| directory::get(tx, &pool, &request.username)).await?;
    let means = Means { passkey: assertion::available(cx, &pool, &user).await? };
    Ok(AdminGetUserAuthFactorsResponse {
        preferred_mfa_setting: user.hidden.mfa.preferred.clone(),
        user_mfa_setting_list: user.hidden.mfa.setting_list(),
        configured_user_auth_factors: Some(auth_factors::configured(&pool, &user, means)),
        username: user.username,
    })
}
