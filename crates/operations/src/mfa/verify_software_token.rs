//! `VerifySoftwareToken`: the first code of a new secret puts it in force.
//!
//! Errors: NotAuthorized (access token, session), UserNotFound, InvalidParameter (neither, name too long),
//! SoftwareTokenMFANotFound (not offered, never associated), EnableSoftwareTokenMFA (wrong code, used code),
//! TooManyRequests (too many wrong codes).

use cognate_model::{VerifySoftwareTokenRequest, VerifySoftwareTokenResponse, VerifySoftwareTokenResponseType};

use super::associate_software_token::neither;
use super::enrolment;
use crate::auth::SettingUp;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: VerifySoftwareTokenRequest,
) -> Result<VerifySoftwareTokenResponse, Error> {
    let (code, name) = (&request.user_code, request.friendly_device_name);
    let session = if let Some(token) = &request.access_token {
        let signed_in = tokens::authenticate(cx, token.expose()).await?;
        enrolment::verify(cx, &signed_in.pool, &signed_in.user, code, name).await?;
        None
    } else {
        let setting_up = SettingUp::open(cx, request.session.as_deref().ok_or_else(neither)?).await?;
        enrolment::verify(cx, &setting_up.pool, &setting_up.user, code, name).await?;
        Some(setting_up.verified(cx).await?)
    };
    Ok(VerifySoftwareTokenResponse { status: Some(VerifySoftwareTokenResponseType::Success), session })
}
