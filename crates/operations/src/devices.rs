//! Devices: users confirm and manage their own, administrators those of anybody.

pub mod admin_forget_device;
pub mod admin_get_device;
pub mod admin_list_devices;
pub mod admin_update_device_status;
pub mod confirm_device;
pub mod forget_device;
pub mod get_device;
pub mod list_devices;
pub mod update_device_status;

mod secret;
mod status;

pub(crate) use secret::{DeviceSecret, group_key};

use cognate_domain::devices::{self, Owner};
use cognate_domain::{Pool, User};
use cognate_model::{Exception, Secret};

use crate::tokens::{self, SignedIn};
use crate::{Context, Error};

/// `ResourceNotFoundException`; clients that read it drop the key that they sent.
pub(crate) fn unknown() -> Error {
    Error::not_found("Device does not exist.")
}

/// Refuses a pool that does not track devices. The exception is inferred from the model, the text is not recorded.
fn require_tracking(pool: &Pool) -> Result<(), Error> {
    if devices::are_tracked(pool) {
        return Ok(());
    }
    let message = "Device tracking is not enabled for the user pool.";
    Err(Error::refused(Exception::InvalidUserPoolConfiguration, message))
}

/// Who asks about their own devices. The model does not require the token of some operations; nothing can be told
/// without it.
async fn signed_in(cx: &Context, token: Option<&Secret>) -> Result<SignedIn, Error> {
    let token = token.ok_or_else(|| Error::invalid("Missing required parameter AccessToken"))?;
    let signed_in = tokens::authenticate(cx, token.expose()).await?;
    require_tracking(&signed_in.pool)?;
    Ok(signed_in)
}

/// Runs `show` with the owner of devices that an administrator looks at.
fn owned<T>(cx: &Context, pool: &Pool, user: &User, show: impl FnOnce(&Owner<'_>) -> T) -> T {
    let settings = &cx.settings;
    let arn = format!("arn:{}:cognito-idp:{}:{}", settings.partition(), settings.region, settings.account);
    show(&Owner { arn: &arn, pool: pool.id(), username: &user.username })
}

/// An unknown user, to operations that do not model `UserNotFoundException`.
fn no_user() -> Error {
    Error::not_found("User does not exist.")
}
