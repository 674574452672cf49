//! The `Session` of a challenge: a sealed text that binds the next answer to pool, client, user and challenge.

use cognate_crypto::digest::sha256;
use cognate_crypto::{random, sealed_token};
use cognate_domain::user::UserId;
use cognate_domain::{Client, User};
use cognate_model::ChallengeNameType;
use cognate_store::{DbError, Tx, used_sessions};
use serde::{Deserialize, Serialize};

use crate::{Context, Error, OpenPool};

/// The state between a challenge and its answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct Session {
    id: [u8; 16],
    /// The user who is signing in.
    pub(crate) user: UserId,
    client: String,
    challenge: ChallengeNameType,
    /// The event that the sign-in is recorded under.
    pub(crate) event: [u8; 16],
    expires: i64,
    /// Tells whether the password that began the sign-in still stands.
    password: [u8; 8],
}

fn invalid() -> Error {
    Error::not_authorized("Invalid session for the user.")
}

impl Session {
    /// A session for a challenge to a user.
    pub(crate) fn start(
        cx: &Context,
        client: &Client,
        user: &User,
        challenge: ChallengeNameType,
        event: [u8; 16],
    ) -> Self {
        let lifetime = cognate_domain::client_rules::auth_session_seconds(client);
        Self {
            id: random::bytes(cx.random()),
            user: user.id,
            client: client.id().to_owned(),
            challenge,
            event,
            expires: cx.now().plus_seconds(lifetime).micros(),
            password: fingerprint(user),
        }
    }

    /// As text. Sealed under the pool's session key.
    pub(crate) fn seal(&self, cx: &Context, pool: &OpenPool) -> Result<String, Error> {
        let payload = serde_json::to_vec(self).map_err(|e| Error::internal(e.to_string()))?;
        Ok(sealed_token::seal_text(&pool.sessions, "session", &payload, cx.random()))
    }

    /// Opens a session for an answer to this challenge.
    pub(crate) fn open(
        cx: &Context,
        pool: &OpenPool,
        client: &Client,
        challenge: ChallengeNameType,
        text: Option<&str>,
    ) -> Result<Self, Error> {
        let text = text.ok_or_else(|| Error::invalid("Missing required parameter Session"))?;
        let payload = sealed_token::open_text(&pool.sessions, "session", text).map_err(|_| invalid())?;
        let session: Self = serde_json::from_slice(&payload).map_err(|_| invalid())?;
        if session.client != client.id() || session.challenge != challenge {
            return Err(invalid());
        }
        if session.expires <= cx.now().micros() {
            return Err(Error::not_authorized("Invalid session for the user, session is expired."));
        }
        Ok(session)
    }

    /// Checks that the user's password is still the one that began this session.
    pub(crate) fn check_password(&self, user: &User) -> Result<(), Error> {
        if self.password == fingerprint(user) { Ok(()) } else { Err(invalid()) }
    }

    /// Whether it was used, for an early answer; [`Session::consume`] decides.
    pub(crate) fn check_unused(&self, tx: &mut dyn Tx, pool: &str) -> Result<(), Error> {
        if used_sessions::contains(tx, pool, &self.id)? { Err(used()) } else { Ok(()) }
    }

    /// Uses it up, in the transaction of its effect: of two answers with it, one wins.
    pub(crate) fn consume(&self, tx: &mut dyn Tx, pool: &str, now: i64) -> Result<(), Error> {
        used_sessions::forget_ended(tx, now)?;
        match used_sessions::insert(tx, pool, &self.id, self.expires) {
            Err(DbError::Exists) => Err(used()),
            other => Ok(other?),
        }
    }
}

fn used() -> Error {
    Error::not_authorized("Invalid session for the user, session can only be used once.")
}

fn fingerprint(user: &User) -> [u8; 8] {
    let digest = sha256(user.hidden.password.hash.as_deref().unwrap_or_default().as_bytes());
    digest.first_chunk().copied().unwrap_or_default()
}
