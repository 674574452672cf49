//! `DeleteWebAuthnCredential`: a signed-in user gives up a passkey.
//!
//! Errors: `NotAuthorized` (access token), `PasswordResetRequired`, `ResourceNotFound` (the user has no such passkey).

use cognate_domain::passkeys::{decode_id, unknown};
use cognate_model::{DeleteWebAuthnCredentialRequest, DeleteWebAuthnCredentialResponse};
use cognate_store::passkeys;

use super::signed_in;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: DeleteWebAuthnCredentialRequest,
) -> Result<DeleteWebAuthnCredentialResponse, Error> {
    let signed_in = signed_in(cx, request.access_token.expose()).await?;
    let id = decode_id(&request.credential_id).ok_or_else(unknown)?;
    let (pool, user) = (signed_in.pool, signed_in.user.id);
    let existed = cx.write(move |tx| Ok::<_, Error>(passkeys::delete(tx, pool.id(), &user, &id)?)).await?;
    if existed { Ok(DeleteWebAuthnCredentialResponse::default()) } else { Err(unknown().into()) }
}
