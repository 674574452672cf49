//! The sign-in machine: what is asked for next, and when a user is in.
//!
//! A sign-in is at a [`Stage`] and has [`Shown`] something. An [`Input`] is something that was checked and found
//! right, or a choice. [`step`] says whether the input fits the stage and what it adds to what was shown, and then what
//! is [`due`]: the next stage, a trigger's opinion, or tokens. It knows no clock and no network, and looks at the user
//! as they are now, not as they were when the sign-in began. `docs/sign-in.md` shows it as a table, made from this code.
//!
//! "Authentication with Amazon Cognito user pools" in the developer guide describes the flows; the order of the
//! challenges was recorded from the live service.

mod device;
mod first_factors;
mod stage;

use cognate_model::{AuthFactorType, ChallengeNameType, Exception, Timestamp, UserStatusType};
use serde::{Deserialize, Serialize};

use crate::mfa_preference::{self, Factor};
use crate::{Pool, Refusal, User, user_status};

pub use device::{Device, takes_the_place_of_second_factors};
pub use first_factors::{Means, available, codes_suffice, offered_to_strangers};
pub use stage::Stage;

/// How a sign-in began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Flow {
    /// `USER_PASSWORD_AUTH`, `ADMIN_USER_PASSWORD_AUTH`, `USER_SRP_AUTH`: the password comes first.
    Password,
    /// `USER_AUTH`: the user chooses.
    Choice,
    /// `CUSTOM_AUTH`: the pool's triggers decide.
    Custom,
}

/// How the first factor was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum First {
    /// The password, in clear or by SRP.
    Password,
    /// A code by e-mail.
    Email,
    /// A code by text message.
    Sms,
    /// A passkey; its authenticator may have verified the user too.
    Passkey {
        /// By PIN or biometrics.
        user_verified: bool,
    },
}

/// What was shown so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shown {
    /// The first factor.
    pub first: Option<First>,
    /// The second factor.
    pub second: Option<ChallengeNameType>,
    /// The remembered device.
    pub device: bool,
    /// The pool's trigger let the user in (`issueTokens`).
    pub granted: bool,
}

/// What was checked and found right, or chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// The first factor.
    First(First),
    /// A choice among the first factors.
    FirstChosen(ChallengeNameType),
    /// A password of the user's own in the place of the temporary one.
    NewPassword,
    /// A choice among the second factors.
    SecondChosen(ChallengeNameType),
    /// The second factor.
    Second(ChallengeNameType),
    /// A second factor that was set up during the sign-in and needs no further proof.
    Enrolled(ChallengeNameType),
    /// An address for codes, given at `MFA_SETUP`.
    AddressGiven,
    /// The device said which one it is.
    DeviceNamed,
    /// The device proved it.
    DeviceProved,
    /// An answer to a custom challenge, right or wrong: the trigger judges.
    CustomAnswer,
    /// The trigger lets the user in.
    Granted,
    /// The trigger asks for this challenge.
    Demanded(ChallengeNameType),
}

/// What adaptive authentication asks for on top.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Demand {
    /// Nothing.
    #[default]
    Nothing,
    /// `MFA_IF_CONFIGURED`: a second factor, of users who can have one.
    IfConfigured,
    /// `MFA_REQUIRED`: a second factor, or no tokens.
    Required,
}

/// The surroundings of a step.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// The user, as of now.
    pub user: &'a User,
    /// How the sign-in began.
    pub flow: Flow,
    /// The device that the request came from, as far as the user knows it.
    pub device: Device,
    /// What adaptive authentication asks for.
    pub demand: Demand,
    /// Now.
    pub now: Timestamp,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Something more is asked for.
    Ask(Stage),
    /// The pool's `DefineAuthChallenge` trigger says how it goes on.
    Consult,
    /// The user is in.
    Tokens,
}

/// What a step changes about the user besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A code reached this address: it is verified.
    Verified(&'static str),
    /// The factor is on from now.
    TurnedOn(ChallengeNameType),
}

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was shown by now.
    pub shown: Shown,
    /// What follows.
    pub next: Next,
    /// What changes about the user.
    pub effects: Vec<Effect>,
}

/// Takes an input at a stage; `None` is the beginning. An input that does not fit the stage is refused, and nothing
/// but a refusal comes of a user who may not sign in.
pub fn step(situation: &Situation<'_>, stage: Option<&Stage>, shown: Shown, input: Input) -> Result<Step, Refusal> {
    let mut step = Step { shown, next: Next::Consult, effects: Vec::new() };
    match (stage, input) {
        (None | Some(Stage::PasswordProof | Stage::FirstChoice(_)), Input::First(First::Password)) => {
            step.shown.first = Some(First::Password);
        }
        (Some(Stage::FirstCode(asked)), Input::First(first)) if is_code(first, *asked) => {
            step.shown.first = Some(first);
            step.effects.push(Effect::Verified(address_of(*asked)));
        }
        (Some(Stage::Passkey | Stage::FirstChoice(_)), Input::First(passkey @ First::Passkey { .. })) => {
            step.shown.first = Some(passkey);
        }
        (Some(Stage::FirstChoice(offered)), Input::FirstChosen(chosen)) if offered.contains(&chosen) => {
            step.next = Next::Ask(Stage::first(chosen).ok_or_else(out_of_order)?);
            return Ok(step);
        }
        (Some(Stage::NewPassword), Input::NewPassword) => {}
        (Some(Stage::SecondChoice(offered)), Input::SecondChosen(chosen)) if offered.contains(&chosen) => {
            step.next = Next::Ask(Stage::Second(chosen));
            return Ok(step);
        }
        (Some(Stage::Second(asked)), Input::Second(factor)) if *asked == factor => {
            step.shown.second = Some(factor);
            step.effects.extend(verified_by(factor));
        }
        (Some(Stage::EnrolByCode), Input::Second(ChallengeNameType::EmailOtp))
            if may_set_up(situation.pool, situation.user) =>
        {
            step.shown.second = Some(ChallengeNameType::EmailOtp);
            step.effects.extend(verified_by(ChallengeNameType::EmailOtp));
            step.effects.push(Effect::TurnedOn(ChallengeNameType::EmailOtp));
        }
        (Some(Stage::SetUp(offered)), Input::Enrolled(factor))
            if offered.contains(&factor) && is_the_only_one(situation, factor) =>
        {
            step.shown.second = Some(factor);
            step.effects.push(Effect::TurnedOn(factor));
        }
        (Some(Stage::SetUp(offered)), Input::AddressGiven)
            if offered.contains(&ChallengeNameType::EmailOtp) && may_set_up(situation.pool, situation.user) =>
        {
            step.next = Next::Ask(Stage::EnrolByCode);
            return Ok(step);
        }
        (Some(Stage::Device), Input::DeviceNamed) => {
            step.next = Next::Ask(Stage::DeviceProof);
            return Ok(step);
        }
        (Some(Stage::DeviceProof), Input::DeviceProved) => step.shown.device = true,
        (Some(Stage::Custom), Input::CustomAnswer) if situation.flow == Flow::Custom => return Ok(step),
        (None, Input::Granted) if situation.flow == Flow::Custom => step.shown.granted = true,
        (None, Input::Demanded(challenge)) if situation.flow == Flow::Custom => {
            step.next = Next::Ask(demanded(situation, shown, challenge)?);
            return Ok(step);
        }
        _ => return Err(out_of_order()),
    }
    step.next = due(situation, step.shown)?;
    Ok(step)
}

/// What is due after what was shown.
pub fn due(situation: &Situation<'_>, shown: Shown) -> Result<Next, Refusal> {
    let user = situation.user;
    check_account(user)?;
    if situation.flow == Flow::Custom {
        return due_in_custom(situation, shown);
    }
    let first = shown.first.ok_or_else(out_of_order)?;
    if user.status == UserStatusType::ForceChangePassword {
        // A temporary password is good for choosing another, and nothing else takes its place.
        if first != First::Password {
            return Err(out_of_order());
        }
        user_status::check_temporary_password(user, situation.now)?;
        return Ok(Next::Ask(Stage::NewPassword));
    }
    if user.status == UserStatusType::ResetRequired {
        return Err(Refusal::new(Exception::PasswordResetRequired, "Password reset required for the user"));
    }
    Ok(due_after_first(situation, shown, first)?.map_or(Next::Tokens, Next::Ask))
}

/// The trigger decides, but after the password the second factor is asked for as in every flow. The status of the
/// password does not matter: a user who must change it was taken through custom challenges by the live service.
fn due_in_custom(situation: &Situation<'_>, shown: Shown) -> Result<Next, Refusal> {
    if let Some(first) = shown.first
        && let Some(stage) = due_after_first(situation, Shown { device: true, ..shown }, first)?
    {
        return Ok(Next::Ask(stage));
    }
    if !shown.granted {
        return Ok(Next::Consult);
    }
    Ok(if device_due(situation, shown) { Next::Ask(Stage::Device) } else { Next::Tokens })
}

/// The second factor, or the device in its place; then the device besides.
fn due_after_first(situation: &Situation<'_>, shown: Shown, first: First) -> Result<Option<Stage>, Refusal> {
    if shown.second.is_none() && !stands_for_two(situation, first) {
        let factor = second_factor(situation)?;
        if factor != Factor::None {
            if matches!(first, First::Email | First::Sms | First::Passkey { .. }) {
                // Codes and passkeys are not offered to who needs a second factor; it became due in the meantime.
                return Err(out_of_order());
            }
            let replaced = takes_the_place_of_second_factors(situation.pool) && situation.device == Device::Remembered;
            if !(replaced && situation.flow != Flow::Custom) {
                return Ok(Some(Stage::second(factor)));
            }
        }
    }
    Ok(device_due(situation, shown).then_some(Stage::Device))
}

fn device_due(situation: &Situation<'_>, shown: Shown) -> bool {
    situation.device == Device::Remembered && !shown.device
}

/// A passkey that verified its user counts for both factors where the pool says so and the user wants it.
fn stands_for_two(situation: &Situation<'_>, first: First) -> bool {
    first == First::Passkey { user_verified: true }
        && first_factors::passkeys_stand_for_two(situation.pool, situation.user)
}

/// Whether a second factor may be set up by whoever knows the first one: only while there is none. The owner may have
/// set one up since the sign-in asked for it.
pub fn may_set_up(pool: &Pool, user: &User) -> bool {
    matches!(mfa_preference::next_factor(pool, user), Ok(Factor::Setup(_) | Factor::None))
}

/// Whether the user has no second factor but, perhaps, this one.
fn is_the_only_one(situation: &Situation<'_>, factor: ChallengeNameType) -> bool {
    let next = mfa_preference::next_factor(situation.pool, situation.user);
    next == Ok(Factor::Challenge(factor)) || may_set_up(situation.pool, situation.user)
}

fn second_factor(situation: &Situation<'_>) -> Result<Factor, Refusal> {
    let (pool, user) = (situation.pool, situation.user);
    let due = mfa_preference::next_factor(pool, user)?;
    if due != Factor::None || situation.demand == Demand::Nothing {
        return Ok(due);
    }
    match mfa_preference::possible_factor(pool, user) {
        Factor::None if situation.demand == Demand::Required => Err(crate::risk::blocked()),
        factor => Ok(factor),
    }
}

/// What a trigger may ask for beside its own challenges.
fn demanded(situation: &Situation<'_>, shown: Shown, challenge: ChallengeNameType) -> Result<Stage, Refusal> {
    check_account(situation.user)?;
    match challenge {
        ChallengeNameType::CustomChallenge => Ok(Stage::Custom),
        ChallengeNameType::PasswordVerifier if shown.first.is_none() => Ok(Stage::PasswordProof),
        factor if mfa_preference::has_means(situation.user, factor) => Ok(Stage::Second(factor)),
        _ => Err(Refusal::new(Exception::InvalidLambdaResponse, "Unrecognizable lambda output")),
    }
}

/// What an account's state says to somebody who wants in, before anything else is looked at.
pub fn check_account(user: &User) -> Result<(), Refusal> {
    if !user.enabled {
        return Err(Refusal::new(Exception::NotAuthorized, "User is disabled."));
    }
    match user.status {
        UserStatusType::Unconfirmed => Err(Refusal::new(Exception::UserNotConfirmed, "User is not confirmed.")),
        _ => Ok(()),
    }
}

/// Changes the user as a step says.
pub fn apply(effects: &[Effect], user: &mut User) {
    for effect in effects {
        match *effect {
            Effect::Verified(attribute) => {
                if user.attribute(attribute).is_some() {
                    user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
                }
            }
            Effect::TurnedOn(factor) => mfa_preference::turn_on(user, factor),
        }
    }
}

fn verified_by(factor: ChallengeNameType) -> Option<Effect> {
    match factor {
        ChallengeNameType::SmsMfa | ChallengeNameType::EmailOtp => Some(Effect::Verified(address_of(factor))),
        _ => None,
    }
}

fn address_of(challenge: ChallengeNameType) -> &'static str {
    if challenge == ChallengeNameType::EmailOtp { "email" } else { "phone_number" }
}

fn is_code(first: First, asked: ChallengeNameType) -> bool {
    matches!((first, asked), (First::Email, ChallengeNameType::EmailOtp) | (First::Sms, ChallengeNameType::SmsOtp))
}

/// An answer to what was not asked.
pub fn out_of_order() -> Refusal {
    Refusal::new(Exception::NotAuthorized, "Invalid session for the user.")
}

/// Whether the pool allows this first factor.
fn allows(pool: &Pool, factor: AuthFactorType) -> bool {
    let policy = pool.config.policies.as_ref().and_then(|policies| policies.sign_in_policy.as_ref());
    let allowed = policy.and_then(|policy| policy.allowed_first_auth_factors.as_ref());
    allowed.map_or(factor == AuthFactorType::Password, |allowed| allowed.contains(&factor))
}

#[cfg(test)]
mod tests;
