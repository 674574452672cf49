//! `AdminSetUserMFAPreference`: which second factors a user has, and which one a sign-in asks for.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `InvalidParameter` (two preferred, factor not usable),
//! `UserNotConfirmed`, `PasswordResetRequired`.

use cognate_domain::mfa_preference::{self, Asker, Preference};
use cognate_model::{AdminSetUserMFAPreferenceRequest, AdminSetUserMFAPreferenceResponse};

use crate::users::change_user;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminSetUserMFAPreferenceRequest,
) -> Result<AdminSetUserMFAPreferenceResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let preference = Preference::from(&request);
    change_user(cx, &pool, request.username, move |_, pool, user| {
        Ok(mfa_preference::set_preference(pool, user, Asker::Administrator, preference)?)
    })
    .await?;
    Ok(AdminSetUserMFAPreferenceResponse::default())
}
