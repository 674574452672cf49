//! `CompleteWebAuthnRegistration`: keeps the passkey that the browser made.
//!
//! Errors: `NotAuthorized` (access token), `PasswordResetRequired`, `WebAuthnNotEnabled`, `WebAuthnChallengeNotFound` (no
//! registration was begun, or it is over), `WebAuthnClientMismatch` (it was begun with another app client),
//! `WebAuthnOriginNotAllowed`, `WebAuthnRelyingPartyMismatch`, `WebAuthnCredentialNotSupported` (key, attestation, not
//! discoverable, no user verification where the pool asks for it), `InvalidParameter` (anything else about the
//! credential, registered already), `LimitExceeded` (as many passkeys as there may be).

use std::sync::Arc;

use cognate_domain::passkeys::{self as rules, Flaw, Passkey, RelyingParty};
use cognate_model::{CompleteWebAuthnRegistrationRequest, CompleteWebAuthnRegistrationResponse};
use cognate_store::passkey_challenges::{self, Begun};
use cognate_store::{passkeys, users};
use serde_json::Value;

use super::signed_in;
use crate::context::or_exists;
use crate::tokens::SignedIn;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: CompleteWebAuthnRegistrationRequest,
) -> Result<CompleteWebAuthnRegistrationResponse, Error> {
    let signed_in = signed_in(cx, request.access_token.expose()).await?;
    rules::check_enabled(&signed_in.pool)?;
    let begun = begun(cx, &signed_in).await?;
    let passkey = registered(cx, &signed_in, &request.credential, &begun.challenge)?;
    let pool = Arc::clone(&signed_in.pool);
    cx.write(move |tx| {
        // A user who is being deleted leaves no passkey behind.
        if !users::hold(tx, pool.id(), &passkey.user)? {
            return Err(rules::no_challenge().into());
        }
        // The challenge is the user's one: whoever takes it counts alone. A user who is gone has none.
        if !passkey_challenges::take(tx, pool.id(), &passkey.user, &begun.challenge)? {
            return Err(rules::no_challenge().into());
        }
        rules::check_count(passkeys::count(tx, pool.id(), &passkey.user)?)?;
        let inserted = passkeys::insert(tx, pool.id(), &passkey);
        or_exists(inserted, || Flaw::AlreadyRegistered.refusal().into())
    })
    .await?;
    Ok(CompleteWebAuthnRegistrationResponse::default())
}

/// The registration that is being completed. A failed attempt leaves it: the challenge cannot be guessed, and what was
/// signed for it is good once.
async fn begun(cx: &Context, signed_in: &SignedIn) -> Result<Begun, Error> {
    let (pool, user) = (signed_in.pool.id(), &signed_in.user.id);
    let found = cx.read(|tx| Ok(passkey_challenges::get(tx, pool, user)?)).await?;
    let begun = found.filter(|begun| begun.expires > cx.now().micros()).ok_or_else(rules::no_challenge)?;
    if begun.client == signed_in.client.id() { Ok(begun) } else { Err(rules::other_client().into()) }
}

fn registered(cx: &Context, signed_in: &SignedIn, credential: &Value, challenge: &[u8]) -> Result<Passkey, Error> {
    // A pool that lost its relying party meanwhile matches none.
    let party = RelyingParty::of(&signed_in.pool).ok_or_else(|| Flaw::OtherRelyingParty.refusal())?;
    let registered = rules::register(credential, challenge, &party).map_err(Flaw::refusal)?;
    Ok(Passkey {
        id: registered.id,
        user: signed_in.user.id,
        public_key: registered.public_key,
        counter: registered.counter,
        backed_up: registered.backed_up,
        created: cx.now(),
        details: registered.details,
        version: 1,
    })
}
