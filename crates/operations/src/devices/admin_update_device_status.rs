//! `AdminUpdateDeviceStatus`: remembers a device of a user, or no longer.
//!
//! Errors: `ResourceNotFound` (pool, device), `InvalidUserPoolConfiguration` (no device tracking), `InvalidParameter`
//! (no status), `UserNotFound`.

use std::sync::Arc;

use cognate_model::{AdminUpdateDeviceStatusRequest, AdminUpdateDeviceStatusResponse};

use super::status;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminUpdateDeviceStatusRequest,
) -> Result<AdminUpdateDeviceStatusResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    super::require_tracking(&pool)?;
    let wanted = status::read(request.device_remembered_status)?;
    let (pool, now) = (Arc::clone(&pool), cx.now().micros());
    cx.write(move |tx| {
        let user = directory::get(tx, &pool, &request.username)?;
        status::write(tx, pool.id(), &user.id, &request.device_key, wanted, now)
    })
    .await?;
    Ok(AdminUpdateDeviceStatusResponse::default())
}
