//! `UpdateDeviceStatus`: a user remembers one of their own devices, or no longer.
//!
//! Errors: `NotAuthorized` (access token), `UserNotFound`, `InvalidUserPoolConfiguration` (no device tracking),
//! `InvalidParameter` (no status), `ResourceNotFound` (device).

use cognate_model::{UpdateDeviceStatusRequest, UpdateDeviceStatusResponse};

use super::status;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: UpdateDeviceStatusRequest,
) -> Result<UpdateDeviceStatusResponse, Error> {
    let signed_in = super::signed_in(cx, Some(&request.access_token)).await?;
    let wanted = status::read(request.device_remembered_status)?;
    let (pool, user, key, now) = (signed_in.pool, signed_in.user.id, request.device_key, cx.now().micros());
    cx.write(move |tx| status::write(tx, pool.id(), &user, &key, wanted, now)).await?;
    Ok(UpdateDeviceStatusResponse::default())
}
