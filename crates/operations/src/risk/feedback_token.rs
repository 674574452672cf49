//! What a link in a message proves: that whoever follows it may say whether an attempt was their own.

use cognate_crypto::sealed_token;
use cognate_domain::user::UserId;
use serde::{Deserialize, Serialize};

use crate::{Context, Error, OpenPool};

/// How long a link is good, in seconds: a week.
const LIFETIME: i64 = 7 * 86_400;

/// `FeedbackToken`: good for one event of one user, for a while.
#[derive(Serialize, Deserialize)]
pub(crate) struct FeedbackToken {
    user: UserId,
    event: [u8; 16],
    expires: i64,
}

impl FeedbackToken {
    /// A token for an event.
    pub(crate) fn new(cx: &Context, user: UserId, event: [u8; 16]) -> Self {
        Self { user, event, expires: cx.now().plus_seconds(LIFETIME).micros() }
    }

    /// As text.
    pub(crate) fn seal(&self, cx: &Context, pool: &OpenPool) -> Result<String, Error> {
        let payload = serde_json::to_vec(self).map_err(|e| Error::internal(e.to_string()))?;
        Ok(sealed_token::seal_text(&pool.sessions, "feedback", &payload, cx.random()))
    }

    /// Opens a token, whatever event and user it is of.
    pub(crate) fn open(pool: &OpenPool, text: &str) -> Option<Self> {
        let payload = sealed_token::open_text(&pool.sessions, "feedback", text).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// Whether it is good for this event of this user.
    pub(crate) fn is_for(&self, cx: &Context, user: &UserId, event: &[u8; 16]) -> bool {
        self.user == *user && self.event == *event && self.expires > cx.now().micros()
    }
}
