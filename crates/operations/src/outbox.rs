//! Messages to users: each is written with the change that causes it, and delivered after its commit.

mod attempt;
mod backoff;
mod listing;
mod way;
mod worker;

use std::sync::Arc;

use cognate_crypto::{random, seal};
use cognate_domain::user::UserId;
use cognate_domain::user_status::Destination;
use cognate_domain::{User, usernames};
use cognate_model::Timestamp;
use cognate_store::Tx;
use cognate_store::outbox::{self, Progress, Sealed};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

pub use listing::{Listed, RetryError, list, list_readable, retry};
pub(crate) use way::{reaches, require_way, some_way};
pub use worker::{Deliveries, Tally};

use crate::messages::Writer;
use crate::{Context, Error, OpenPool};

/// A message to a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The pool.
    pub pool_id: String,
    /// The user's name.
    pub username: String,
    /// `EMAIL` or `SMS`.
    pub medium: String,
    /// The address or number.
    pub destination: String,
    /// What it is for: `AdminCreateUser`, `ForgotPassword`.
    pub purpose: String,
    /// The code, if it carries one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The temporary password, if it carries one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary_password: Option<String>,
    /// The subject of an e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text.
    pub body: String,
    /// The text of an e-mail as HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What the pool's custom sender is told, but for the code; it sends the message instead of us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<serde_json::Value>,
    /// Seconds since the epoch.
    pub created_at: f64,
}

impl Message {
    /// A message of a writer, which tells this code or password.
    pub(crate) fn new(
        cx: &Context,
        pool: &OpenPool,
        user: &User,
        target: &Destination,
        writer: &Writer<'_>,
        code: &str,
    ) -> Self {
        let name = usernames::known_name(pool, user, target.medium);
        let written = writer.write(target.medium, user, name, code);
        Self {
            pool_id: pool.id().to_owned(),
            username: user.username.clone(),
            medium: target.medium.to_string(),
            destination: target.value.clone(),
            purpose: writer.occasion().name().to_owned(),
            code: None,
            temporary_password: None,
            subject: written.subject,
            body: written.body,
            html: written.html,
            event: writer.event(cx, user, target.medium),
            created_at: seconds(cx.now()),
        }
    }
}

/// A message ready to be written within a transaction.
pub(crate) struct Posted {
    sealed: Sealed,
    announcement: Option<String>,
    worker: Arc<Notify>,
}

/// How long a message is tried to be delivered at most, in seconds.
const LONGEST: i64 = 86_400;

/// Seals a message. Refuses it where nothing could deliver it and the operator wants to be told.
pub(crate) fn seal_message(cx: &Context, pool: &OpenPool, user: &User, message: &Message) -> Result<Posted, Error> {
    let has_way = way::check(cx, pool, &message.medium)?;
    let now = cx.now().micros();
    let progress =
        if has_way { Progress::waiting(now, cx.now().plus_seconds(LONGEST).micros()) } else { Progress::kept(now) };
    let id = random::uuid_v7(cx.random(), now);
    let payload = serde_json::to_vec(message).map_err(|e| Error::internal(e.to_string()))?;
    let sealed = pool.at_rest.seal(&payload, &place(pool.id(), &user.id, &id), cx.random());
    let announcement = cx.settings.keeps_messages_readable.then(|| {
        format!("{} to {} ({}): {}", message.medium, message.destination, message.purpose, message.body.trim())
    });
    let sealed = Sealed { pool: pool.id().to_owned(), user: user.id, id, created: now, sealed, progress };
    Ok(Posted { sealed, announcement, worker: Arc::clone(&cx.deliveries_wake) })
}

impl Posted {
    /// The same, not worth delivering from this moment on.
    pub(crate) fn until(mut self, end: Timestamp) -> Self {
        let progress = &mut self.sealed.progress;
        progress.expires = progress.expires.min(end.micros());
        self
    }

    /// Writes it.
    pub(crate) fn insert(&self, tx: &mut dyn Tx) -> Result<(), Error> {
        Ok(outbox::insert(tx, &self.sealed)?)
    }

    /// Lets it be delivered, and prints it in `dev`, after the commit.
    pub(crate) fn announce(&self) {
        self.worker.notify_one();
        if let Some(text) = &self.announcement {
            tracing::info!(target: "outbox", "{text}");
        }
    }
}

/// Seconds since the epoch with milliseconds, as JSON carries them.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since the epoch are far below 2^53")]
pub(crate) fn seconds(moment: cognate_model::Timestamp) -> f64 {
    moment.millis() as f64 / 1_000.0
}

/// Opens a message.
pub(crate) fn open_message(pool: &OpenPool, sealed: &Sealed) -> Result<Message, Error> {
    let payload = pool
        .at_rest
        .open(&sealed.sealed, &place(&sealed.pool, &sealed.user, &sealed.id))
        .map_err(|_| Error::internal("a message does not open with the pool's data key"))?;
    serde_json::from_slice(&payload).map_err(|e| Error::internal(e.to_string()))
}

/// A message as it stays after its end: who was sent something, and what for, but neither what nor exactly where to.
fn seal_remains(cx: &Context, pool: &OpenPool, sealed: &Sealed, message: Message) -> Result<Vec<u8>, Error> {
    let remains = Message {
        destination: listing::masked(&message),
        code: None,
        temporary_password: None,
        subject: None,
        body: String::new(),
        html: None,
        event: None,
        ..message
    };
    let payload = serde_json::to_vec(&remains).map_err(|e| Error::internal(e.to_string()))?;
    Ok(pool.at_rest.seal(&payload, &place(&sealed.pool, &sealed.user, &sealed.id), cx.random()))
}

fn place(pool: &str, user: &UserId, id: &[u8; 16]) -> Vec<u8> {
    seal::context(&["outbox", pool, &random::format_uuid(user), &random::format_uuid(id), "sealed"])
}
