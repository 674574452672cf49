//! One attempt to deliver a message, and what it leaves in the outbox.

use std::time::Duration;

use cognate_crypto::random;
use cognate_delivery::{Means, Outgoing, Setback};
use cognate_model::DeliveryMediumType;
use cognate_store::outbox::{self, Leased};
use cognate_store::{DbError, Tx};

use super::{Message, backoff, open_message, seal_remains};
use crate::log_delivery::NotDelivered;
use crate::triggers::custom_sender;
use crate::{Context, Error, log_delivery};

/// How often the outcome is written anew where the store is too busy to take it, and how long is waited in between. All
/// of it ends before the lease does.
const WRITES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);
/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 200;

/// How an attempt ended.
enum End {
    Sent,
    /// Why, and when to try again.
    PutBack(String, i64),
    /// Why.
    GivenUp(String),
}

/// Tries to deliver a message that this process has leased.
pub(super) async fn deliver(cx: Context, mut leased: Leased) {
    let opened = open(&cx, &leased).await;
    let end = match &opened {
        Ok(message) => send(&cx, &leased, message).await,
        Err(reason) => End::GivenUp(reason.clone()),
    };
    let is_over = !matches!(end, End::PutBack(..));
    if let (Ok(message), End::PutBack(reason, _) | End::GivenUp(reason)) = (&opened, &end)
        && let Ok(pool) = cx.pool(&leased.pool).await
    {
        let (id, medium, purpose) = (&random::format_uuid(&leased.id), &message.medium, &message.purpose);
        log_delivery::not_delivered(&pool, &leased.user, &NotDelivered { id, medium, purpose, reason, is_over });
    }
    if let (Ok(message), true, false) = (opened, is_over, cx.settings.keeps_messages_readable)
        && let Ok(pool) = cx.pool(&leased.pool).await
        && let Ok(sealed) = seal_remains(&cx, &pool, &leased, message)
    {
        leased.sealed = sealed;
    }
    record(&cx, leased, end).await;
}

async fn open(cx: &Context, leased: &Leased) -> Result<Message, String> {
    let pool = cx.pool(&leased.pool).await.map_err(|error| error.to_string())?;
    open_message(&pool, leased).map_err(|error| error.to_string())
}

async fn send(cx: &Context, leased: &Leased, message: &Message) -> End {
    let now = cx.now().micros();
    if leased.progress.expires <= now {
        let last = &leased.progress.reason;
        let last = if last.is_empty() { "it was not tried in time" } else { last.as_str() };
        return End::GivenUp(format!("expired; {last}"));
    }
    let Some(medium) = DeliveryMediumType::parse(&message.medium) else {
        return End::GivenUp("it has no medium".to_owned());
    };
    let pool = match cx.pool(&leased.pool).await {
        Ok(pool) => pool,
        Err(error) => return End::GivenUp(error.to_string()),
    };
    let later = |reason: &str| {
        // From the moment of the failure: an attempt may have taken long.
        let due = cx.now().micros() + backoff::delay(leased.progress.attempts, cx.random());
        End::PutBack(without_secrets(reason, message), due)
    };
    if message.event.is_some() {
        let id = format!("msg_{}", random::format_uuid(&leased.id));
        return match custom_sender::send(cx, &pool, &id, message).await {
            Ok(()) => End::Sent,
            Err(error) => later(&error.to_string()),
        };
    }
    let outgoing = Outgoing {
        id: &random::format_uuid(&leased.id),
        pool: &pool,
        username: &message.username,
        destination: &message.destination,
        purpose: &message.purpose,
        subject: message.subject.as_deref(),
        body: &message.body,
        html: message.html.as_deref(),
    };
    let means = Means { outbound: &cx.outbound, wall: cx.clock.wall().seconds() };
    match cx.transports.send(medium, &outgoing, means).await {
        Ok(()) => End::Sent,
        Err(Setback::Never(reason)) => End::GivenUp(without_secrets(&reason, message)),
        Err(Setback::Later(reason)) => later(&reason),
    }
}

async fn record(cx: &Context, leased: Leased, end: End) {
    let id = random::format_uuid(&leased.id);
    let span = tracing::Span::current();
    match &end {
        End::Sent => span.record("outcome", "sent"),
        End::PutBack(..) => span.record("outcome", "put-back").record("otel.status_code", "ERROR"),
        End::GivenUp(_) => span.record("outcome", "given-up").record("otel.status_code", "ERROR"),
    };
    match &end {
        End::Sent => {
            cx.tally.sent();
            tracing::info!(id, pool = leased.pool, attempts = leased.progress.attempts, "a message was delivered");
        }
        End::PutBack(reason, _) => tracing::warn!(id, pool = leased.pool, reason, "a message was not delivered yet"),
        End::GivenUp(reason) => {
            cx.tally.given_up();
            tracing::warn!(id, pool = leased.pool, reason, "a message was given up");
        }
    }
    let now = cx.now().micros();
    let (leased, end) = (std::sync::Arc::new(leased), std::sync::Arc::new(end));
    for _ in 0..WRITES {
        let (leased, end) = (std::sync::Arc::clone(&leased), std::sync::Arc::clone(&end));
        match cx.write(move |tx| Ok::<_, Error>(write(tx, &leased, &end, now)?)).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(id, %error, "the end of a delivery was not written yet"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::error!(id, "the end of a delivery could not be written: it may be delivered again");
}

fn write(tx: &mut dyn Tx, leased: &Leased, end: &End, now: i64) -> Result<(), DbError> {
    match end {
        End::Sent => outbox::sent(tx, leased, now),
        End::PutBack(reason, due) => outbox::put_back(tx, leased, *due, reason),
        End::GivenUp(reason) => outbox::give_up(tx, leased, now, reason),
    }
}

/// A server may repeat in its answer what it was sent. What operators read holds no code, password or address.
fn without_secrets(reason: &str, message: &Message) -> String {
    let secrets = [message.code.as_deref(), message.temporary_password.as_deref(), Some(message.destination.as_str())];
    let mut reason = reason.to_owned();
    for secret in secrets.into_iter().flatten().filter(|secret| !secret.is_empty()) {
        reason = reason.replace(secret, "***");
    }
    reason.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_holds_no_secret_and_is_one_short_line() {
        let message = Message {
            pool_id: String::new(),
            username: "maria".to_owned(),
            medium: "EMAIL".to_owned(),
            destination: "maria@example.com".to_owned(),
            purpose: "SignUp".to_owned(),
            code: Some("123456".to_owned()),
            temporary_password: Some("Secret-1".to_owned()),
            subject: None,
            body: String::new(),
            html: None,
            event: None,
            created_at: 0.0,
        };
        let said = "550 <maria@example.com> refused:\r\n'123456' and Secret-1";
        assert_eq!(without_secrets(said, &message), "550 <***> refused:  '***' and ***");
        assert_eq!(without_secrets(&"é".repeat(1_000), &message).chars().count(), LONGEST_REASON);
    }
}
