//! `AdminUserGlobalSignOut`: ends every session of a user; refresh and access tokens are refused at once.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`.

use std::sync::Arc;

use cognate_domain::{Pool, User};
use cognate_model::{AdminUserGlobalSignOutRequest, AdminUserGlobalSignOutResponse, Timestamp};
use cognate_store::{Tx, refresh_tokens, users};

use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminUserGlobalSignOutRequest,
) -> Result<AdminUserGlobalSignOutResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let now = cx.now();
    let pool = Arc::clone(&pool);
    cx.write(move |tx| {
        let user = directory::get(tx, &pool, &request.username)?;
        end_sessions(tx, &pool, user, now)
    })
    .await?;
    Ok(AdminUserGlobalSignOutResponse::default())
}

/// Revokes every family, and remembers the moment for tokens that have none.
pub(crate) fn end_sessions(tx: &mut dyn Tx, pool: &Pool, mut user: User, now: Timestamp) -> Result<(), Error> {
    refresh_tokens::revoke_all(tx, pool.id(), &user.id)?;
    user.hidden.signed_out_at = now.micros();
    Ok(users::update(tx, pool.id(), &user)?)
}
