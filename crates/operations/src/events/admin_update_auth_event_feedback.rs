//! `AdminUpdateAuthEventFeedback`: an administrator says whether an attempt was the user's own. Later attempts are
//! weighed accordingly.
//!
//! Errors: `ResourceNotFound` (pool), `UserPoolAddOnNotEnabled`, `NotAuthorized` (unknown user, as recorded from the live
//! service), `InvalidParameter` (unknown event).

use std::sync::Arc;

use cognate_crypto::random;
use cognate_model::{AdminUpdateAuthEventFeedbackRequest, AdminUpdateAuthEventFeedbackResponse, EventFeedbackType};

use super::{feedback, require_threat_protection};
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminUpdateAuthEventFeedbackRequest,
) -> Result<AdminUpdateAuthEventFeedbackResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    require_threat_protection(&pool)?;
    let given = EventFeedbackType {
        feedback_value: request.feedback_value,
        provider: "Admin".to_owned(),
        feedback_date: Some(cx.now()),
    };
    let id = random::parse_uuid(&request.event_id);
    let pool = Arc::clone(&pool);
    cx.write(move |tx| {
        let user = directory::find(tx, &pool, &request.username)?
            .ok_or_else(|| Error::not_authorized("Incorrect username or password."))?;
        feedback::write(tx, &pool, &user.id, &id.ok_or_else(feedback::unknown)?, &given)
    })
    .await?;
    Ok(AdminUpdateAuthEventFeedbackResponse::default())
}
