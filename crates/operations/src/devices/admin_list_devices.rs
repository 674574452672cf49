//! `AdminListDevices`: every device that a user confirmed, oldest first.
//!
//! Errors: `ResourceNotFound` (pool, user: the model has no `UserNotFound` here), `InvalidUserPoolConfiguration` (no
//! device tracking), `InvalidParameter` (token).

use cognate_model::{AdminListDevicesRequest, AdminListDevicesResponse};
use cognate_store::devices::{self, Which};

use crate::{Context, Error, directory, page};

pub(crate) async fn handle(cx: &Context, request: AdminListDevicesRequest) -> Result<AdminListDevicesResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    super::require_tracking(&pool)?;
    let size = page::size(request.limit);
    let user = cx.read(|tx| directory::find(tx, &pool, &request.username)).await?.ok_or_else(super::no_user)?;
    let sub = user.sub();
    let question = ["AdminListDevices", &sub];
    let after: Option<String> = page::open(cx, &pool, &question, request.pagination_token.as_deref())?;
    let found =
        cx.read(|tx| Ok(devices::list(tx, pool.id(), &user.id, Which::All, after.as_deref(), size + 1)?)).await?;
    let (found, more) = page::cut(found, size);
    let last = found.last().filter(|_| more);
    let pagination_token = last.map(|device| page::seal(cx, &pool, &question, &device.key)).transpose()?;
    let devices =
        super::owned(cx, &pool, &user, |owner| found.iter().map(|device| device.for_administrator(owner)).collect());
    Ok(AdminListDevicesResponse { devices: Some(devices), pagination_token })
}
