//! `AdminConfirmSignUp`: confirms a user who signed up, without the code.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `NotAuthorized` (any status but UNCONFIRMED), `UnexpectedLambda`.

use cognate_domain::user_status;
use cognate_model::{AdminConfirmSignUpRequest, AdminConfirmSignUpResponse};

use super::change_user;
use crate::{Context, Error, triggers};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminConfirmSignUpRequest,
) -> Result<AdminConfirmSignUpResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    change_user(cx, &pool, request.username, |_, pool, user| {
        user_status::confirm_sign_up(user)?;
        triggers::require_reachable(pool, triggers::POST_CONFIRMATION)
    })
    .await?;
    Ok(AdminConfirmSignUpResponse::default())
}
