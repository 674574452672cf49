//! Answers for names that nobody has, where the client hides who exists.
//!
//! Such a name takes as long, is locked after as many wrong passwords and may ask and guess as often as a known one:
//! else a handful of requests would tell the two apart. What is counted belongs to nobody, and names share the rows by
//! a keyed hash, so that there are as few of them however many names are tried.

use std::sync::Arc;
use std::time::Duration;

use cognate_crypto::{random, seal};
use cognate_domain::user::{Lockout, UserId};
use cognate_domain::user_status::Destination;
use cognate_domain::{User, lockout, usernames};
use cognate_model::{ChallengeNameType, EventResponseType, EventType};
use cognate_store::{Tx, attempts, auth_events};

use super::flow::SignIn;
use super::session::Spent;
use crate::codes::{self, Purpose};
use crate::events::Attempt;
use crate::messages::{Cause, Occasion};
use crate::outbox;
use crate::verifier::stranger_id;
use crate::{Context, Error, OpenPool};

/// How long is waited until a name may be asked for elsewhere.
const QUEUE: Duration = Duration::from_secs(5);

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
        let before = failures_to_count(tx, &pool, &nobody)?;
        let after = lockout::failed(&before, now);
        put(tx, &pool, &nobody, &after)?;
        // Committed, and refused all the same.
        Ok(lockout::check(&before, now).map_err(Error::from))
    })
    .await?
}

/// Refuses a name that too many passwords were tried at.
pub(super) async fn check(cx: &Context, pool: &OpenPool, name: &str) -> Result<(), Error> {
    let nobody = nobody(pool, name);
    let before = cx.read(|tx| failures(tx, pool, &nobody)).await?;
    Ok(lockout::check(&before, cx.now())?)
}

/// Asks whether somebody elsewhere has this name and this password: one at a time, and no more often than a password of
/// ours may be tried. Whatever is not a success counts like a wrong password; it is counted ahead, because another server
/// may ask at the same time, and a success is taken back.
pub(super) async fn ask_elsewhere<T>(
    cx: &Context,
    pool: &Arc<OpenPool>,
    name: &str,
    ask: impl AsyncFnOnce() -> Result<Option<T>, Error>,
) -> Result<Option<T>, Error> {
    let nobody = nobody(pool, name);
    // Elsewhere may be slow, and a crowd must not wait for it one by one.
    let gate = tokio::time::timeout(QUEUE, cx.slow_gates.enter(stranger_id(pool, name))).await;
    let _gate = gate.map_err(|_| Error::Busy)?;
    let (now, counting) = (cx.now(), Arc::clone(pool));
    let (before, after) = cx
        .write(move |tx| {
            let before = failures_to_count(tx, &counting, &nobody)?;
            lockout::check(&before, now)?;
            let after = lockout::failed(&before, now);
            put(tx, &counting, &nobody, &after)?;
            Ok((before, after))
        })
        .await?;
    let found = ask().await;
    if matches!(found, Ok(Some(_))) {
        let pool = Arc::clone(pool);
        cx.write(move |tx| {
            // Unless somebody counted on: whoever shares the count is no better off for it.
            if failures_to_count(tx, &pool, &nobody)? == after { put(tx, &pool, &nobody, &before) } else { Ok(()) }
        })
        .await?;
    }
    found
}

fn put(tx: &mut dyn Tx, pool: &OpenPool, nobody: &UserId, failures: &Lockout) -> Result<(), Error> {
    Ok(attempts::put(tx, pool.id(), nobody, PASSWORD, failures.failures.into(), failures.last_failure)?)
}

/// The same in a transaction that goes on to count: until its commit nobody else does.
fn failures_to_count(tx: &mut dyn Tx, pool: &OpenPool, nobody: &UserId) -> Result<Lockout, Error> {
    attempts::hold(tx, pool.id(), nobody, PASSWORD)?;
    failures(tx, pool, nobody)
}

fn failures(tx: &mut dyn Tx, pool: &OpenPool, nobody: &UserId) -> Result<Lockout, Error> {
    let (failures, last) = attempts::latest(tx, pool.id(), nobody, PASSWORD)?.unwrap_or_default();
    Ok(lockout::after(u32::try_from(failures).unwrap_or(u32::MAX), last))
}

/// A request for a code. The code and its message are made and written like anybody's, and the message and the event
/// are gone again with the same commit.
pub(crate) async fn ask(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    purpose: &'static Purpose,
    event: EventType,
) -> Result<(), Error> {
    let pool = Arc::clone(sign_in.pool);
    let nobody = User::nobody(nobody(&pool, name));
    let medium = outbox::some_way(cx, &pool)?;
    let target = Destination { medium, attribute: "email", value: name.to_owned() };
    let cause = Cause { occasion: Occasion::ForgotPassword, client: None, metadata: None };
    let issued = codes::issue_to_nobody(cx, &pool, &nobody, purpose, &target, cause)?;
    let attempt = Attempt::new(cx, sign_in, event).answered(EventResponseType::Pass);
    cx.write(move |tx| {
        issued.insert(tx, &pool, &nobody.id)?;
        attempt.record(tx, &pool, &nobody.id)?;
        cognate_store::outbox::forget(tx, pool.id(), &nobody.id)?;
        Ok(auth_events::forget(tx, pool.id(), &nobody.id)?)
    })
    .await
}

/// An answer with a code, which is always wrong.
pub(crate) async fn answer(cx: &Context, pool: &Arc<OpenPool>, name: &str, purpose: &'static Purpose) -> Error {
    let (nobody, now, pool) = (nobody(pool, name), cx.now().micros(), Arc::clone(pool));
    let refused = cx.write(move |tx| codes::pretend_to_verify(tx, &pool, &nobody, purpose, now)).await;
    refused.unwrap_or_else(|error| error)
}

/// An attempt that is refused unseen, which writes as much as a user's.
pub(super) async fn begin(cx: &Context, pool: &Arc<OpenPool>, name: &str) -> Result<(), Error> {
    let (nobody, now, pool) = (nobody(pool, name), cx.now().micros(), Arc::clone(pool));
    cx.write(move |tx| Ok(attempts::count(tx, pool.id(), &nobody, "Begun", now, i64::MAX).map(|_| ())?)).await
}

/// Uses up the session that was answered, whatever comes of the answer.
pub(super) async fn spend(cx: &Context, pool: &Arc<OpenPool>, spent: Spent) -> Result<(), Error> {
    let (now, pool) = (cx.now().micros(), Arc::clone(pool));
    cx.write(move |tx| spent.record(tx, pool.id(), now)).await
}

/// A sign-in that goes on to a challenge, maybe after an answer, whose session is used up, and with a code: as many are sent in an hour as to a user.
pub(super) async fn go_on(
    cx: &Context,
    pool: &Arc<OpenPool>,
    name: &str,
    spent: Option<Spent>,
    code: Option<ChallengeNameType>,
) -> Result<(), Error> {
    if let Some(code) = code {
        outbox::require_way(cx, pool, super::challenge::medium(code))?;
    }
    let (nobody, now, pool) = (nobody(pool, name), cx.now().micros(), Arc::clone(pool));
    let moment = cx.now();
    cx.write(move |tx| {
        if let Some(spent) = &spent {
            spent.record(tx, pool.id(), now)?;
        }
        // As a user's lock is looked at with every step.
        lockout::check(&failures(tx, &pool, &nobody)?, moment)?;
        let counted = match code {
            Some(code) => attempts::count(tx, pool.id(), &nobody, code.as_str(), now, codes::WINDOW)?,
            None => attempts::count(tx, pool.id(), &nobody, "Begun", now, i64::MAX).map(|_| 0)?,
        };
        if counted > codes::MOST_SIGN_IN_CODES { Err(Error::Busy) } else { Ok(()) }
    })
    .await
}

/// The user name that a challenge shows: made up where a user's own would be, else the one that was typed.
pub(super) fn username(pool: &OpenPool, name: &str) -> String {
    let is_made = pool.config.username_attributes.as_ref().is_some_and(|attributes| !attributes.is_empty());
    if is_made { random::format_uuid(&stranger_id(pool, name)) } else { name.to_owned() }
}

/// Who stands for a name: one of 2^20, so many that nobody fills them to lock others out, none of which is the id of a user, since those begin with the time.
pub(super) fn nobody(pool: &OpenPool, name: &str) -> UserId {
    let [high, middle, low, ..] = pool.codes.mac(&seal::context(&["nobody", &usernames::fold(name)]));
    let mut id = UserId::default();
    let [.., third_last, before_last, last] = &mut id;
    (*third_last, *before_last, *last) = (high & 0x0f, middle, low);
    id
}
