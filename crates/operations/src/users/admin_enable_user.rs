//! `AdminEnableUser`: the user may sign in again. Tokens that were revoked stay revoked.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`. Enabling twice is no error.

use cognate_model::{AdminEnableUserRequest, AdminEnableUserResponse};

use super::change_user;
use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: AdminEnableUserRequest) -> Result<AdminEnableUserResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    change_user(cx, &pool, request.username, |_, _, user| {
        user.enabled = true;
        Ok(())
    })
    .await?;
    Ok(AdminEnableUserResponse::default())
}
