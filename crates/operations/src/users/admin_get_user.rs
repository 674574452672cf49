//! `AdminGetUser`: a user by name, `sub` or alias.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`.

use cognate_model::{AdminGetUserRequest, AdminGetUserResponse};

use crate::{Context, Error, directory};

pub(crate) async fn handle(cx: &Context, request: AdminGetUserRequest) -> Result<AdminGetUserResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let user = cx.read(|tx| directory::get(tx, &pool, &request.username)).await?;
    let mfa = &user.hidden.mfa;
    Ok(AdminGetUserResponse {
        user_attributes: Some(user.attribute_list()),
        user_create_date: Some(user.created),
        user_last_modified_date: Some(user.modified),
        enabled: Some(user.enabled),
        user_status: Some(user.status),
        mfa_options: (!mfa.options.is_empty()).then(|| mfa.options.clone()),
        preferred_mfa_setting: mfa.preferred.clone(),
        user_mfa_setting_list: mfa.setting_list(),
        username: user.username,
    })
}
