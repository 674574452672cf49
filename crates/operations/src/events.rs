//! Authentication events: every attempt to sign in or to reset a password leaves one.

pub mod admin_list_user_auth_events;
pub mod admin_update_auth_event_feedback;

mod attempt;

pub(crate) use attempt::Attempt;

use cognate_domain::Pool;
use cognate_model::{AdvancedSecurityModeType, Exception};

use crate::Error;

/// The event operations belong to threat protection, which a pool must have switched on.
pub(crate) fn require_threat_protection(pool: &Pool) -> Result<(), Error> {
    let mode = pool.config.user_pool_add_ons.as_ref().map(|add_ons| add_ons.advanced_security_mode);
    match mode {
        Some(AdvancedSecurityModeType::Audit | AdvancedSecurityModeType::Enforced) => Ok(()),
        _ => Err(Error::refused(
            Exception::UserPoolAddOnNotEnabled,
            "This is an add on feature. Please update AdvancedSecurityMode for your user pool to access this API.",
        )),
    }
}
