//! `AdminListUserAuthEvents`: the attempts of a user, newest first.
//!
//! Errors: `ResourceNotFound` (pool), `UserPoolAddOnNotEnabled`, `UserNotFound`, `InvalidParameter` (token).

use cognate_crypto::random;
use cognate_model::{AdminListUserAuthEventsRequest, AdminListUserAuthEventsResponse, AuthEventType};
use cognate_store::auth_events;

use super::{oldest, require_threat_protection};
use crate::{Context, Error, directory, page};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminListUserAuthEventsRequest,
) -> Result<AdminListUserAuthEventsResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    require_threat_protection(&pool)?;
    let size = page::size(request.max_results);
    let oldest = oldest(cx.now());
    let before = request.next_token.as_deref().map(read_token).transpose()?;
    let found = cx
        .read(|tx| {
            let user = directory::get(tx, &pool, &request.username)?;
            Ok(auth_events::list(tx, pool.id(), &user.id, before.as_ref(), &oldest, size + 1)?)
        })
        .await?;
    let (events, more) = page::cut(found, size);
    let next_token = events.last().filter(|_| more).map(token);
    Ok(AdminListUserAuthEventsResponse { auth_events: Some(events), next_token })
}

/// `<EventId>#<ISO-8601 with milliseconds>Z` of the last event, as recorded from the live service.
fn token(event: &AuthEventType) -> String {
    let millis = event.creation_date.unwrap_or_default().millis();
    let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    format!("{}#{}", event.event_id.as_deref().unwrap_or_default(), moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

/// The token names the user's own event, so there is nothing in it to forge: only the position is read.
fn read_token(token: &str) -> Result<[u8; 16], Error> {
    token
        .split_once('#')
        .and_then(|(id, _)| random::parse_uuid(id))
        .ok_or_else(|| Error::invalid("Invalid pagination token given."))
}
