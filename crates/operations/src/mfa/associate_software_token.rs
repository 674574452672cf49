//! `AssociateSoftwareToken`: a new secret for a user's authenticator, of somebody signed in or in the middle of a sign-in
//! that asks for it (`MFA_SETUP`).
//!
//! Errors: NotAuthorized (access token, session), InvalidParameter (neither), SoftwareTokenMFANotFound (the pool has no
//! software tokens).

use cognate_model::{AssociateSoftwareTokenRequest, AssociateSoftwareTokenResponse};

use super::enrolment;
use crate::auth::SettingUp;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: AssociateSoftwareTokenRequest,
) -> Result<AssociateSoftwareTokenResponse, Error> {
    let Some(token) = &request.access_token else {
        return in_a_sign_in(cx, request.session.as_deref()).await;
    };
    let signed_in = tokens::authenticate(cx, token.expose()).await.map_err(tokens::gone_is_revoked)?;
    let secret = enrolment::associate(cx, &signed_in.pool, &signed_in.user).await.map_err(tokens::gone_is_revoked)?;
    Ok(AssociateSoftwareTokenResponse { secret_code: Some(secret), session: None })
}

async fn in_a_sign_in(cx: &Context, session: Option<&str>) -> Result<AssociateSoftwareTokenResponse, Error> {
    let setting_up = SettingUp::open(cx, session.ok_or_else(neither)?).await?;
    let secret = enrolment::associate(cx, &setting_up.pool, &setting_up.user).await.map_err(tokens::gone_is_revoked)?;
    let session = Some(setting_up.waiting(cx).await?);
    Ok(AssociateSoftwareTokenResponse { secret_code: Some(secret), session })
}

/// The rule is documented, the text is not recorded.
pub(super) fn neither() -> Error {
    Error::invalid("Missing required parameter AccessToken or Session")
}
