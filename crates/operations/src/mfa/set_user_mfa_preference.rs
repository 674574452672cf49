//! `SetUserMFAPreference`: signed-in users choose their second factors, and which one a sign-in asks for.
//!
//! Errors: NotAuthorized (access token), UserNotFound, InvalidParameter (two preferred, factor not usable),
//! UserNotConfirmed, PasswordResetRequired.

use cognate_domain::mfa_preference::{self, Asker, Preference};
use cognate_model::{SetUserMFAPreferenceRequest, SetUserMFAPreferenceResponse};

use crate::users::change_own;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: SetUserMFAPreferenceRequest,
) -> Result<SetUserMFAPreferenceResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let preference = Preference::from(&request);
    change_own(cx, &signed_in, move |_, pool, user| {
        Ok(mfa_preference::set_preference(pool, user, Asker::User, preference)?)
    })
    .await?;
    Ok(SetUserMFAPreferenceResponse::default())
}
