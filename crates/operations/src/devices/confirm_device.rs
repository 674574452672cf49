//! `ConfirmDevice`: the device that was given a key at the sign-in leaves what it will prove itself by.
//!
//! Errors: `NotAuthorized` (access token), `UserNotFound`, `InvalidUserPoolConfiguration` (no device tracking),
//! `InvalidParameter` (not the key of this access token, malformed verifier), `DeviceKeyExists` (confirmed before).

use cognate_crypto::digest::constant_time_eq;
use cognate_domain::devices::{TrackedDevice, are_remembered_on_request};
use cognate_model::{ConfirmDeviceRequest, ConfirmDeviceResponse, Exception, Timestamp};
use cognate_store::{devices, users};

use super::DeviceSecret;
use crate::context::or_exists;
use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: ConfirmDeviceRequest) -> Result<ConfirmDeviceResponse, Error> {
    let signed_in = super::signed_in(cx, Some(&request.access_token)).await?;
    let (pool, user, key) = (signed_in.pool, signed_in.user.id, request.device_key);
    let bound = signed_in.device_key.unwrap_or_default();
    if !constant_time_eq(bound.as_bytes(), key.as_bytes()) {
        return Err(Error::invalid("Invalid device key given."));
    }
    let secret = DeviceSecret::read(request.device_secret_verifier_config.as_ref())?;
    let sealed = secret.seal(cx, &pool, &user, &key);
    let on_request = are_remembered_on_request(&pool);
    let now = cx.now();
    let device = TrackedDevice {
        key,
        name: request.device_name,
        remembered: !on_request,
        created: now,
        modified: now,
        authenticated: Timestamp::from_micros(signed_in.auth_time.saturating_mul(1_000_000)),
        address: cx.caller.address.map(|address| address.to_string()).unwrap_or_default(),
    };
    cx.write(move |tx| {
        // A user who is gone by now leaves nothing behind, and of two devices at once each is counted.
        if !users::hold(tx, pool.id(), &user)? {
            return Err(Error::no_user());
        }
        or_exists(devices::insert(tx, pool.id(), &user, &device, &sealed), exists)
    })
    .await?;
    Ok(ConfirmDeviceResponse { user_confirmation_necessary: Some(on_request) })
}

/// The exception is documented for this case, its text is not recorded.
fn exists() -> Error {
    Error::refused(Exception::DeviceKeyExists, "Device already exists.")
}
