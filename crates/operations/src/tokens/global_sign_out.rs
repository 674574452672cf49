//! `GlobalSignOut`: a signed-in user ends all their sessions.
//!
//! Errors: `NotAuthorized` (access token).

use cognate_model::{Exception, GlobalSignOutRequest, GlobalSignOutResponse};
use cognate_store::users;

use super::admin_user_global_sign_out::end_sessions;
use super::authenticate;
use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: GlobalSignOutRequest) -> Result<GlobalSignOutResponse, Error> {
    let signed_in = match authenticate(cx, request.access_token.expose()).await {
        // The operation does not model UserNotFoundException: the token of a user who is gone is a revoked one.
        Err(Error::Refused(refusal)) if refusal.exception == Exception::UserNotFound => {
            return Err(Error::not_authorized("Access Token has been revoked"));
        }
        other => other?,
    };
    let (pool, id, now) = (signed_in.pool, signed_in.user.id, cx.now());
    cx.write(move |tx| {
        let user = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        end_sessions(tx, &pool, user, now)
    })
    .await?;
    Ok(GlobalSignOutResponse::default())
}
