//! `VerifySoftwareToken`: the first code of a new secret puts it in force.
//!
//! Errors: NotAuthorized (access token, session), UserNotFound, InvalidParameter (neither, name too long),
//! SoftwareTokenMFANotFound (not offered, never associated), EnableSoftwareTokenMFA (wrong code, used code),
//! TooManyRequests (too many wrong codes).

use cognate_model::{VerifySoftwareTokenRequest, VerifySoftwareTokenResponse, VerifySoftwareTokenResponseType};

use super::associate_software_token::without_access_token;
use super::enrolment;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: VerifySoftwareTokenRequest,
) -> Result<VerifySoftwareTokenResponse, Error> {
    let Some(token) = &request.access_token else {
        return Err(without_access_token(request.session.as_deref()));
    };
    let signed_in = tokens::authenticate(cx, token.expose()).await?;
    let name = request.friendly_device_name;
    enrolment::verify(cx, &signed_in.pool, &signed_in.user, &request.user_code, name).await?;
    Ok(VerifySoftwareTokenResponse { status: Some(VerifySoftwareTokenResponseType::Success), session: None })
}
