//! `AdminDisableUser`: the user may not sign in, and every token of theirs is refused.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`. Disabling twice is no error.

use cognate_model::{AdminDisableUserRequest, AdminDisableUserResponse};
use cognate_store::refresh_tokens;

use super::change_user;
use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: AdminDisableUserRequest) -> Result<AdminDisableUserResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let now = cx.now().micros();
    change_user(cx, &pool, request.username, move |tx, pool, user| {
        if user.enabled {
            user.enabled = false;
            user.hidden.signed_out_at = now;
            refresh_tokens::revoke_all(tx, pool.id(), &user.id)?;
        }
        Ok(())
    })
    .await?;
    Ok(AdminDisableUserResponse::default())
}
