//! Signing up: people create their own accounts and prove their address with a code.

pub mod confirm_sign_up;
pub mod resend_confirmation_code;
#[expect(clippy::module_inception, reason = "a file is named after its operation")]
pub mod sign_up;

use cognate_domain::user_status::Destination;
use cognate_domain::{Pool, User};
use cognate_model::{DeliveryMediumType, VerifiedAttributeType};

use crate::codes::{self, Issued, SIGN_UP};
use crate::messages::Cause;
use crate::{Context, Error, OpenPool};

/// Where a sign-up's code goes: to an address that the pool verifies, the phone before the mailbox.
fn destination(pool: &Pool, user: &User) -> Option<Destination> {
    let verified = pool.config.auto_verified_attributes.as_deref().unwrap_or_default();
    [
        (VerifiedAttributeType::PhoneNumber, DeliveryMediumType::Sms),
        (VerifiedAttributeType::Email, DeliveryMediumType::Email),
    ]
    .into_iter()
    .filter(|(attribute, _)| verified.contains(attribute))
    .find_map(|(_, medium)| Destination::of(user, medium))
}

async fn code(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    target: &Destination,
    cause: Cause<'_>,
) -> Result<Issued, Error> {
    codes::issue(cx, pool, user, &SIGN_UP, target, cause).await
}
