//! Changing a pool's signing keys without a failed verification.
//!
//! A rotation only writes the new keys. The server that answers for the pool notices them, publishes them, and says by
//! its own clock from when they sign; so a rotation works beside a running server as well as before its start, and
//! several servers agree. Old keys go once the last token that they signed has ended.

use std::sync::Arc;

use cognate_domain::key_schedule::{MOST_KEYS, is_over};
use cognate_model::Timestamp;
use cognate_store::signing_keys::{self, SealedKey};
use cognate_store::{DbError, Tx, user_pools};
use thiserror::Error;

use super::{PURPOSES, sealed, stored};
use crate::{Context, Error, OpenPool};

/// The new keys of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The pool.
    pub pool: String,
    /// The id of the new key for access tokens.
    pub access: String,
    /// The id of the new key for ID tokens.
    pub id: String,
}

/// Why keys were not rotated.
#[derive(Debug, Error)]
pub enum RotationError {
    /// Another rotation ran at the same time.
    #[error("another rotation of {0} was faster; its new keys are as good")]
    Raced(String),
    /// Too many rotations within a day.
    #[error("{0} has {most} keys published; the oldest goes a day after it was replaced", most = MOST_KEYS)]
    TooMany(String),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

/// Gives a pool new keys, which sign once they were published for so long. None for a pool that has none yet: they are
/// made at its first sign-in.
pub async fn rotate(cx: &Context, pool: &str, ahead_seconds: u32) -> Result<Option<Rotated>, RotationError> {
    let pool = cx.pool(pool).await?;
    let stored = stored(cx, &pool).await?;
    let last = |purpose: &str| stored.iter().rev().find(|key| key.purpose == purpose).map(|key| key.number);
    let (mut new, mut kids) = (Vec::new(), Vec::new());
    for purpose in PURPOSES {
        let Some(last) = last(purpose) else { return Ok(None) };
        let ended = over(&stored, cx.now()).filter(|key| key.purpose == purpose).count();
        if stored.iter().filter(|key| key.purpose == purpose).count() - ended >= MOST_KEYS {
            return Err(RotationError::TooMany(pool.id().to_owned()));
        }
        let key = sealed(cx, &pool, purpose, last + 1).await?;
        kids.push(key.kid.clone());
        new.push(SealedKey { ahead: i64::from(ahead_seconds) * 1_000_000, ..key });
    }
    let cx = &cx.recording("RotateSigningKeys", pool.id(), None);
    if !insert(cx, &pool, new).await? {
        return Err(RotationError::Raced(pool.id().to_owned()));
    }
    cx.caches.forget_signing_keys(pool.id());
    let mut kids = kids.into_iter();
    let (access, id) = (kids.next().unwrap_or_default(), kids.next().unwrap_or_default());
    Ok(Some(Rotated { pool: pool.id().to_owned(), access, id }))
}

/// Writes keys, all or none; false when others were faster.
pub(super) async fn insert(cx: &Context, pool: &Arc<OpenPool>, keys: Vec<SealedKey>) -> Result<bool, Error> {
    let to = Arc::clone(pool);
    let written = cx.write_as(move |tx| {
        // A pool that is gone by now leaves no keys behind.
        if !user_pools::exists(tx, to.id())? {
            return Ok(false);
        }
        keys.iter().try_for_each(|key| signing_keys::insert(tx, to.id(), key)).map(|()| true)
    });
    match written.await {
        Ok(true) => Ok(true),
        Ok(false) => Err(Error::no_pool(pool.id())),
        Err(DbError::Exists) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether keys wait to be published, or to go.
pub(super) fn is_due(stored: &[SealedKey], now: Timestamp) -> bool {
    stored.iter().any(|key| key.signs_from == 0) || over(stored, now).next().is_some()
}

/// Publishes what waits, and removes what nobody needs any more.
pub(super) async fn advance(cx: &Context, pool: &Arc<OpenPool>, now: Timestamp) -> Result<(), Error> {
    let pool = Arc::clone(pool);
    cx.write(move |tx| Ok(advance_in(tx, pool.id(), now)?)).await
}

fn advance_in(tx: &mut dyn Tx, pool: &str, now: Timestamp) -> Result<(), DbError> {
    let stored = signing_keys::of_pool(tx, pool)?;
    for key in over(&stored, now) {
        signing_keys::delete(tx, pool, &key.purpose, key.number)?;
    }
    for key in stored.iter().filter(|key| key.signs_from == 0) {
        let signs_from = now.micros().saturating_add(key.ahead).max(1);
        signing_keys::announce(tx, pool, &key.purpose, key.number, signs_from)?;
    }
    Ok(())
}

fn over(stored: &[SealedKey], now: Timestamp) -> impl Iterator<Item = &SealedKey> {
    PURPOSES.iter().flat_map(move |purpose| {
        let keys: Vec<&SealedKey> = stored.iter().filter(|key| key.purpose == *purpose).collect();
        let schedule: Vec<i64> = keys.iter().map(|key| key.signs_from).collect();
        keys.into_iter()
            .enumerate()
            .filter(move |(place, _)| is_over(&schedule, *place, now.micros()))
            .map(|(_, key)| key)
    })
}
