//! What of a pool is written to the log: lines of this server, under the targets `user_notification` and
//! `user_auth_events`. Nothing is sent to the log group, stream or bucket that a configuration names.

pub mod get_log_delivery_configuration;
pub mod set_log_delivery_configuration;

use cognate_crypto::random;
use cognate_domain::user::UserId;
use cognate_domain::{Pool, log_delivery};
use cognate_model::{AuthEventType, EventResponseType, EventSourceName, EventType, RiskDecisionType, RiskLevelType};

/// Writes a line about a message that did not come through, if the pool wants it.
pub(crate) fn not_delivered(pool: &Pool, user: &UserId, about: &NotDelivered<'_>) {
    if log_delivery::wants(pool, EventSourceName::UserNotification) {
        let NotDelivered { id, medium, purpose, reason, is_over } = *about;
        tracing::error!(
            target: "user_notification",
            pool = pool.id(), sub = random::format_uuid(user), message = id, medium, purpose, reason, is_over,
        );
    }
}

/// What is told about such a message.
#[derive(Clone, Copy)]
pub(crate) struct NotDelivered<'a> {
    pub(crate) id: &'a str,
    pub(crate) medium: &'a str,
    pub(crate) purpose: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) is_over: bool,
}

/// Writes a line about a sign-in or sign-up that came to its end, if the pool wants it.
pub(crate) fn event(pool: &Pool, user: &UserId, event: &AuthEventType) {
    let is_over = event.event_response != Some(EventResponseType::InProgress);
    if !is_over || !log_delivery::wants(pool, EventSourceName::UserAuthEvents) {
        return;
    }
    let risk = event.event_risk.as_ref();
    let context = event.event_context_data.as_ref();
    tracing::info!(
        target: "user_auth_events",
        pool = pool.id(),
        sub = random::format_uuid(user),
        event_id = event.event_id.as_deref(),
        event_type = event.event_type.map(EventType::as_str),
        event_response = event.event_response.map(EventResponseType::as_str),
        risk_level = risk.and_then(|risk| risk.risk_level).map(RiskLevelType::as_str),
        risk_decision = risk.and_then(|risk| risk.risk_decision).map(RiskDecisionType::as_str),
        compromised_credentials = risk.and_then(|risk| risk.compromised_credentials_detected),
        ip_address = context.and_then(|context| context.ip_address.as_deref()),
        device_name = context.and_then(|context| context.device_name.as_deref()),
        country = context.and_then(|context| context.country.as_deref()),
    );
}
