//! Enrolling a software token: a secret for the user's authenticator, and the first code that proves it arrived.
//!
//! Both steps work on a user, however they proved who they are: by an access token or in the middle of a sign-in.

use std::sync::Arc;

use cognate_crypto::totp::{self, TotpError};
use cognate_domain::software_token::{self, Awaiting};
use cognate_domain::user::UserId;
use cognate_domain::{Refusal, User};
use cognate_model::Secret;
use cognate_store::{attempts, users};

use super::software_token::{DRIFT, token_place};
use crate::codes::{as_too_many_requests, too_many};
use crate::{Context, Error, OpenPool};

/// What wrong codes are counted under.
const WRONG: &str = "VerifySoftwareToken";
/// How many of an hour are heard.
const MOST_WRONG: i64 = 10;
/// An hour in microseconds.
const WINDOW: i64 = 3_600_000_000;

/// Gives the user a new secret, which waits for its first code; an enrolled token works until then.
pub(crate) async fn associate(cx: &Context, pool: &Arc<OpenPool>, user: &User) -> Result<Secret, Error> {
    software_token::check_offered(pool)?;
    let secret = totp::generate_secret(cx.random());
    let sealed = pool.at_rest.seal(&*secret, &token_place(pool.id(), &user.id), cx.random());
    let (pool, id) = (Arc::clone(pool), user.id);
    cx.write(move |tx| {
        let mut user = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        software_token::begin(&mut user.hidden.mfa, sealed.clone());
        Ok(users::update(tx, pool.id(), &user)?)
    })
    .await?;
    Ok(Secret::from(totp::encode_secret(&*secret).as_str()))
}

/// Checks the first code of the secret that waits, and puts the secret in force. The code is good this once: a sign-in
/// wants the next one.
pub(crate) async fn verify(
    cx: &Context,
    pool: &Arc<OpenPool>,
    user: &User,
    code: &str,
    name: Option<String>,
) -> Result<(), Error> {
    software_token::check_offered(pool)?;
    software_token::check_name(name.as_deref())?;
    let (pool, id, code, now) = (Arc::clone(pool), user.id, code.to_owned(), cx.now());
    cx.write(move |tx| {
        if attempts::get_to_count(tx, pool.id(), &id, WRONG, now.micros(), WINDOW)? >= MOST_WRONG {
            return Err(as_too_many_requests(too_many()));
        }
        let mut user = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        let awaiting = software_token::awaiting(&user.hidden.mfa)?;
        match step_of(&pool, &id, awaiting, &code, now.seconds())? {
            Ok(step) => {
                software_token::enrol(&mut user.hidden.mfa, step, name.clone());
                user.modified = now;
                users::update(tx, pool.id(), &user)?;
                attempts::clear(tx, pool.id(), &id, WRONG)?;
                Ok(Ok(()))
            }
            Err(refusal) => {
                attempts::count(tx, pool.id(), &id, WRONG, now.micros(), WINDOW)?;
                // Committed, and refused all the same.
                Ok(Err(refusal.into()))
            }
        }
    })
    .await?
}

/// The step that the code belongs to.
fn step_of(
    pool: &OpenPool,
    user: &UserId,
    awaiting: Awaiting<'_>,
    code: &str,
    seconds: i64,
) -> Result<Result<u64, Refusal>, Error> {
    let secret = pool
        .at_rest
        .open(awaiting.sealed, &token_place(pool.id(), user))
        .map_err(|_| Error::internal("a TOTP secret does not open with the pool's data key"))?;
    Ok(totp::verify(&secret, code, seconds, DRIFT, awaiting.last_step).map_err(|error| match error {
        TotpError::Mismatch => software_token::mismatch(),
        TotpError::Replayed => software_token::used_before(),
    }))
}
