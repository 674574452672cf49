//! `AdminListUserSessions`: the sessions of a user that are alive, newest first.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `InvalidParameter` (token).

use cognate_model::{AdminListUserSessionsRequest, AdminListUserSessionsResponse};

use super::list;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminListUserSessionsRequest,
) -> Result<AdminListUserSessionsResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let user = cx.read(|tx| directory::get(tx, &pool, &request.username)).await?;
    let token = request.next_token.as_deref();
    let (sessions, next_token) = list(cx, &pool, &user.id, "AdminListUserSessions", token, None).await?;
    Ok(AdminListUserSessionsResponse { sessions: Some(sessions), next_token })
}
