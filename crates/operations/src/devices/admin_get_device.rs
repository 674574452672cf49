//! `AdminGetDevice`: one device of a user.
//!
//! Errors: `ResourceNotFound` (pool, device, user: the model has no `UserNotFound` here),
//! `InvalidUserPoolConfiguration` (no device tracking).

use cognate_model::{AdminGetDeviceRequest, AdminGetDeviceResponse};
use cognate_store::devices;

use crate::{Context, Error, directory};

pub(crate) async fn handle(cx: &Context, request: AdminGetDeviceRequest) -> Result<AdminGetDeviceResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    super::require_tracking(&pool)?;
    let (user, stored) = cx
        .read(|tx| {
            let user = directory::find(tx, &pool, &request.username)?.ok_or_else(super::no_user)?;
            let stored = devices::get(tx, pool.id(), &user.id, &request.device_key)?.ok_or_else(super::unknown)?;
            Ok((user, stored))
        })
        .await?;
    let device = super::owned(cx, &pool, &user, |owner| stored.device.for_administrator(owner));
    Ok(AdminGetDeviceResponse { device })
}
