//! What the user is asked, as the client sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_domain::sign_in::{First, Flow, Stage};
use cognate_domain::user_status::Destination;
use cognate_domain::{attribute_rules, client_rules, masking};
use cognate_model::{ChallengeNameType, DeliveryMediumType};

use super::course::Course;
use super::session::{Held, Parts, Session};
use super::{Outcome, choice, device, passkey};
use crate::codes::{self, OneTime, Sent};
use crate::messages::{Cause, Occasion};
use crate::{Context, Error};

/// A challenge, and the code that was sent for it.
pub(super) struct Made {
    pub(super) outcome: Outcome,
    pub(super) sent: Option<Arc<Sent>>,
}

/// Makes the challenge of a stage.
pub(super) async fn make(cx: &Context, course: &Course<'_>, stage: Stage) -> Result<Made, Error> {
    let user = &course.user;
    let mut parameters = BTreeMap::from([("USER_ID_FOR_SRP".to_owned(), user.username.clone())]);
    let (mut held, mut sent) = (Held::Nothing, None);
    match &stage {
        Stage::NewPassword => {
            let missing: Vec<String> = attribute_rules::missing_required(course.sign_in.pool, user)
                .into_iter()
                .map(|attribute| format!("userAttributes.{attribute}"))
                .collect();
            parameters.insert("requiredAttributes".to_owned(), json(&missing)?);
            // The user is not signed in yet, and sees no more here than GetUser would show.
            let (pool, client) = (course.sign_in.pool, course.sign_in.client);
            let is_shown = |name: &str| !name.starts_with("dev:") && client_rules::readable(client, pool, name);
            let shown: BTreeMap<_, _> = user.attributes.iter().filter(|(name, _)| is_shown(name)).collect();
            parameters.insert("userAttributes".to_owned(), json(&shown)?);
        }
        Stage::SecondChoice(offered) => {
            parameters.insert("MFAS_CAN_CHOOSE".to_owned(), json(offered)?);
        }
        Stage::SetUp(offered) => {
            parameters.insert("MFAS_CAN_SETUP".to_owned(), json(offered)?);
        }
        Stage::Second(ChallengeNameType::SoftwareTokenMfa) => {
            if let Some(name) = crate::mfa::token_name(user) {
                parameters.insert("FRIENDLY_DEVICE_NAME".to_owned(), name.to_owned());
            }
        }
        Stage::Second(_) | Stage::FirstCode(_) | Stage::EnrolByCode => {
            let code = send(cx, course, &stage).await?;
            parameters.extend(delivery(&code.target));
            held = Held::Code { hash: code.hash.clone(), address: course.address.clone() };
            sent = Some(Arc::new(code.sent));
        }
        Stage::Passkey => {
            let (options, challenge) = passkey::options(cx, course).await?;
            parameters = BTreeMap::from([("CREDENTIAL_REQUEST_OPTIONS".to_owned(), options)]);
            held = Held::Passkey(challenge);
        }
        Stage::FirstChoice(_) => parameters.clear(),
        Stage::Device => parameters = device::parameters(course),
        Stage::DeviceProof => return Ok(Made { outcome: device::challenge(cx, course).await?, sent: None }),
        // These are made where their answers' other half is: with the client's value, by the trigger.
        Stage::PasswordProof | Stage::Custom => return Err(Error::internal("no such challenge")),
    }
    let available = match (course.flow, course.shown.first) {
        (Flow::Choice, None) => Some(choice::available(cx, course).await?),
        _ => None,
    };
    let name = stage.challenge();
    let session = session(cx, course, stage, held)?;
    Ok(Made { outcome: Outcome::Challenge { name, session: Some(session), parameters, available }, sent })
}

/// The sealed state that the answer brings back.
pub(super) fn session(cx: &Context, course: &Course<'_>, stage: Stage, held: Held) -> Result<String, Error> {
    state(cx, course, stage, held).seal(cx, course.sign_in.pool)
}

/// The same, unsealed.
pub(super) fn state(cx: &Context, course: &Course<'_>, stage: Stage, held: Held) -> Session {
    let parts = Parts {
        user: &course.user,
        is_stranger: false,
        flow: course.flow,
        stage,
        shown: course.shown,
        event: course.attempt.id,
        device: course.device.clone(),
        risk: course.risk,
        held,
        rounds: course.rounds.clone(),
    };
    Session::start(cx, course.sign_in.client, parts)
}

/// Sends the code that a stage asks for.
async fn send(cx: &Context, course: &Course<'_>, stage: &Stage) -> Result<OneTime, Error> {
    let (challenge, user) = (stage.challenge(), &course.user);
    let medium = medium(challenge);
    let target = match &course.address {
        Some(address) => Some(Destination { medium, attribute: "email", value: address.clone() }),
        None => Destination::of(user, medium),
    };
    let target = target.ok_or_else(cognate_domain::sign_in::out_of_order)?;
    // First factors have eight digits, second ones six (recorded from the live service).
    let digits = if matches!(stage, Stage::FirstCode(_)) { 8 } else { 6 };
    let (client, metadata) = (Some(course.sign_in.client), course.sign_in.metadata.as_ref());
    let cause = Cause { occasion: Occasion::Authentication, client, metadata };
    let end = cx.now().plus_seconds(client_rules::auth_session_seconds(course.sign_in.client));
    Ok(codes::one_time(cx, course.sign_in.pool, user, challenge, digits, target, cause).await?.until(end))
}

/// How a code of this challenge is sent.
pub(super) fn medium(challenge: ChallengeNameType) -> DeliveryMediumType {
    if challenge == ChallengeNameType::EmailOtp { DeliveryMediumType::Email } else { DeliveryMediumType::Sms }
}

/// Where a code went, masked.
pub(super) fn delivery(target: &Destination) -> [(String, String); 2] {
    [
        ("CODE_DELIVERY_DELIVERY_MEDIUM".to_owned(), target.medium.to_string()),
        ("CODE_DELIVERY_DESTINATION".to_owned(), masking::destination(target.attribute, &target.value)),
    ]
}

/// Which first factor a code shows.
pub(super) fn first(challenge: ChallengeNameType) -> First {
    if challenge == ChallengeNameType::EmailOtp { First::Email } else { First::Sms }
}

/// A map or list as a JSON text, which is how challenges carry them.
fn json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::internal(e.to_string()))
}
