//! `AdminRevokeUserSession`: ends one session of a user; its refresh and access tokens are refused at once.
//!
//! Errors: `ResourceNotFound` (pool, session), `UserNotFound`.

use cognate_model::{AdminRevokeUserSessionRequest, AdminRevokeUserSessionResponse};

use super::revoke;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminRevokeUserSessionRequest,
) -> Result<AdminRevokeUserSessionResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let user = cx.read(|tx| directory::get(tx, &pool, &request.username)).await?;
    revoke(cx, &pool, user.id, &request.session_id, None).await?;
    Ok(AdminRevokeUserSessionResponse::default())
}
