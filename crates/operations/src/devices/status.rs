//! Remembering a device, or no longer.

use cognate_domain::user::UserId;
use cognate_model::DeviceRememberedStatusType;
use cognate_store::{Tx, devices};

use super::unknown;
use crate::Error;

/// Reads the status to set. The model does not require it, and there is nothing to do without one.
pub(super) fn read(status: Option<DeviceRememberedStatusType>) -> Result<DeviceRememberedStatusType, Error> {
    status.ok_or_else(|| Error::invalid("Missing required parameter DeviceRememberedStatus"))
}

/// Writes the status of a device.
pub(super) fn write(
    tx: &mut dyn Tx,
    pool: &str,
    user: &UserId,
    key: &str,
    status: DeviceRememberedStatusType,
    now: i64,
) -> Result<(), Error> {
    let remembered = i64::from(status == DeviceRememberedStatusType::Remembered);
    if devices::set_remembered(tx, pool, user, key, remembered, now)? { Ok(()) } else { Err(unknown()) }
}
