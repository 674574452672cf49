//! The outbox as operators and developers read it.

use cognate_crypto::random;
use cognate_domain::masking;
use cognate_store::outbox::{self as table, Sealed, State};
use serde::Serialize;
use thiserror::Error as ThisError;

use super::{Message, open_message};
use crate::{Context, Error, dev};

/// A message with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Its id, which e-mails and gateways are told.
    pub id: String,
    /// The message.
    #[serde(flatten)]
    pub message: Message,
    /// `waiting`, `sent`, `given-up`; `kept` where nothing could deliver it.
    pub state: &'static str,
    /// How often its delivery was begun.
    pub attempts: i64,
    /// When it is tried next, in seconds since the epoch; while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<f64>,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why a message is not tried again.
#[derive(Debug, Clone, ThisError)]
pub enum RetryError {
    /// There is no such message.
    #[error("there is no message {0}")]
    Unknown(String),
    /// It waits no longer, and what it said is gone.
    #[error(
        "the message was {0}; let the user ask for another one, or send the invitation again (MessageAction RESEND)"
    )]
    Over(&'static str),
    /// It is being delivered at this moment.
    #[error("the message is being delivered")]
    Busy,
    /// The data.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// The newest messages, in one state if it is named, without secrets and with addresses masked.
pub async fn list(cx: &Context, state: Option<State>, limit: i64) -> Result<Vec<Listed>, Error> {
    let sealed = cx
        .read(|tx| match state {
            Some(state) => Ok(table::newest_in(tx, state, limit)?),
            None => Ok(table::newest(tx, limit)?),
        })
        .await?;
    let mut listed = listed(cx, &sealed).await?;
    for Listed { message, .. } in &mut listed {
        message.destination = masked(message);
        (message.code, message.temporary_password, message.subject, message.html) = (None, None, None, None);
        message.event = None;
        message.body.clear();
    }
    Ok(listed)
}

/// The newest messages as they are, of one pool or user if they are named: for development.
pub async fn list_readable(cx: &Context, pool: Option<&str>, username: Option<&str>) -> Result<Vec<Listed>, Error> {
    let mut found = listed(cx, &dev::sealed(cx, pool, username).await?).await?;
    if let (None, Some(name)) = (pool, username) {
        found.retain(|listed| listed.message.username == name || listed.message.destination == name);
    }
    Ok(found)
}

/// Makes a message that waits due at once.
pub async fn retry(cx: &Context, id: &str) -> Result<(), RetryError> {
    let unknown = || RetryError::Unknown(id.to_owned());
    let key = random::parse_uuid(id).ok_or_else(unknown)?;
    let message = cx.read(|tx| Ok(table::by_id(tx, &key)?)).await?.ok_or_else(unknown)?;
    match message.progress.state {
        State::Waiting => {}
        over => return Err(RetryError::Over(over.as_str())),
    }
    let cx = cx.recording("RetryMessage", &message.pool, Some(("MessageId", id)));
    let now = cx.now().micros();
    // Nothing is recorded of what was not done.
    let being_delivered = || Error::invalid("the message is being delivered");
    let retried = cx.write(move |tx| if table::retry(tx, &key, now)? { Ok(()) } else { Err(being_delivered()) }).await;
    match retried {
        Err(Error::Refused(_)) => Err(RetryError::Busy),
        other => Ok(other?),
    }
}

async fn listed(cx: &Context, sealed: &[Sealed]) -> Result<Vec<Listed>, Error> {
    let mut listed = Vec::with_capacity(sealed.len());
    for sealed in sealed {
        // A message that outlived its pool is not what the list is about.
        let pool = match cx.pool(&sealed.pool).await {
            Err(Error::Refused(_)) => continue,
            other => other?,
        };
        let progress = &sealed.progress;
        let due = cognate_model::Timestamp::from_micros(progress.due);
        listed.push(Listed {
            id: random::format_uuid(&sealed.id),
            message: open_message(&pool, sealed)?,
            state: progress.state.as_str(),
            attempts: progress.attempts,
            next_attempt_at: (progress.state == State::Waiting).then(|| super::seconds(due)),
            reason: Some(progress.reason.clone()).filter(|reason| !reason.is_empty()),
        });
    }
    Ok(listed)
}

/// The destination as answers show it. What is masked already stays so.
pub(super) fn masked(message: &Message) -> String {
    if message.destination.ends_with("***") || message.destination.starts_with("+***") {
        return message.destination.clone();
    }
    let attribute = if message.medium == "SMS" { "phone_number" } else { "email" };
    masking::destination(attribute, &message.destination)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_destination_stays_as_it_is() {
        for (medium, destination) in [("EMAIL", "maria@example.com"), ("SMS", "+12065550100"), ("EMAIL", "")] {
            let mut message = Message {
                pool_id: String::new(),
                username: String::new(),
                medium: medium.to_owned(),
                destination: destination.to_owned(),
                purpose: String::new(),
                code: None,
                temporary_password: None,
                subject: None,
                body: String::new(),
                html: None,
                event: None,
                created_at: 0.0,
            };
            let once = masked(&message);
            assert_ne!(once, destination);
            message.destination.clone_from(&once);
            assert_eq!(masked(&message), once);
        }
    }
}
