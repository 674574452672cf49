//! Telling users about risky attempts, by e-mail.

use std::sync::Arc;

use cognate_crypto::random;
use cognate_delivery::RiskNotice;
use cognate_domain::User;
use cognate_domain::risk::configuration::Notice;
use cognate_model::{DeliveryMediumType, NotifyConfigurationType};
use cognate_store::{attempts, users};

use super::FeedbackToken;
use crate::events::Attempt;
use crate::outbox::{self, Message};
use crate::triggers::custom_sender;
use crate::{Context, Error, OpenPool};

/// What messages are counted under, and how many a user is sent in an hour.
const SENT: &str = "risk notice";
const MOST: i64 = 10;
/// What it is called.
const NOTIFICATION: &str = "AccountTakeOverNotification";
const HOUR: i64 = 3_600_000_000;

/// Sends the message about an attempt, if the user has a verified address.
pub(super) async fn send(
    cx: &Context,
    pool: &Arc<OpenPool>,
    user: &User,
    texts: Option<&NotifyConfigurationType>,
    kind: Notice,
    attempt: &Attempt,
) -> Result<(), Error> {
    let Some(address) = user.attribute("email").filter(|_| user.is_verified("email")) else { return Ok(()) };
    // A sign-in does not fail because nobody could be told of it.
    if !outbox::reaches(cx, pool, DeliveryMediumType::Email) {
        return Ok(());
    }
    let now = cx.now();
    let (valid, invalid) = (link(cx, pool, user, attempt, "Valid")?, link(cx, pool, user, attempt, "Invalid")?);
    let event_id = random::format_uuid(&attempt.id);
    let written = cognate_delivery::risk_notice(
        texts,
        kind,
        &RiskNotice {
            login_time: &jiff::Timestamp::from_second(now.seconds()).unwrap_or_default().to_string(),
            device_name: attempt.device_name(),
            city: attempt.city().unwrap_or("unknown"),
            country: attempt.country().unwrap_or("unknown"),
            ip_address: &attempt.address().map_or_else(|| "unknown".to_owned(), |address| address.to_string()),
            event_id: &event_id,
            link_valid: &valid,
            link_invalid: &invalid,
        },
    );
    let message = Message {
        pool_id: pool.id().to_owned(),
        username: user.username.clone(),
        medium: "EMAIL".to_owned(),
        destination: address.to_owned(),
        purpose: NOTIFICATION.to_owned(),
        code: None,
        temporary_password: None,
        subject: written.subject,
        body: written.body,
        html: written.html,
        event: custom_sender::event_of(cx, pool, user, DeliveryMediumType::Email, NOTIFICATION, None, None),
        created_at: outbox::seconds(now),
    };
    let posted = Arc::new(outbox::seal_message(cx, pool, user, &message)?);
    let (written, pool, id) = (Arc::clone(&posted), Arc::clone(pool), user.id);
    let is_sent = cx
        .write(move |tx| {
            // A user who is gone by now leaves nothing behind.
            if users::by_id(tx, pool.id(), &id)?.is_none()
                || attempts::count(tx, pool.id(), &id, SENT, now.micros(), HOUR)? > MOST
            {
                return Ok(false);
            }
            written.insert(tx)?;
            Ok(true)
        })
        .await?;
    if is_sent {
        posted.announce();
    }
    Ok(())
}

/// Where the user says whether the attempt was their own: a page of the operator's, which calls
/// `UpdateAuthEventFeedback` with what stands in the query.
fn link(cx: &Context, pool: &OpenPool, user: &User, attempt: &Attempt, value: &str) -> Result<String, Error> {
    let token = FeedbackToken::new(cx, user.id, attempt.id).seal(cx, pool)?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("userPoolId", pool.id())
        .append_pair("username", &user.username)
        .append_pair("eventId", &random::format_uuid(&attempt.id))
        .append_pair("feedbackToken", &token)
        .append_pair("feedbackValue", value)
        .finish();
    let base = &cx.settings.feedback_url;
    Ok(format!("{base}{}{query}", if base.contains('?') { '&' } else { '?' }))
}
