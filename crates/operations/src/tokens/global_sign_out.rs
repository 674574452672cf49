//! `GlobalSignOut`: a signed-in user ends all their sessions.
//!
//! Errors: `NotAuthorized` (access token).

use cognate_model::{GlobalSignOutRequest, GlobalSignOutResponse};
use cognate_store::users;

use super::admin_user_global_sign_out::end_sessions;
use super::{authenticate, gone_is_revoked};
use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: GlobalSignOutRequest) -> Result<GlobalSignOutResponse, Error> {
    let signed_in = authenticate(cx, request.access_token.expose()).await.map_err(gone_is_revoked)?;
    let (pool, id, now) = (signed_in.pool, signed_in.user.id, cx.now());
    cx.write(move |tx| {
        let user = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        end_sessions(tx, &pool, user, now)
    })
    .await
    .map_err(gone_is_revoked)?;
    Ok(GlobalSignOutResponse::default())
}
