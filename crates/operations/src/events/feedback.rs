//! Feedback on an event: written onto it, and learned from.

use cognate_domain::Pool;
use cognate_domain::risk::learning;
use cognate_domain::user::UserId;
use cognate_model::EventFeedbackType;
use cognate_store::{Tx, auth_events, risk_marks, users};

use crate::Error;

/// Writes feedback, in the place of an earlier one.
pub(super) fn write(
    tx: &mut dyn Tx,
    pool: &Pool,
    user: &UserId,
    id: &[u8; 16],
    feedback: &EventFeedbackType,
) -> Result<(), Error> {
    // Of two who judge at once one comes after the other, and a user who is gone by now leaves nothing behind.
    if !users::hold(tx, pool.id(), user)? {
        return Err(unknown());
    }
    let mut event = auth_events::get(tx, pool.id(), user, id)?.ok_or_else(unknown)?;
    let changes = learning::judged(&event, feedback.feedback_value, |kind, value| {
        risk_marks::get(tx, pool.id(), user, kind, value)
    })?;
    for change in &changes {
        risk_marks::change(tx, pool.id(), user, change)?;
    }
    event.event_feedback = Some(feedback.clone());
    Ok(auth_events::put(tx, pool.id(), user, id, &event)?)
}

/// `InvalidParameterException`, as recorded from the live service.
pub(super) fn unknown() -> Error {
    Error::invalid("EventId is invalid")
}
