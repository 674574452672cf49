//! Answers for names that nobody has, where the client hides who exists.
//!
//! Such a name takes as long, is locked after as many wrong passwords and may ask and guess as often as a known one:
//! else a handful of requests would tell the two apart. What is counted belongs to nobody, and names share the rows by
//! a keyed hash, so that there are as few of them however many names are tried.

use std::sync::Arc;

use cognate_crypto::seal;
use cognate_domain::user::UserId;
use cognate_domain::{lockout, usernames};
use cognate_store::{Tx, attempts};

use crate::codes::{self, Purpose};
use crate::{Context, Error, OpenPool, hashing};

/// What wrong passwords are counted under.
const PASSWORD: &str = "Password";

/// A sign-in with a password.
pub(super) async fn sign_in(cx: &Context, pool: &Arc<OpenPool>, name: &str, password: &str) -> Error {
    match refuse(cx, pool, name, password).await {
        Err(error) => error,
        Ok(()) => Error::not_authorized(super::password::WRONG),
    }
}

async fn refuse(cx: &Context, pool: &Arc<OpenPool>, name: &str, password: &str) -> Result<(), Error> {
    let nobody = nobody(pool, name);
    let began = cx.now();
    let before = cx.read(|tx| failures(tx, pool, &nobody)).await?;
    if lockout::check(&before, began).is_ok() {
        hashing::verify(cx, password, None).await?;
    }
    let (now, pool) = (cx.now(), Arc::clone(pool));
    cx.write(move |tx| {
        let before = failures(tx, &pool, &nobody)?;
        let after = lockout::failed(&before, now);
        attempts::put(tx, pool.id(), &nobody, PASSWORD, after.failures.into(), after.last_failure)?;
        // Committed, and refused all the same.
        Ok(lockout::check(&before, now).map_err(Error::from))
    })
    .await?
}

fn failures(tx: &mut dyn Tx, pool: &OpenPool, nobody: &UserId) -> Result<cognate_domain::user::Lockout, Error> {
    let (failures, last) = attempts::latest(tx, pool.id(), nobody, PASSWORD)?.unwrap_or_default();
    Ok(lockout::after(u32::try_from(failures).unwrap_or(u32::MAX), last))
}

/// A request for a code.
pub(crate) async fn ask(
    cx: &Context,
    pool: &Arc<OpenPool>,
    name: &str,
    purpose: &'static Purpose,
) -> Result<(), Error> {
    let (nobody, now, pool) = (nobody(pool, name), cx.now().micros(), Arc::clone(pool));
    cx.write(move |tx| codes::pretend_to_issue(tx, &pool, &nobody, purpose, now)).await
}

/// An answer with a code, which is always wrong.
pub(crate) async fn answer(cx: &Context, pool: &Arc<OpenPool>, name: &str, purpose: &'static Purpose) -> Error {
    let (nobody, now, pool) = (nobody(pool, name), cx.now().micros(), Arc::clone(pool));
    let refused = cx.write(move |tx| codes::pretend_to_verify(tx, &pool, &nobody, purpose, now)).await;
    refused.unwrap_or_else(|error| error)
}

/// Who stands for a name: one of 4,096, none of which is the id of a user, since those begin with the time.
fn nobody(pool: &OpenPool, name: &str) -> UserId {
    let [high, low, ..] = pool.codes.mac(&seal::context(&["nobody", &usernames::fold(name)]));
    let mut id = UserId::default();
    let [.., before_last, last] = &mut id;
    (*before_last, *last) = (high & 0x0f, low);
    id
}
