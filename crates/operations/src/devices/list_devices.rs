//! `ListDevices`: a user's own remembered devices. Those that wait for their user to say so are not listed, as users of
//! the live service found.
//!
//! Errors: `NotAuthorized` (access token), `UserNotFound`, `InvalidUserPoolConfiguration` (no device tracking),
//! `InvalidParameter` (token).

use cognate_domain::devices::TrackedDevice;
use cognate_model::{ListDevicesRequest, ListDevicesResponse};
use cognate_store::devices::{self, Which};

use crate::{Context, Error, page};

pub(crate) async fn handle(cx: &Context, request: ListDevicesRequest) -> Result<ListDevicesResponse, Error> {
    let signed_in = super::signed_in(cx, Some(&request.access_token)).await?;
    let (pool, user) = (&signed_in.pool, signed_in.user.id);
    let size = page::size(request.limit);
    let sub = signed_in.user.sub();
    let question = ["ListDevices", &sub];
    let after: Option<String> = page::open(cx, pool, &question, request.pagination_token.as_deref())?;
    let found =
        cx.read(|tx| Ok(devices::list(tx, pool.id(), &user, Which::Remembered, after.as_deref(), size + 1)?)).await?;
    let (found, more) = page::cut(found, size);
    let last = found.last().filter(|_| more);
    let pagination_token = last.map(|device| page::seal(cx, pool, &question, &device.key)).transpose()?;
    let devices = found.iter().map(TrackedDevice::for_user).collect();
    Ok(ListDevicesResponse { devices: Some(devices), pagination_token })
}
