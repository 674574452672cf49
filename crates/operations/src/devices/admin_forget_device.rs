//! `AdminForgetDevice`: removes a device of a user; sessions that it began cannot be refreshed any more.
//!
//! Errors: `ResourceNotFound` (pool, device), `InvalidUserPoolConfiguration` (no device tracking), `UserNotFound`.

use std::sync::Arc;

use cognate_model::AdminForgetDeviceRequest;
use cognate_store::devices;

use crate::{Context, Error, directory};

pub(crate) async fn handle(cx: &Context, request: AdminForgetDeviceRequest) -> Result<(), Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    super::require_tracking(&pool)?;
    let pool = Arc::clone(&pool);
    cx.write(move |tx| {
        let user = directory::get(tx, &pool, &request.username)?;
        let was_there = devices::delete(tx, pool.id(), &user.id, &request.device_key)?;
        if was_there { Ok(()) } else { Err(super::unknown()) }
    })
    .await
}
