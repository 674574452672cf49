//! Signing in with a passkey: the two halves of the `WEB_AUTHN` challenge.
//!
//! A sign-in asks [`available`], sends [`options`], keeps the challenge in its session, and gives the answer to
//! [`check`]; [`Checked::record`] belongs into the transaction in which the session is used up. [`verify`] does both
//! where no such transaction follows.

use std::sync::Arc;

use cognate_crypto::random;
use cognate_domain::passkeys::{self as rules, Assertion, Flaw, RelyingParty, Use, encode_id};
use cognate_domain::user::UserId;
use cognate_domain::{Pool, User};
use cognate_store::{Tx, passkeys};

use super::of_user;
use crate::{Context, Error, OpenPool};

/// A use of a passkey that was found right and is not written down yet.
#[derive(Clone)]
pub struct Checked {
    user: UserId,
    used: Use,
}

/// A use of a passkey that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whether the authenticator verified its user, by PIN or biometrics: such a passkey is two factors.
    pub user_verified: bool,
    /// The id of the passkey, as text.
    pub credential_id: String,
}

/// Whether the user has a passkey that the pool takes.
pub async fn available(cx: &Context, pool: &Pool, user: &User) -> Result<bool, Error> {
    let Some(party) = enabled(pool, user) else { return Ok(false) };
    let registered = of_user(cx, pool, &user.id).await?;
    Ok(registered.iter().any(|passkey| passkey.details.relying_party == party.id))
}

/// The options for the browser as JSON, and the new challenge in them. None where [`available`] says no.
pub async fn options(cx: &Context, pool: &Pool, user: &User) -> Result<Option<(String, Vec<u8>)>, Error> {
    let Some(party) = enabled(pool, user) else { return Ok(None) };
    let registered = of_user(cx, pool, &user.id).await?;
    let challenge: [u8; rules::CHALLENGE_LEN] = random::bytes(cx.random());
    let options = rules::request_options(&party, &registered, &challenge);
    Ok(options.map(|options| (options.to_string(), challenge.to_vec())))
}

/// Checks what the browser answered to this challenge, an `AuthenticationResponseJSON`. Whatever is wrong with it, the
/// caller hears the same; the log says what, if it is asked to.
pub async fn check(
    cx: &Context,
    pool: &Pool,
    user: &User,
    challenge: &[u8],
    credential: &str,
) -> Result<Checked, Error> {
    let assertion = Assertion::parse(credential).map_err(refused)?;
    let party = enabled(pool, user).ok_or_else(|| refused(Flaw::OtherRelyingParty))?;
    let passkey = cx.read(|tx| Ok(passkeys::get(tx, pool.id(), &user.id, &assertion.id)?)).await?;
    let passkey = passkey.ok_or_else(|| refused(Flaw::UnknownCredential))?;
    let outcome = rules::verify(&assertion, user, &passkey, challenge, &party).map_err(refused)?;
    Ok(Checked { user: user.id, used: outcome })
}

impl Checked {
    /// What it says.
    pub fn verified(&self) -> Verified {
        Verified { user_verified: self.used.user_verified, credential_id: encode_id(&self.used.id) }
    }

    /// Writes the use down, in the transaction of its effect: of two uses with one count, one wins, and a passkey that
    /// was deleted meanwhile lets nobody in.
    pub fn record(&self, tx: &mut dyn Tx, pool: &Pool) -> Result<(), Error> {
        let passkey = passkeys::get(tx, pool.id(), &self.user, &self.used.id)?;
        let mut passkey = passkey.ok_or_else(|| refused(Flaw::UnknownCredential))?;
        self.used.apply(&mut passkey).map_err(refused)?;
        Ok(passkeys::update(tx, pool.id(), &passkey)?)
    }
}

/// [`check`] and [`Checked::record`] in a transaction of their own.
pub async fn verify(
    cx: &Context,
    pool: &Arc<OpenPool>,
    user: &User,
    challenge: &[u8],
    credential: &str,
) -> Result<Verified, Error> {
    let checked = check(cx, pool, user, challenge, credential).await?;
    let (recorded, pool) = (checked.clone(), Arc::clone(pool));
    cx.write(move |tx| recorded.record(tx, &pool)).await?;
    Ok(checked.verified())
}

/// The relying party of a pool that takes passkeys, as it appears to this user.
fn enabled(pool: &Pool, user: &User) -> Option<RelyingParty> {
    rules::check_enabled(pool).ok().and_then(|()| RelyingParty::for_sign_in(pool, user))
}

/// The text is that of a wrong password; none is recorded for passkeys.
fn refused(flaw: Flaw) -> Error {
    tracing::debug!(%flaw, "a sign-in with a passkey was refused");
    Error::not_authorized("Incorrect username or password.")
}
