//! `ListWebAuthnCredentials`: a signed-in user's passkeys, oldest first, page by page.
//!
//! Errors: `NotAuthorized` (access token), `PasswordResetRequired`, `InvalidParameter` (token).

use cognate_domain::passkeys::{Passkey, encode_id};
use cognate_model::{ListWebAuthnCredentialsRequest, ListWebAuthnCredentialsResponse, WebAuthnCredentialDescription};
use cognate_store::passkeys::{self, Place};

use super::signed_in;
use crate::{Context, Error, page};

/// The largest page (`WebAuthnCredentialsQueryLimitType`, API Reference).
const LARGEST: i64 = 20;

pub(crate) async fn handle(
    cx: &Context,
    request: ListWebAuthnCredentialsRequest,
) -> Result<ListWebAuthnCredentialsResponse, Error> {
    let signed_in = signed_in(cx, request.access_token.expose()).await?;
    let (pool, user) = (&signed_in.pool, &signed_in.user);
    let sub = user.sub();
    let question = ["ListWebAuthnCredentials", pool.id(), &sub];
    let after: Option<Place> = page::open(cx, pool, &question, request.next_token.as_deref())?;
    let size = page::size(request.max_results).min(LARGEST);
    let found = cx.read(|tx| Ok(passkeys::list(tx, pool.id(), &user.id, after.as_ref(), size + 1)?)).await?;
    let (found, more) = page::cut(found, size);
    let last = found.last().filter(|_| more);
    let place = last.map(|last| (last.created.micros(), last.id.clone()));
    let next_token = place.map(|place: Place| page::seal(cx, pool, &question, place)).transpose()?;
    Ok(ListWebAuthnCredentialsResponse { credentials: found.iter().map(description).collect(), next_token })
}

fn description(passkey: &Passkey) -> WebAuthnCredentialDescription {
    WebAuthnCredentialDescription {
        credential_id: encode_id(&passkey.id),
        friendly_credential_name: passkey.friendly_name().to_owned(),
        relying_party_id: passkey.details.relying_party.clone(),
        authenticator_attachment: passkey.details.attachment.map(|attachment| attachment.as_str().to_owned()),
        authenticator_transports: passkey.details.transports.clone(),
        created_at: passkey.created,
    }
}
