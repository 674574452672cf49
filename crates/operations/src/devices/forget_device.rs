//! `ForgetDevice`: removes one of a user's own devices; sessions that it began cannot be refreshed any more.
//!
//! Errors: `NotAuthorized` (access token), `UserNotFound`, `InvalidUserPoolConfiguration` (no device tracking),
//! `ResourceNotFound` (device).

use cognate_model::ForgetDeviceRequest;
use cognate_store::devices;

use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: ForgetDeviceRequest) -> Result<(), Error> {
    let signed_in = super::signed_in(cx, request.access_token.as_ref()).await?;
    let (pool, user, key) = (signed_in.pool, signed_in.user.id, request.device_key);
    let was_there = cx.write(move |tx| Ok(devices::delete(tx, pool.id(), &user, &key)?)).await?;
    if was_there { Ok(()) } else { Err(super::unknown()) }
}
