//! `RevokeUserSession`: a signed-in user ends another session of theirs.
//!
//! Errors: `NotAuthorized` (access token), `UserNotFound`, `ResourceNotFound` (session), `InvalidParameter` (the session
//! of the access token itself: signing out of it is `GlobalSignOut` or `RevokeToken`).

use cognate_model::{RevokeUserSessionRequest, RevokeUserSessionResponse};

use super::revoke;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: RevokeUserSessionRequest,
) -> Result<RevokeUserSessionResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    revoke(cx, &signed_in.pool, signed_in.user.id, &request.session_id, signed_in.event).await?;
    Ok(RevokeUserSessionResponse::default())
}
