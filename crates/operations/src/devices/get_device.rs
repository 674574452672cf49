//! `GetDevice`: one of a user's own devices.
//!
//! Errors: `NotAuthorized` (access token), `UserNotFound`, `InvalidUserPoolConfiguration` (no device tracking),
//! `ResourceNotFound` (device).

use cognate_model::{GetDeviceRequest, GetDeviceResponse};
use cognate_store::devices;

use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: GetDeviceRequest) -> Result<GetDeviceResponse, Error> {
    let signed_in = super::signed_in(cx, request.access_token.as_ref()).await?;
    let (pool, user) = (&signed_in.pool, signed_in.user.id);
    let found = cx.read(|tx| Ok(devices::get(tx, pool.id(), &user, &request.device_key)?)).await?;
    let stored = found.ok_or_else(super::unknown)?;
    Ok(GetDeviceResponse { device: stored.device.for_user() })
}
