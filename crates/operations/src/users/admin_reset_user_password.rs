//! `AdminResetUserPassword`: the password stops working, and a code to set a new one is sent.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `NotAuthorized` (status, disabled), `InvalidParameter` (nowhere to
//! send), `LimitExceeded`.

use std::sync::Arc;

use cognate_domain::user_status;
use cognate_model::{AdminResetUserPasswordRequest, AdminResetUserPasswordResponse};
use cognate_store::users;

use crate::auth::start_recovery;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminResetUserPasswordRequest,
) -> Result<AdminResetUserPasswordResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let user = cx.read(|tx| directory::get(tx, &pool, &request.username)).await?;
    let destination = user_status::reset_password(&pool, &mut user.clone())?;
    let metadata = request.client_metadata.as_ref();
    let reset = Arc::new(start_recovery(cx, &pool, &user, &destination, None, metadata).await?);
    let (now, written, pool) = (cx.now(), Arc::clone(&reset), Arc::clone(&pool));
    cx.write(move |tx| {
        let before = users::by_id(tx, pool.id(), &user.id)?.ok_or_else(Error::no_user)?;
        let mut after = before.clone();
        user_status::reset_password(&pool, &mut after)?;
        after.modified = now;
        directory::update(tx, &pool, &before, &after)?;
        written.insert(tx, &pool, &after.id)
    })
    .await?;
    reset.announce();
    Ok(AdminResetUserPasswordResponse::default())
}
