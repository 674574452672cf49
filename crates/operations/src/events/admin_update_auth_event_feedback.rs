//! `AdminUpdateAuthEventFeedback`: an administrator says whether an attempt was the user's own.
//!
//! Errors: `ResourceNotFound` (pool), `UserPoolAddOnNotEnabled`, `NotAuthorized` (unknown user, as recorded from the live
//! service), `InvalidParameter` (unknown event).

use std::sync::Arc;

use cognate_crypto::random;
use cognate_model::{AdminUpdateAuthEventFeedbackRequest, AdminUpdateAuthEventFeedbackResponse, EventFeedbackType};
use cognate_store::auth_events;

use super::require_threat_protection;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminUpdateAuthEventFeedbackRequest,
) -> Result<AdminUpdateAuthEventFeedbackResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    require_threat_protection(&pool)?;
    let feedback = EventFeedbackType {
        feedback_value: request.feedback_value,
        provider: "Admin".to_owned(),
        feedback_date: Some(cx.now()),
    };
    let id = random::parse_uuid(&request.event_id);
    let pool = Arc::clone(&pool);
    cx.write(move |tx| {
        let user = directory::find(tx, &pool, &request.username)?
            .ok_or_else(|| Error::not_authorized("Incorrect username or password."))?;
        let unknown = || Error::invalid("EventId is invalid");
        let id = id.ok_or_else(unknown)?;
        let mut event = auth_events::get(tx, pool.id(), &user.id, &id)?.ok_or_else(unknown)?;
        event.event_feedback = Some(feedback.clone());
        Ok(auth_events::put(tx, pool.id(), &user.id, &id, &event)?)
    })
    .await?;
    Ok(AdminUpdateAuthEventFeedbackResponse::default())
}
