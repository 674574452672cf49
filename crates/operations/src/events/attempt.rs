//! The record of one attempt.

use cognate_crypto::random;
use cognate_domain::Pool;
use cognate_domain::user::UserId;
use cognate_model::{
    AuthEventType, ChallengeName, ChallengeResponse, ChallengeResponseType, EventContextDataType, EventResponseType,
    EventRiskType, EventType, RiskDecisionType, Timestamp,
};
use cognate_store::{Tx, auth_events};

use crate::auth::SignIn;
use crate::{Context, Error};

/// An attempt on its way to its event. The id becomes the `event_id` of the tokens.
#[derive(Clone)]
pub(crate) struct Attempt {
    /// The id of the event; time-ordered.
    pub(crate) id: [u8; 16],
    kind: EventType,
    created: Timestamp,
    response: EventResponseType,
    challenges: Vec<ChallengeResponseType>,
    context: EventContextDataType,
    /// Whether the event may exist already.
    resumed: bool,
}

impl Attempt {
    /// An attempt that begins.
    pub(crate) fn new(cx: &Context, sign_in: &SignIn<'_>, kind: EventType) -> Self {
        let now = cx.now();
        Self { id: random::uuid_v7(cx.random(), now.micros()), ..Self::resumed(cx, sign_in, kind, [0; 16]) }.begun()
    }

    /// An attempt that goes on with a challenge.
    pub(crate) fn resumed(cx: &Context, sign_in: &SignIn<'_>, kind: EventType, id: [u8; 16]) -> Self {
        let address = sign_in.address.clone().or_else(|| cx.caller.address.map(|address| address.to_string()));
        Self {
            id,
            kind,
            // Rounded to milliseconds, as recorded from the live service.
            created: Timestamp::from_micros(cx.now().millis() * 1_000),
            response: EventResponseType::InProgress,
            challenges: Vec::new(),
            context: EventContextDataType {
                ip_address: address,
                device_name: Some("Other, Other".to_owned()),
                timezone: None,
                // The text `null` stands for an unknown place, as recorded from the live service.
                city: Some("null".to_owned()),
                country: Some("null".to_owned()),
            },
            resumed: true,
        }
    }

    fn begun(mut self) -> Self {
        self.resumed = false;
        self
    }

    /// The password was right; the attempt goes on.
    pub(crate) fn password_right(self) -> Self {
        self.with(ChallengeName::Password, ChallengeResponse::Success)
    }

    /// A code, a token or a passkey was right; the attempt goes on.
    pub(crate) fn mfa_right(self) -> Self {
        self.with(ChallengeName::Mfa, ChallengeResponse::Success)
    }

    /// It was wrong.
    pub(crate) fn mfa_wrong(self) -> Self {
        self.with(ChallengeName::Mfa, ChallengeResponse::Failure).answered(EventResponseType::Fail)
    }

    /// The password was wrong.
    pub(crate) fn password_wrong(self) -> Self {
        self.with(ChallengeName::Password, ChallengeResponse::Failure).answered(EventResponseType::Fail)
    }

    /// The attempt has this outcome.
    pub(crate) fn answered(mut self, response: EventResponseType) -> Self {
        self.response = response;
        self
    }

    fn with(mut self, name: ChallengeName, response: ChallengeResponse) -> Self {
        let entry = ChallengeResponseType { challenge_name: Some(name), challenge_response: Some(response) };
        self.challenges.push(entry);
        self
    }

    /// Writes the event, or the new state of the one that is there.
    pub(crate) fn record(&self, tx: &mut dyn Tx, pool: &Pool, user: &UserId) -> Result<(), Error> {
        if self.resumed
            && let Some(mut event) = auth_events::get(tx, pool.id(), user, &self.id)?
        {
            event.event_response = Some(self.response);
            event.challenge_responses.get_or_insert_default().extend(self.challenges.iter().cloned());
            return Ok(auth_events::put(tx, pool.id(), user, &self.id, &event)?);
        }
        auth_events::insert(tx, pool.id(), user, &self.id, &self.event())?;
        // Rarely, and for all who attempt often: the last byte of an id is random.
        let [.., last] = self.id;
        if last < 8 {
            auth_events::trim(tx, pool.id(), user)?;
        }
        Ok(())
    }

    fn event(&self) -> AuthEventType {
        AuthEventType {
            event_id: Some(random::format_uuid(&self.id)),
            event_type: Some(self.kind),
            creation_date: Some(self.created),
            event_response: Some(self.response),
            event_risk: Some(EventRiskType {
                risk_decision: Some(RiskDecisionType::NoRisk),
                risk_level: None,
                compromised_credentials_detected: Some(false),
            }),
            challenge_responses: Some(self.challenges.clone()),
            event_context_data: Some(self.context.clone()),
            event_feedback: None,
        }
    }
}
