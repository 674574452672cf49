//! Remembered devices at sign-in.

use std::collections::BTreeMap;

use cognate_domain::sign_in::Device;

use super::course::Course;
use crate::{Context, Error};

/// The device that the sign-in came from, as far as its user knows it.
#[expect(clippy::unused_async, reason = "looked up in the store once devices are kept")]
pub(super) async fn known(_cx: &Context, _course: &Course<'_>) -> Result<Device, Error> {
    Ok(Device::Unknown)
}

/// What the client needs to answer for its device.
pub(super) fn parameters(course: &Course<'_>) -> BTreeMap<String, String> {
    BTreeMap::from([("USERNAME".to_owned(), course.user.username.clone())])
}
