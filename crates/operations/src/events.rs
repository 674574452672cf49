//! Authentication events: every attempt to sign in or to reset a password leaves one.

pub mod admin_list_user_auth_events;
pub mod admin_update_auth_event_feedback;
pub mod update_auth_event_feedback;

mod attempt;
mod feedback;

pub(crate) use attempt::{Attempt, address_of};

use cognate_domain::{Pool, risk};
use cognate_model::{Exception, Timestamp};

use crate::Error;

/// How long events are kept, in seconds: two years, as in the live service.
const RETENTION: i64 = 2 * 365 * 86_400;

/// The lowest id of an event that is still kept: ids begin with their millisecond.
pub(crate) fn oldest(now: Timestamp) -> [u8; 16] {
    let millis = u64::try_from(now.plus_seconds(-RETENTION).millis()).unwrap_or(0);
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip((millis << 16).to_be_bytes()) {
        *to = from;
    }
    id
}

/// The event operations belong to threat protection, which a pool must have switched on.
pub(crate) fn require_threat_protection(pool: &Pool) -> Result<(), Error> {
    match risk::mode(pool) {
        Some(_) => Ok(()),
        None => Err(Error::refused(
            Exception::UserPoolAddOnNotEnabled,
            "This is an add on feature. Please update AdvancedSecurityMode for your user pool to access this API.",
        )),
    }
}
