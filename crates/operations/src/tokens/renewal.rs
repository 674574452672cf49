//! New tokens for a refresh token.
//!
//! Where refresh tokens rotate, each is good once: the family counts them, and the count moves in the transaction that
//! gives the next one out. A token that comes back after its grace period ends the family, because one of the two who
//! used it is a thief, and nobody knows which.

use std::sync::Arc;

use cognate_domain::refresh_rotation::{Standing, grace_seconds};
use cognate_domain::{Client, User, session_tracking};
use cognate_model::{AuthenticationResultType, Exception, Timestamp};
use cognate_store::refresh_tokens::{self, Activity, Family};
use cognate_store::{Tx, users};

use super::activity::activity;
use super::{Grant, Held, issue};
use crate::auth::check_device;
use crate::triggers::pre_token_generation::Cause;
use crate::{Context, Error, OpenPool};

/// A refresh token that this client was given, and whose sign-in it is.
pub(crate) struct Presented {
    held: Held,
    /// The user.
    pub(crate) user: User,
    family: Family,
}

/// What came of an exchange.
enum Exchange {
    /// The number of the refresh token to give out.
    Next(i64),
    /// The token was exchanged before; its family has ended.
    Reused,
}

fn invalid() -> Error {
    Error::not_authorized("Invalid Refresh Token")
}

fn expired() -> Error {
    Error::not_authorized("Refresh Token has expired")
}

fn reused() -> Error {
    // Documented without its text.
    Error::refused(Exception::RefreshTokenReuse, "Refresh token has been reused")
}

/// Opens a refresh token: it is this client's, and its user and its sign-in are there.
pub(crate) async fn present(
    cx: &Context,
    pool: &OpenPool,
    client: &Client,
    token: &str,
    device_key: Option<&str>,
) -> Result<Presented, Error> {
    let held = Held::open(pool, token).filter(|held| held.client == client.id()).ok_or_else(invalid)?;
    let found = cx.read(|tx| read(tx, pool, &held)).await?;
    // A family is forgotten some time after its end.
    let forgotten = || if held.expires <= cx.now().micros() { expired() } else { invalid() };
    let (user, family) = found.ok_or_else(forgotten)?;
    check_device(cx, pool, &family, device_key).await?;
    Ok(Presented { held, user, family })
}

impl Presented {
    /// Refuses a token that is no longer good. Whether it was exchanged before is another question.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Error> {
        check(&self.user, &self.family, now)
    }

    fn standing(&self, now: Timestamp) -> Standing {
        self.family.rotation.standing(self.held.generation, now.micros())
    }
}

fn read(tx: &mut dyn Tx, pool: &OpenPool, held: &Held) -> Result<Option<(User, Family)>, Error> {
    let user = users::by_id(tx, pool.id(), &held.user)?;
    let family = refresh_tokens::get(tx, pool.id(), &held.user, &held.family)?;
    Ok(user.zip(family))
}

fn check(user: &User, family: &Family, now: Timestamp) -> Result<(), Error> {
    if !user.enabled {
        return Err(Error::not_authorized("User is disabled."));
    }
    if family.revoked {
        return Err(Error::not_authorized("Refresh Token has been revoked"));
    }
    if family.expires <= now.micros() {
        return Err(expired());
    }
    Ok(())
}

/// `REFRESH_TOKEN_AUTH`: the refresh token stays the one that the client has. One that was exchanged while the client
/// still rotated is a revoked one: this operation does not model `RefreshTokenReuseException`.
pub(crate) async fn renew(
    cx: &Context,
    pool: &Arc<OpenPool>,
    client: &Client,
    presented: Presented,
    stated_address: Option<&str>,
    cause: Cause<'_>,
) -> Result<AuthenticationResultType, Error> {
    let revoked = || Error::not_authorized("Refresh Token has been revoked");
    match exchange(cx, pool, client, presented, stated_address, cause).await {
        Err(Error::Refused(refusal)) if refusal.exception == Exception::RefreshTokenReuse => Err(revoked()),
        other => other,
    }
}

/// New access and ID tokens, and the next refresh token where the client's rotate.
pub(crate) async fn exchange(
    cx: &Context,
    pool: &Arc<OpenPool>,
    client: &Client,
    presented: Presented,
    stated_address: Option<&str>,
    cause: Cause<'_>,
) -> Result<AuthenticationResultType, Error> {
    let now = cx.now();
    match presented.standing(now) {
        Standing::Unknown => return Err(invalid()),
        Standing::Reused => {
            end_family(cx, pool, &presented).await?;
            return Err(reused());
        }
        Standing::Newest | Standing::InGrace => presented.check(now)?,
    }
    let grant = Grant::from_family(&presented.family, now);
    let mut result = issue(cx, Arc::clone(pool), client, &presented.user, grant, cause).await?;
    let grace = grace_seconds(&client.config);
    let activity = session_tracking::limit(pool).map(|_| activity(cx, stated_address));
    if grace.is_none() && activity.is_none() {
        return Ok(result);
    }
    let family = presented.family.clone();
    let settled = Arc::clone(pool);
    let exchange = cx.write(move |tx| settle(tx, &settled, &presented, grace, activity.as_ref(), now)).await?;
    match exchange {
        Exchange::Reused => return Err(reused()),
        Exchange::Next(generation) if grace.is_some() => {
            result.refresh_token = Some(Held::seal(cx, pool, &family, generation)?);
        }
        Exchange::Next(_) => {}
    }
    Ok(result)
}

/// Decides on the state of now, and writes the next: of many exchanges of one token, one is the first.
fn settle(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    presented: &Presented,
    grace: Option<i64>,
    activity: Option<&Activity>,
    now: Timestamp,
) -> Result<Exchange, Error> {
    let held = &presented.held;
    let (user, family) = read(tx, pool, held)?.ok_or_else(invalid)?;
    let generation = match family.rotation.standing(held.generation, now.micros()) {
        Standing::Unknown => return Err(invalid()),
        Standing::Reused => {
            refresh_tokens::revoke(tx, pool.id(), &held.user, &held.family)?;
            return Ok(Exchange::Reused);
        }
        Standing::InGrace => {
            check(&user, &family, now)?;
            family.rotation.generation
        }
        Standing::Newest => {
            check(&user, &family, now)?;
            match grace {
                Some(grace) => {
                    let next = family.rotation.exchanged(now.micros(), grace);
                    refresh_tokens::rotate(tx, pool.id(), &family, &next)?;
                    next.generation
                }
                None => family.rotation.generation,
            }
        }
    };
    if let Some(activity) = activity {
        refresh_tokens::touch(tx, pool.id(), &held.user, &held.family, activity)?;
    }
    Ok(Exchange::Next(generation))
}

async fn end_family(cx: &Context, pool: &Arc<OpenPool>, presented: &Presented) -> Result<(), Error> {
    if presented.family.revoked {
        return Ok(());
    }
    let (pool, user, family) = (Arc::clone(pool), presented.held.user, presented.held.family);
    cx.write(move |tx| Ok(refresh_tokens::revoke(tx, pool.id(), &user, &family)?)).await
}
