//! Whether anything delivers messages of a medium, and what is said where nothing does. The texts are ours: the live
//! service always has a way.

use cognate_domain::Pool;
use cognate_model::{DeliveryMediumType, Exception};

use crate::triggers::custom_sender;
use crate::{Context, Error, Undelivered};

/// Whether a message of this medium is to be delivered; if not, it is only kept, or refused as the operator decided.
pub(super) fn check(cx: &Context, pool: &Pool, medium: &str) -> Result<bool, Error> {
    let medium = DeliveryMediumType::parse(medium).ok_or_else(|| Error::internal(format!("no medium {medium}")))?;
    require_way(cx, pool, medium)?;
    Ok(is_delivered(cx, pool, medium))
}

/// Whether messages of this medium come to anybody: to the user, or to who reads the outbox.
pub(crate) fn reaches(cx: &Context, pool: &Pool, medium: DeliveryMediumType) -> bool {
    is_delivered(cx, pool, medium) || cx.settings.undelivered == Undelivered::Keep
}

/// Refuses what needs a message of a medium for which there is no way.
pub(crate) fn require_way(cx: &Context, pool: &Pool, medium: DeliveryMediumType) -> Result<(), Error> {
    if reaches(cx, pool, medium) {
        return Ok(());
    }
    Err(refused(format!("No way to deliver messages by {medium} is configured.")))
}

/// A medium that reaches anybody, for a message that nobody gets. Where there is none the refusal names none either: it
/// is what everybody hears, known or not.
pub(crate) fn some_way(cx: &Context, pool: &Pool) -> Result<DeliveryMediumType, Error> {
    [DeliveryMediumType::Email, DeliveryMediumType::Sms]
        .into_iter()
        .find(|medium| reaches(cx, pool, *medium))
        .ok_or_else(|| refused("No way to deliver messages is configured.".to_owned()))
}

/// Whether somebody delivers: the pool's own sender, and nobody in its place, or else a transport.
fn is_delivered(cx: &Context, pool: &Pool, medium: DeliveryMediumType) -> bool {
    match custom_sender::of(pool, medium) {
        Some(_) => cx.functions.has_keys(),
        None => cx.transports.reach(medium),
    }
}

fn refused(message: String) -> Error {
    Error::refused(Exception::CodeDeliveryFailure, message)
}
