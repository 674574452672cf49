//! `AssociateSoftwareToken`: a new secret for the authenticator of a signed-in user.
//!
//! Errors: NotAuthorized (access token, session), InvalidParameter (neither), SoftwareTokenMFANotFound (the pool has no
//! software tokens).

use cognate_model::{AssociateSoftwareTokenRequest, AssociateSoftwareTokenResponse};

use super::enrolment;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: AssociateSoftwareTokenRequest,
) -> Result<AssociateSoftwareTokenResponse, Error> {
    let Some(token) = &request.access_token else {
        return Err(without_access_token(request.session.as_deref()));
    };
    let signed_in = tokens::authenticate(cx, token.expose()).await.map_err(tokens::gone_is_revoked)?;
    let secret = enrolment::associate(cx, &signed_in.pool, &signed_in.user).await.map_err(tokens::gone_is_revoked)?;
    Ok(AssociateSoftwareTokenResponse { secret_code: Some(secret), session: None })
}

/// No challenge gives a session that enrols a token, so none is good here. The text for neither is not recorded.
pub(super) fn without_access_token(session: Option<&str>) -> Error {
    match session {
        Some(_) => Error::not_authorized("Invalid session for the user."),
        None => Error::invalid("Missing required parameter AccessToken or Session"),
    }
}
