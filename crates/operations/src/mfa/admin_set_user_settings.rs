//! `AdminSetUserSettings`: the older way to turn text messages on or off as the second factor.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `InvalidParameter` (anything but SMS to `phone_number`).

use cognate_domain::mfa_preference::{self, Asker};
use cognate_model::{AdminSetUserSettingsRequest, AdminSetUserSettingsResponse};

use crate::users::change_user;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminSetUserSettingsRequest,
) -> Result<AdminSetUserSettingsResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let options = request.mfa_options;
    change_user(cx, &pool, request.username, move |_, pool, user| {
        Ok(mfa_preference::set_options(pool, user, Asker::Administrator, &options)?)
    })
    .await?;
    Ok(AdminSetUserSettingsResponse::default())
}
