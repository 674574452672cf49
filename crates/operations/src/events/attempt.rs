//! The record of one attempt.

use std::net::IpAddr;

use cognate_crypto::random;
use cognate_domain::Pool;
use cognate_domain::risk::learning::{self, UNKNOWN_PLACE};
use cognate_domain::risk::{self, device_name};
use cognate_domain::user::UserId;
use cognate_model::{
    AuthEventType, ChallengeName, ChallengeResponse, ChallengeResponseType, EventContextDataType, EventResponseType,
    EventRiskType, EventType, RiskDecisionType, RiskLevelType, Timestamp,
};
use cognate_store::{Tx, auth_events, risk_marks};

use crate::auth::SignIn;
use crate::{Context, Error, log_delivery};

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
    risk: EventRiskType,
    /// Whether the risk was weighed in this request.
    weighed: bool,
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
        let place = address_of(cx, sign_in).and_then(|address| cx.knowledge.places.as_ref()?.find(address));
        // The text `null` stands for an unknown place, as recorded from the live service.
        let named = |name: Option<&String>| Some(name.map_or(UNKNOWN_PLACE, String::as_str).to_owned());
        Self {
            id,
            kind,
            // Rounded to milliseconds, as recorded from the live service.
            created: Timestamp::from_micros(cx.now().millis() * 1_000),
            response: EventResponseType::InProgress,
            challenges: Vec::new(),
            context: EventContextDataType {
                ip_address: stated_or_seen(cx, sign_in),
                device_name: Some(device_name::describe(cx.caller.agent.as_deref())),
                timezone: None,
                city: named(place.and_then(|place| place.city.as_ref())),
                country: named(place.and_then(|place| place.country.as_ref())),
            },
            risk: EventRiskType {
                risk_decision: Some(RiskDecisionType::NoRisk),
                risk_level: None,
                compromised_credentials_detected: Some(false),
            },
            weighed: false,
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

    /// The risk is this, and so is what it led to.
    pub(crate) fn weigh(&mut self, decision: RiskDecisionType, level: Option<RiskLevelType>) {
        (self.risk.risk_decision, self.risk.risk_level) = (Some(decision), level);
        self.weighed = true;
    }

    /// The attempt is blocked for the risk that it is.
    pub(crate) fn block(&mut self) {
        self.weigh(RiskDecisionType::Block, self.risk.risk_level);
    }

    /// The password is one that is known to have been stolen.
    pub(crate) fn compromised(mut self) -> Self {
        self.risk.compromised_credentials_detected = Some(true);
        self.weighed = true;
        self
    }

    /// Where the attempt comes from.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.context.ip_address.as_deref().and_then(|address| address.parse().ok())
    }

    /// What the device is called.
    pub(crate) fn device_name(&self) -> &str {
        self.context.device_name.as_deref().unwrap_or_default()
    }

    /// The country, where it is known.
    pub(crate) fn country(&self) -> Option<&str> {
        self.context.country.as_deref().filter(|country| *country != UNKNOWN_PLACE)
    }

    /// The city, where it is known.
    pub(crate) fn city(&self) -> Option<&str> {
        self.context.city.as_deref().filter(|city| *city != UNKNOWN_PLACE)
    }

    fn with(mut self, name: ChallengeName, response: ChallengeResponse) -> Self {
        let entry = ChallengeResponseType { challenge_name: Some(name), challenge_response: Some(response) };
        self.challenges.push(entry);
        self
    }

    /// Writes the event, or the new state of the one that is there.
    pub(crate) fn record(&self, tx: &mut dyn Tx, pool: &Pool, user: &UserId) -> Result<(), Error> {
        let known = if self.resumed { auth_events::get(tx, pool.id(), user, &self.id)? } else { None };
        let event = if let Some(mut event) = known {
            self.go_on(&mut event);
            auth_events::put(tx, pool.id(), user, &self.id, &event)?;
            event
        } else {
            let event = self.event();
            auth_events::insert(tx, pool.id(), user, &self.id, &event)?;
            event
        };
        if risk::mode(pool).is_some() {
            log_delivery::event(pool, user, &event);
        }
        if self.response == EventResponseType::Pass && self.kind == EventType::SignIn && risk::mode(pool).is_some() {
            let find = |kind, value: &str| risk_marks::get(tx, pool.id(), user, kind, value);
            for mark in learning::signed_in(&event, find)? {
                risk_marks::put(tx, pool.id(), user, &mark)?;
            }
        }
        // Rarely, and for all who attempt often: the last byte of an id is random.
        let [.., last] = self.id;
        if last < 8 {
            auth_events::trim(tx, pool.id(), user, &super::oldest(self.created))?;
        }
        Ok(())
    }

    /// Writes what this request adds into the event that another one began.
    fn go_on(&self, event: &mut AuthEventType) {
        event.event_response = Some(self.response);
        event.challenge_responses.get_or_insert_default().extend(self.challenges.iter().cloned());
        if self.weighed {
            // What was weighed is what the event shows, and what is learned from it.
            event.event_context_data = Some(self.context.clone());
            event.event_risk = Some(self.risk.clone());
        }
    }

    fn event(&self) -> AuthEventType {
        AuthEventType {
            event_id: Some(random::format_uuid(&self.id)),
            event_type: Some(self.kind),
            creation_date: Some(self.created),
            event_response: Some(self.response),
            event_risk: Some(self.risk.clone()),
            challenge_responses: Some(self.challenges.clone()),
            event_context_data: Some(self.context.clone()),
            event_feedback: None,
        }
    }
}

/// Where a request says that its user is, or where it comes from.
fn stated_or_seen(cx: &Context, sign_in: &SignIn<'_>) -> Option<String> {
    sign_in.address.clone().or_else(|| cx.caller.address.map(|address| address.to_string()))
}

/// The same, as an address.
pub(crate) fn address_of(cx: &Context, sign_in: &SignIn<'_>) -> Option<IpAddr> {
    stated_or_seen(cx, sign_in)?.parse().ok()
}
