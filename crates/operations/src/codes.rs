//! Confirmation codes: six digits, kept as a keyed hash, good once, for a while, and for few guesses.

use std::sync::Arc;

use cognate_crypto::digest::constant_time_eq;
use cognate_crypto::{random, seal};
use cognate_domain::user::UserId;
use cognate_domain::user_status::Destination;
use cognate_domain::{Pool, User};
use cognate_model::{ChallengeNameType, CodeDeliveryDetailsType, DeliveryMediumType, Exception, Timestamp};
use cognate_store::codes::{self, Code};
use cognate_store::{Tx, attempts, users};

use crate::messages::{Cause, Writer};
use crate::outbox::{self, Message, Posted};
use crate::triggers::Trigger;
use crate::{Context, Error, OpenPool};

/// What a code is for.
pub(crate) struct Purpose {
    /// The name under which it is kept, and which its message carries.
    pub(crate) name: &'static str,
    /// What wrong answers are counted under.
    wrong: &'static str,
    /// How long it is good, in seconds.
    lifetime: i64,
    /// How many may be asked for in an hour.
    most_sent: i64,
}

/// `ForgotPassword` and `AdminResetUserPassword`: an hour.
pub(crate) const FORGOT_PASSWORD: Purpose =
    Purpose { name: "ForgotPassword", wrong: "ConfirmForgotPassword", lifetime: 3_600, most_sent: 20 };
/// `SignUp` and `ResendConfirmationCode`: a day.
pub(crate) const SIGN_UP: Purpose = Purpose { name: "SignUp", wrong: "ConfirmSignUp", lifetime: 86_400, most_sent: 20 };
/// `VerifyUserAttribute` of an e-mail address: a day.
const VERIFY_EMAIL: Purpose =
    Purpose { name: "Verify:email", wrong: "VerifyUserAttribute:email", lifetime: 86_400, most_sent: 20 };
/// `VerifyUserAttribute` of a telephone number: a day.
const VERIFY_PHONE_NUMBER: Purpose =
    Purpose { name: "Verify:phone_number", wrong: "VerifyUserAttribute:phone_number", lifetime: 86_400, most_sent: 20 };

/// How many wrong answers are heard in an hour ("Quotas in Amazon Cognito": between 5 and 20 by risk).
const MOST_WRONG: i64 = 10;
/// How many codes of one kind are sent to a user in an hour for signing in.
pub(crate) const MOST_SIGN_IN_CODES: i64 = 60;
/// An hour in microseconds.
pub(crate) const WINDOW: i64 = 3_600_000_000;

/// `LimitExceededException`.
pub(crate) fn too_many() -> Error {
    Error::refused(Exception::LimitExceeded, "Attempt limit exceeded, please try after some time.")
}

/// The same for an operation that does not model it.
pub(crate) fn as_too_many_requests(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.exception == Exception::LimitExceeded => {
            Error::refused(Exception::TooManyRequests, refusal.message)
        }
        other => other,
    }
}

/// `ExpiredCodeException`: too old, used, or never asked for.
pub(crate) fn expired() -> Error {
    Error::refused(Exception::ExpiredCode, "Invalid code provided, please request a code again.")
}

/// `CodeMismatchException`.
pub(crate) fn mismatch() -> Error {
    Error::refused(Exception::CodeMismatch, "Invalid verification code provided, please try again.")
}

/// A code with its message, ready to be written.
pub(crate) struct Issued {
    purpose: &'static Purpose,
    code: Code,
    posted: Posted,
    details: CodeDeliveryDetailsType,
}

/// Makes a code and its message.
pub(crate) async fn issue(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    purpose: &'static Purpose,
    target: &Destination,
    cause: Cause<'_>,
) -> Result<Issued, Error> {
    if cause.client.is_some() && Trigger::CustomMessage.function(pool).is_some() {
        // Who has asked too often does not make a function run either.
        let now = cx.now().micros();
        let asked = cx.read(|tx| Ok(attempts::get(tx, pool.id(), &user.id, purpose.name, now, WINDOW)?)).await?;
        if asked >= purpose.most_sent {
            return Err(too_many());
        }
    }
    let writer = Writer::new(cx, pool, user, cause).await?;
    make(cx, pool, user, purpose, target, &writer)
}

/// The same for nobody, whom no function hears of.
pub(crate) fn issue_to_nobody(
    cx: &Context,
    pool: &OpenPool,
    nobody: &User,
    purpose: &'static Purpose,
    target: &Destination,
    cause: Cause<'_>,
) -> Result<Issued, Error> {
    make(cx, pool, nobody, purpose, target, &Writer::unasked(pool, cause))
}

/// Makes a code that verifies the address it goes to, and no other that the user may have by then.
pub(crate) async fn issue_to_verify(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    target: &Destination,
    cause: Cause<'_>,
) -> Result<Issued, Error> {
    issue(cx, pool, user, verifying(target), target, cause).await
}

fn make(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    purpose: &'static Purpose,
    target: &Destination,
    writer: &Writer<'_>,
) -> Result<Issued, Error> {
    let text = random::digits(cx.random(), 6);
    let now = cx.now();
    let code = Code {
        hash: hash(pool, &user.id, purpose, &target.value, &text),
        attribute: target.attribute.to_owned(),
        wrong: 0,
        created: now.micros(),
        expires: now.plus_seconds(purpose.lifetime).micros(),
    };
    let message = Message { code: Some(text.clone()), ..Message::new(cx, pool, user, target, writer, &text) };
    let posted = outbox::seal_message(cx, pool, user, &message)?.until(now.plus_seconds(purpose.lifetime));
    Ok(Issued { purpose, code, posted, details: target.details() })
}

fn verifying(target: &Destination) -> &'static Purpose {
    match target.medium {
        DeliveryMediumType::Email => &VERIFY_EMAIL,
        DeliveryMediumType::Sms => &VERIFY_PHONE_NUMBER,
    }
}

impl Issued {
    /// Writes code and message, unless the user has asked too often. An earlier code stops working.
    pub(crate) fn insert(&self, tx: &mut dyn Tx, pool: &Pool, user: &UserId) -> Result<(), Error> {
        let asked = attempts::count(tx, pool.id(), user, self.purpose.name, self.code.created, WINDOW)?;
        if asked > self.purpose.most_sent {
            return Err(too_many());
        }
        self.insert_unasked(tx, pool, user)
    }

    /// The same for a code that the user did not ask for, and that does not count against them.
    pub(crate) fn insert_unasked(&self, tx: &mut dyn Tx, pool: &Pool, user: &UserId) -> Result<(), Error> {
        codes::put(tx, pool.id(), user, self.purpose.name, &self.code)?;
        self.posted.insert(tx)
    }

    /// Where it goes, masked.
    pub(crate) fn details(&self) -> CodeDeliveryDetailsType {
        self.details.clone()
    }

    /// Prints the message in `dev`, after the commit.
    pub(crate) fn announce(&self) {
        self.posted.announce();
    }
}

/// A code for one sign-in: its keyed hash travels in the sealed session, so that it is good for that session alone.
pub(crate) struct OneTime {
    /// The hash.
    pub(crate) hash: Vec<u8>,
    /// Where the code goes.
    pub(crate) target: Destination,
    /// The message that carries it.
    pub(crate) sent: Sent,
}

/// A message with a code of a sign-in, ready to be written.
pub(crate) struct Sent {
    challenge: ChallengeNameType,
    created: i64,
    posted: Posted,
}

/// Makes a code of this many digits for a challenge.
pub(crate) async fn one_time(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    challenge: ChallengeNameType,
    digits: usize,
    target: Destination,
    cause: Cause<'_>,
) -> Result<OneTime, Error> {
    let writer = Writer::new(cx, pool, user, cause).await?;
    let text = random::digits(cx.random(), digits);
    let message = Message { code: Some(text.clone()), ..Message::new(cx, pool, user, &target, &writer, &text) };
    let posted = outbox::seal_message(cx, pool, user, &message)?;
    let hash = one_time_hash(pool, &user.id, challenge, &target.value, &text);
    Ok(OneTime { hash, target, sent: Sent { challenge, created: cx.now().micros(), posted } })
}

impl OneTime {
    /// The same, not worth delivering from this moment on.
    pub(crate) fn until(mut self, end: Timestamp) -> Self {
        self.sent.posted = self.sent.posted.until(end);
        self
    }
}

/// Whether a code is the one that was sent for a challenge to this address.
pub(crate) fn is_one_time(
    pool: &OpenPool,
    user: &UserId,
    challenge: ChallengeNameType,
    address: &str,
    given: &str,
    hash: &[u8],
) -> bool {
    constant_time_eq(&one_time_hash(pool, user, challenge, address, given), hash)
}

fn one_time_hash(pool: &OpenPool, user: &UserId, challenge: ChallengeNameType, address: &str, code: &str) -> Vec<u8> {
    let user = random::format_uuid(user);
    pool.codes.mac(&seal::context(&["sign-in", challenge.as_str(), &user, address, code])).to_vec()
}

impl Sent {
    /// Writes the message, unless too many were sent within the hour.
    pub(crate) fn insert(&self, tx: &mut dyn Tx, pool: &Pool, user: &UserId) -> Result<(), Error> {
        let sent = attempts::count(tx, pool.id(), user, self.challenge.as_str(), self.created, WINDOW)?;
        if sent > MOST_SIGN_IN_CODES {
            return Err(Error::Busy);
        }
        self.posted.insert(tx)
    }

    /// Prints the message in `dev`, after the commit.
    pub(crate) fn announce(&self) {
        self.posted.announce();
    }
}

/// An answer with a code.
#[derive(Clone)]
pub(crate) struct Answer {
    purpose: &'static Purpose,
    user: UserId,
    /// The address that is verified, where it is not the user's yet.
    proves: Option<String>,
    given: String,
}

impl Answer {
    /// The answer of a user.
    pub(crate) fn new(user: &UserId, purpose: &'static Purpose, given: &str) -> Self {
        Self { purpose, user: *user, proves: None, given: given.to_owned() }
    }

    /// The answer of a user who verifies this address.
    pub(crate) fn verifying(user: &UserId, target: &Destination, given: &str) -> Self {
        Self { purpose: verifying(target), user: *user, proves: Some(target.value.clone()), given: given.to_owned() }
    }

    /// Checks the code ahead of its effect. A wrong one is counted, whatever becomes of the request.
    pub(crate) async fn check(&self, cx: &Context, pool: &Arc<OpenPool>) -> Result<(), Error> {
        let (now, pool, answer) = (cx.now().micros(), Arc::clone(pool), self.clone());
        cx.write(move |tx| match answer.verify(tx, &pool, now) {
            Err(error) if is_mismatch(&error) => {
                attempts::count(tx, pool.id(), &answer.user, answer.purpose.wrong, now, WINDOW)?;
                codes::count_wrong(tx, pool.id(), &answer.user, answer.purpose.name)?;
                // Committed, and refused all the same.
                Ok(Err(error))
            }
            other => other.map(|_| Ok(())),
        })
        .await?
    }

    /// Whether a code was sent that nobody has used, however long ago.
    pub(crate) async fn is_awaited(&self, cx: &Context, pool: &Pool) -> Result<bool, Error> {
        cx.read(|tx| Ok(codes::get(tx, pool.id(), &self.user, self.purpose.name)?.is_some())).await
    }

    /// Uses the code up, in the transaction of its effect: of two answers with it, one wins. Returns the attribute
    /// that it was sent to.
    pub(crate) fn consume(&self, tx: &mut dyn Tx, pool: &OpenPool, now: i64) -> Result<String, Error> {
        let attribute = self.verify(tx, pool, now).map(|code| code.attribute)?;
        codes::delete(tx, pool.id(), &self.user, self.purpose.name)?;
        attempts::clear(tx, pool.id(), &self.user, self.purpose.wrong)?;
        Ok(attribute)
    }

    fn verify(&self, tx: &mut dyn Tx, pool: &OpenPool, now: i64) -> Result<Code, Error> {
        // Of two answers at once the second waits here, and finds what the first left.
        let wrong = attempts::get_to_count(tx, pool.id(), &self.user, self.purpose.wrong, now, WINDOW)?;
        let code = codes::get(tx, pool.id(), &self.user, self.purpose.name)?.ok_or_else(expired)?;
        if wrong >= MOST_WRONG {
            return Err(too_many());
        }
        if code.expires <= now {
            return Err(expired());
        }
        // A code proves the address that it was sent to. Once the user has another one, it proves nothing.
        let user = users::by_id(tx, pool.id(), &self.user)?.ok_or_else(expired)?;
        let address = self.proves.as_deref().or_else(|| user.attribute(&code.attribute)).unwrap_or_default();
        let expected = hash(pool, &self.user, self.purpose, address, &self.given);
        if constant_time_eq(&code.hash, &expected) { Ok(code) } else { Err(mismatch()) }
    }
}

/// What a wrong [`Answer`] would hear from somebody who is not there; counted like one.
pub(crate) fn pretend_to_verify(
    tx: &mut dyn Tx,
    pool: &Pool,
    nobody: &UserId,
    purpose: &Purpose,
    now: i64,
) -> Result<Error, Error> {
    // A code to sign up with is sent unasked.
    if purpose.name != SIGN_UP.name {
        match attempts::latest(tx, pool.id(), nobody, purpose.name)? {
            None => return Ok(mismatch()),
            Some((_, since)) if since + purpose.lifetime * 1_000_000 <= now => return Ok(expired()),
            Some(_) => {}
        }
    }
    if attempts::get_to_count(tx, pool.id(), nobody, purpose.wrong, now, WINDOW)? >= MOST_WRONG {
        return Ok(too_many());
    }
    attempts::count(tx, pool.id(), nobody, purpose.wrong, now, WINDOW)?;
    Ok(mismatch())
}

fn is_mismatch(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if refusal.exception == Exception::CodeMismatch)
}

/// A code is kept as a keyed hash bound to its user, its purpose and the address that it proves.
fn hash(pool: &OpenPool, user: &UserId, purpose: &Purpose, proves: &str, code: &str) -> Vec<u8> {
    let context = seal::context(&[purpose.name, &random::format_uuid(user), proves, code]);
    pool.codes.mac(&context).to_vec()
}
