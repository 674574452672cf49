//! Answers for names that nobody has, where the client hides who exists.
//!
//! Such a name takes as long, is locked after as many wrong passwords and may ask and guess as often as a known one:
//! else a handful of requests would tell the two apart. What is counted belongs to nobody, and names share the rows by
//! a keyed hash, so that there are as few of them however many names are tried.

use std::sync::Arc;

use cognate_crypto::seal;
use cognate_domain::user::UserId;
use cognate_domain::{User, lockout, usernames};
use cognate_store::{Tx, attempts};

use crate::codes::{self, Purpose};
use crate::{Context, Error, OpenPool};

/// What wrong passwords are counted under.
const PASSWORD: &str = "Password";

/// A guess at a password, judged with `is_right` and wrong whatever comes of it.
pub(super) async fn judge(
    cx: &Context,
    pool: &Arc<OpenPool>,
    name: &str,
    is_right: impl AsyncFnOnce(Option<&User>) -> Result<bool, Error>,
) -> Error {
    match refuse(cx, pool, name, is_right).await {
        Err(error) => error,
        Ok(()) => super::judgement::wrong(),
    }
}

async fn refuse(
    cx: &Context,
    pool: &Arc<OpenPool>,
    name: &str,
    is_right: impl AsyncFnOnce(Option<&User>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let nobody = nobody(pool, name);
    let _gate = cx.gates.enter(&nobody).await;
    let began = cx.now();
    let before = cx.read(|tx| failures(tx, pool, &nobody)).await?;
    if lockout::check(&before, began).is_ok() {
        is_right(None).await?;
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

/// A sign-in that goes on to a challenge, which writes as much as a user's.
pub(super) async fn begin(cx: &Context, pool: &Arc<OpenPool>, name: &str) -> Result<(), Error> {
    let (nobody, now, pool) = (nobody(pool, name), cx.now().micros(), Arc::clone(pool));
    cx.write(move |tx| Ok(attempts::count(tx, pool.id(), &nobody, "Begun", now, i64::MAX).map(|_| ())?)).await
}

/// Who stands for a name: one of 4,096, none of which is the id of a user, since those begin with the time.
pub(super) fn nobody(pool: &OpenPool, name: &str) -> UserId {
    let [high, low, ..] = pool.codes.mac(&seal::context(&["nobody", &usernames::fold(name)]));
    let mut id = UserId::default();
    let [.., before_last, last] = &mut id;
    (*before_last, *last) = (high & 0x0f, low);
    id
}
