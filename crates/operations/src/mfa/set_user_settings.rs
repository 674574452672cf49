//! `SetUserSettings`: the older way for signed-in users to turn text messages on or off as their second factor.
//!
//! Errors: NotAuthorized (access token), UserNotFound, InvalidParameter (anything but SMS to `phone_number`, no number).

use cognate_domain::mfa_preference::{self, Asker};
use cognate_model::{SetUserSettingsRequest, SetUserSettingsResponse};

use crate::users::change_own;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(cx: &Context, request: SetUserSettingsRequest) -> Result<SetUserSettingsResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let options = request.mfa_options;
    change_own(cx, &signed_in, move |_, pool, user| {
        Ok(mfa_preference::set_options(pool, user, Asker::User, &options)?)
    })
    .await?;
    Ok(SetUserSettingsResponse::default())
}
