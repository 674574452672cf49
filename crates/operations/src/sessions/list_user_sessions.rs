//! `ListUserSessions`: a signed-in user sees where else they are signed in.
//!
//! Errors: `NotAuthorized` (access token), `UserNotFound`, `InvalidParameter` (token).

use cognate_model::{ListUserSessionsRequest, ListUserSessionsResponse};

use super::list;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(cx: &Context, request: ListUserSessionsRequest) -> Result<ListUserSessionsResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let (pool, user, event) = (&signed_in.pool, &signed_in.user.id, signed_in.event.as_ref());
    let token = request.next_token.as_deref();
    let (sessions, next_token) = list(cx, pool, user, "ListUserSessions", token, event).await?;
    Ok(ListUserSessionsResponse { sessions: Some(sessions), next_token })
}
