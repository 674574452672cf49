//! A sign-in on its way: carries out what the machine of `cognate_domain::sign_in` decides.

use std::sync::Arc;

use cognate_crypto::srp::ClientValue;
use cognate_domain::risk;
use cognate_domain::sign_in::{self, Demand, Device, Effect, First, Flow, Input, Next, Shown, Situation, Stage};
use cognate_domain::user::UserId;
use cognate_domain::{User, lockout};
use cognate_model::{EventResponseType, EventType, Exception};
use cognate_store::{Tx, devices, users};

use super::custom::{self, Rounds};
use super::device::{self, AtHand};
use super::flow::SignIn;
use super::session::{Session, Spent, token_mark};
use super::{Outcome, Parameters, attempt_ends, challenge};
use crate::codes::Sent;
use crate::directory::{self, Claim};
use crate::events::Attempt;
use crate::passkeys::assertion::Checked;
use crate::triggers::pre_token_generation::Source;
use crate::{Context, Error, OpenPool, tokens};

/// Where a sign-in stands while one request is answered.
pub(super) struct Course<'a> {
    /// The request.
    pub(super) sign_in: &'a SignIn<'a>,
    /// The user, as of now.
    pub(super) user: User,
    /// How the sign-in began.
    pub(super) flow: Flow,
    /// What was shown.
    pub(super) shown: Shown,
    /// The event of the sign-in.
    pub(super) attempt: Attempt,
    /// `DEVICE_KEY`, of this request or of the one that began the sign-in.
    pub(super) device: Option<String>,
    /// What the risk asks for, once it was weighed.
    pub(super) risk: Option<Demand>,
    /// `SRP_A` of a device.
    pub(super) client_value: Option<ClientValue>,
    /// The custom challenges so far.
    pub(super) rounds: Rounds,
    /// The address that codes by e-mail are to be set up for; it is written once a code came back from there.
    pub(super) address: Option<String>,
    /// What the transaction that ends this request writes besides.
    pub(super) commit: Commit,
}

/// What an answer has changed, written together with what comes of it.
#[derive(Clone, Default)]
pub(crate) struct Commit {
    /// The session that was answered.
    pub(super) spent: Option<Spent>,
    /// The step of a software token whose code was taken.
    pub(super) totp_step: Option<u64>,
    /// The address that codes by e-mail were set up for.
    pub(super) address: Option<String>,
    /// The address whose code came back, by its attribute: it must still be the user's.
    pub(super) proved: Option<(&'static str, String)>,
    /// The software token that was set up: it must still be the user's.
    pub(super) token: Option<[u8; 8]>,
    /// The passkey that was used.
    pub(super) passkey: Option<Checked>,
    /// The device that the tokens are given to.
    pub(crate) device: Option<AtHand>,
    /// A device that is asked to prove itself, and the session of that challenge.
    waits: Option<(String, String)>,
    effects: Vec<Effect>,
}

impl<'a> Course<'a> {
    /// A sign-in that begins.
    pub(super) fn begin(
        sign_in: &'a SignIn<'a>,
        user: User,
        flow: Flow,
        attempt: Attempt,
        parameters: &Parameters,
    ) -> Self {
        let device = parameters.get("DEVICE_KEY").map(str::to_owned);
        let (shown, rounds, commit) = (Shown::default(), Rounds::default(), Commit::default());
        Self {
            sign_in,
            user,
            flow,
            shown,
            attempt,
            device,
            risk: None,
            client_value: None,
            rounds,
            address: None,
            commit,
        }
    }

    /// A sign-in that goes on with an answer to this session.
    pub(super) fn resume(cx: &Context, sign_in: &'a SignIn<'a>, user: User, session: &Session) -> Self {
        Self {
            sign_in,
            user,
            flow: session.flow,
            shown: session.shown,
            attempt: Attempt::resumed(cx, sign_in, EventType::SignIn, session.event),
            device: session.device.clone(),
            risk: session.risk,
            client_value: None,
            rounds: session.rounds.clone(),
            address: None,
            commit: Commit { spent: Some(session.spent()), ..Commit::default() },
        }
    }

    /// Takes an input that was checked, and answers what comes of it: the next challenge, or tokens.
    pub(super) async fn advance(mut self, cx: &Context, stage: Option<&Stage>, input: Input) -> Result<Outcome, Error> {
        let source = Self::source(input);
        let presented = device::presented(cx, &self).await?;
        if self.risk.is_none() && matches!(input, Input::First(_) | Input::Granted) {
            self = self.weigh(cx, presented.seen()).await?;
        }
        let situation = Situation {
            pool: self.sign_in.pool,
            user: &self.user,
            flow: self.flow,
            device: presented.seen(),
            demand: self.risk.unwrap_or_default(),
            now: cx.now(),
        };
        let step = match sign_in::step(&situation, stage, self.shown, input) {
            Ok(step) => step,
            Err(refusal) if refusal == sign_in::out_of_order() => return Err(refusal.into()),
            Err(refusal) => {
                if refusal == risk::blocked() {
                    self.attempt.block();
                }
                return Err(attempt_ends::refused(cx, self.sign_in, &self.user, self.attempt, refusal.into()).await);
            }
        };
        self.note_round(input);
        self.shown = step.shown;
        self.commit.effects.extend(step.effects);
        match step.next {
            // Boxed, to keep what waits small; the last also because the trigger's decision comes back here.
            Next::Ask(stage) => Box::pin(self.ask(cx, stage)).await,
            Next::Consult => Box::pin(custom::consult(cx, self)).await,
            Next::Tokens => {
                let (sign_in, user) = (self.sign_in, self.user);
                self.commit.device = presented.at_hand(cx, sign_in);
                let attempt = self.attempt.answered(EventResponseType::Pass);
                Box::pin(tokens::sign_in(cx, sign_in, user, attempt, self.commit, source)).await.map(Outcome::Tokens)
            }
        }
    }

    /// The triggers of custom authentication see what else was answered, as they see their own challenges.
    fn note_round(&mut self, input: Input) {
        if self.flow != Flow::Custom {
            return;
        }
        let name = match input {
            Input::Second(name) | Input::Enrolled(name) => name.as_str(),
            Input::First(First::Email) => "EMAIL_OTP",
            Input::First(First::Sms) => "SMS_OTP",
            Input::DeviceNamed => "DEVICE_SRP_AUTH",
            Input::DeviceProved => "DEVICE_PASSWORD_VERIFIER",
            _ => return,
        };
        self.rounds.push(name, true, None);
    }

    /// What tokens are said to come from, if this input leads to them.
    fn source(input: Input) -> Source {
        match input {
            Input::NewPassword => Source::NewPasswordChallenge,
            Input::DeviceProved => Source::AuthenticateDevice,
            _ => Source::Authentication,
        }
    }

    /// Weighs the risk: once, as soon as the first factor was right or the trigger let the user in.
    async fn weigh(mut self, cx: &Context, device: Device) -> Result<Self, Error> {
        let (sign_in, is_own_device) = (self.sign_in, device == Device::Remembered);
        let weighed = crate::risk::assess(cx, sign_in, &self.user, self.flow, is_own_device, &mut self.attempt).await?;
        if weighed.is_none() {
            let refusal = risk::blocked().into();
            return Err(attempt_ends::refused(cx, sign_in, &self.user, self.attempt, refusal).await);
        }
        self.risk = weighed;
        Ok(self)
    }

    /// Asks for something more.
    pub(super) async fn ask(mut self, cx: &Context, stage: Stage) -> Result<Outcome, Error> {
        let waits = stage == Stage::Device;
        let made = challenge::make(cx, &self, stage).await?;
        if let (true, Outcome::Challenge { session, .. }) = (waits, &made.outcome) {
            self.commit.waits = self.device.clone().zip(session.clone());
        }
        let Some(sent) = &made.sent else {
            self.write(cx, None).await?;
            return Ok(made.outcome);
        };
        self.write(cx, Some(Arc::clone(sent))).await?;
        sent.announce();
        Ok(made.outcome)
    }

    /// Uses up the session that was answered, whatever comes of the answer.
    pub(super) async fn spend(&mut self, cx: &Context) -> Result<(), Error> {
        let (pool, now) = (Arc::clone(self.sign_in.pool), cx.now().micros());
        match self.commit.spent.take() {
            Some(spent) => cx.write(move |tx| spent.record(tx, pool.id(), now)).await,
            None => Ok(()),
        }
    }

    /// Writes what the answer changed, ahead of a challenge that was made elsewhere.
    pub(super) async fn write_progress(self, cx: &Context) -> Result<(), Error> {
        self.write(cx, None).await
    }

    async fn write(self, cx: &Context, sent: Option<Arc<Sent>>) -> Result<(), Error> {
        let (pool, id) = (Arc::clone(self.sign_in.pool), self.user.id);
        let (commit, now) = (self.commit, cx.now());
        let hash = self.user.hidden.password.hash.clone();
        let attempt = self.attempt.answered(EventResponseType::InProgress);
        cx.write(move |tx| {
            let before = commit.check(tx, &pool, &id, hash.as_deref(), now)?;
            let mut after = before.clone();
            commit.apply(&mut after)?;
            if after != before {
                after.modified = now;
                directory::update_claiming(tx, &pool, &before, &after, Claim::Refused)?;
            }
            if let Some((key, session)) = &commit.waits {
                devices::wait_for(tx, pool.id(), &id, key, session)?;
            }
            if let Some(sent) = &sent {
                sent.insert(tx, &pool, &id)?;
            }
            attempt.record(tx, &pool, &id)
        })
        .await
    }
}

impl Commit {
    /// Uses the session up and reads the user, who must still be the one that was judged: many guesses may be in
    /// flight at once, and the right one among them counts only while the account is open.
    pub(crate) fn check(
        &self,
        tx: &mut dyn Tx,
        pool: &OpenPool,
        user: &UserId,
        hash: Option<&str>,
        now: cognate_model::Timestamp,
    ) -> Result<User, Error> {
        if let Some(spent) = &self.spent {
            spent.record(tx, pool.id(), now.micros())?;
        }
        if let Some(passkey) = &self.passkey {
            passkey.record(tx, pool)?;
        }
        self.look(tx, pool, user, hash, now)
    }

    /// The same without writing, ahead of functions that are told of a sign-in.
    pub(crate) fn look_ahead(
        &self,
        tx: &mut dyn Tx,
        pool: &OpenPool,
        user: &UserId,
        hash: Option<&str>,
        now: cognate_model::Timestamp,
    ) -> Result<(), Error> {
        if let Some(spent) = &self.spent {
            spent.check_unused(tx, pool.id())?;
        }
        self.look(tx, pool, user, hash, now).map(|_| ())
    }

    fn look(
        &self,
        tx: &mut dyn Tx,
        pool: &OpenPool,
        user: &UserId,
        hash: Option<&str>,
        now: cognate_model::Timestamp,
    ) -> Result<User, Error> {
        let current = users::by_id(tx, pool.id(), user)?.ok_or_else(Error::no_user)?;
        lockout::check(&current.hidden.lockout, now)?;
        if !current.enabled {
            return Err(Error::not_authorized("User is disabled."));
        }
        if current.hidden.password.hash.as_deref() != hash {
            return Err(super::judgement::wrong());
        }
        let is_replaced =
            |(attribute, address): &(&str, String)| current.attribute(attribute) != Some(address.as_str());
        if self.proved.as_ref().is_some_and(is_replaced)
            || self.token.is_some_and(|token| token_mark(&current) != Some(token))
        {
            return Err(sign_in::out_of_order().into());
        }
        Ok(current)
    }

    /// Notes the sign-in with the device that the tokens are given to.
    pub(crate) fn note_device(&self, tx: &mut dyn Tx, pool: &str, user: &UserId, now: i64) -> Result<(), Error> {
        self.device.iter().try_for_each(|device| device.note(tx, pool, user, now))
    }

    /// Changes the user as the answer says.
    pub(crate) fn apply(&self, user: &mut User) -> Result<(), Error> {
        if let Some(step) = self.totp_step {
            if user.hidden.mfa.totp_last_step.is_some_and(|last| step <= last) {
                return Err(used_token());
            }
            user.hidden.mfa.totp_last_step = Some(step);
        }
        if let Some(address) = &self.address {
            user.attributes.insert("email".to_owned(), address.clone());
        }
        sign_in::apply(&self.effects, user);
        Ok(())
    }
}

/// A code of a software token is good once (recorded from the live service).
pub(super) fn used_token() -> Error {
    Error::refused(Exception::ExpiredCode, "Your software token has already been used once.")
}
