//! `UpdateAuthEventFeedback`: a user says whether an attempt was their own, with the token of a message about it. Needs
//! no signature.
//!
//! Errors: `ResourceNotFound` (pool), `UserPoolAddOnNotEnabled`, `NotAuthorized` (a token that is not for this event of
//! this user, or too old), `InvalidParameter` (an event that is no longer kept).

use std::sync::Arc;

use cognate_crypto::random;
use cognate_model::{EventFeedbackType, UpdateAuthEventFeedbackRequest, UpdateAuthEventFeedbackResponse};

use super::{feedback, require_threat_protection};
use crate::risk::FeedbackToken;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: UpdateAuthEventFeedbackRequest,
) -> Result<UpdateAuthEventFeedbackResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    require_threat_protection(&pool)?;
    let token = FeedbackToken::open(&pool, request.feedback_token.expose()).ok_or_else(invalid)?;
    let id = random::parse_uuid(&request.event_id).ok_or_else(invalid)?;
    let user = cx.read(|tx| directory::find(tx, &pool, &request.username)).await?;
    // Whether the user or the token is wrong is the same: else the answer would tell who exists.
    let user = user.filter(|user| token.is_for(cx, &user.id, &id)).ok_or_else(invalid)?;
    let given = EventFeedbackType {
        feedback_value: request.feedback_value,
        provider: "User".to_owned(),
        feedback_date: Some(cx.now()),
    };
    let pool = Arc::clone(&pool);
    cx.write(move |tx| feedback::write(tx, &pool, &user.id, &id, &given)).await?;
    Ok(UpdateAuthEventFeedbackResponse::default())
}

/// The rule follows from the API, the text is not recorded.
fn invalid() -> Error {
    Error::not_authorized("Invalid feedback token.")
}
