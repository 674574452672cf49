//! `StartWebAuthnRegistration`: what the browser of a signed-in user needs to make a passkey.
//!
//! Errors: `NotAuthorized` (access token), `PasswordResetRequired`, `WebAuthnNotEnabled` (passkeys are no first factor
//! of the pool), `WebAuthnConfigurationMissing` (no relying party), `LimitExceeded` (as many passkeys as there may be).

use cognate_crypto::random;
use cognate_domain::passkeys::{self as rules, RelyingParty};
use cognate_model::{Exception, StartWebAuthnRegistrationRequest, StartWebAuthnRegistrationResponse};
use cognate_store::passkey_challenges::{self, Begun};
use cognate_store::users;

use super::{of_user, signed_in};
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: StartWebAuthnRegistrationRequest,
) -> Result<StartWebAuthnRegistrationResponse, Error> {
    let signed_in = signed_in(cx, request.access_token.expose()).await?;
    let (pool, user) = (signed_in.pool, signed_in.user);
    rules::check_enabled(&pool)?;
    let party = RelyingParty::of(&pool).ok_or_else(no_relying_party)?;
    let registered = of_user(cx, &pool, &user.id).await?;
    rules::check_count(i64::try_from(registered.len()).unwrap_or(i64::MAX))?;
    let challenge: [u8; rules::CHALLENGE_LEN] = random::bytes(cx.random());
    let options = rules::creation_options(&party, &user, &registered, &challenge);
    let begun = Begun {
        client: signed_in.client.id().to_owned(),
        challenge: challenge.to_vec(),
        expires: cx.now().plus_seconds(rules::REGISTRATION_SECONDS).micros(),
    };
    cx.write(move |tx| {
        users::by_id(tx, pool.id(), &user.id)?.ok_or_else(Error::no_user)?;
        Ok(passkey_challenges::put(tx, pool.id(), &user.id, &begun)?)
    })
    .await
    .map_err(tokens::gone_is_revoked)?;
    Ok(StartWebAuthnRegistrationResponse { credential_creation_options: options })
}

/// The text is not recorded.
fn no_relying_party() -> Error {
    Error::refused(
        Exception::WebAuthnConfigurationMissing,
        "The user pool has no relying party: set WebAuthnConfiguration with SetUserPoolMfaConfig.",
    )
}
