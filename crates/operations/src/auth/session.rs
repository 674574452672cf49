//! The `Session` of a challenge: a sealed text that binds the next answer to pool, client, user and stage.

use cognate_crypto::digest::sha256;
use cognate_crypto::{random, sealed_token};
use cognate_domain::sign_in::{Demand, Flow, Shown, Stage, out_of_order};
use cognate_domain::user::UserId;
use cognate_domain::{Client, User, client_rules};
use cognate_model::ChallengeNameType;
use cognate_store::{DbError, Tx, used_sessions};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::custom::Rounds;
use crate::{Context, Error, OpenPool};

/// The longest session that the API can carry back ("SessionType", API Reference).
const LONGEST: usize = 4_096;

/// The longest payload that fits into it, beside the longest pool id.
const LONGEST_PAYLOAD: usize = 2_944;

/// What lengths are multiples of. Only what a trigger hands over does not fit into one.
const STEP: usize = 1_024;

/// The state between a challenge and its answer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    id: [u8; 16],
    /// The user who is signing in, or the id that a name would have that nobody has.
    pub(crate) user: UserId,
    /// Whether nobody has the name: every answer is a wrong one. Always written, for the length.
    #[serde(default)]
    pub(crate) is_stranger: bool,
    client: String,
    /// How the sign-in began.
    pub(crate) flow: Flow,
    /// What it waits for.
    pub(crate) stage: Stage,
    /// What was shown.
    pub(crate) shown: Shown,
    /// The event that the sign-in is recorded under.
    pub(crate) event: [u8; 16],
    expires: i64,
    /// Tells whether the password that began the sign-in still stands.
    password: [u8; 8],
    /// `DEVICE_KEY` of the request that began the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    /// What the risk asks for, once it was weighed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) risk: Option<Demand>,
    /// What the answer is compared with.
    #[serde(default, skip_serializing_if = "Held::is_nothing")]
    pub(crate) held: Held,
    /// The custom challenges so far.
    #[serde(default, skip_serializing_if = "Rounds::is_empty")]
    pub(crate) rounds: Rounds,
}

/// What an answer is compared with.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) enum Held {
    /// Nothing.
    #[default]
    Nothing,
    /// A code that was sent.
    Code {
        /// Its keyed hash.
        hash: Vec<u8>,
        /// The address that it went to, where the user has none on record yet.
        address: Option<String>,
    },
    /// A software token that was set up during the sign-in, by [`token_mark`]: its first code was right.
    Token([u8; 8]),
    /// The challenge that a passkey signs.
    Passkey(Vec<u8>),
}

impl Held {
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// What a new session is made of.
pub(crate) struct Parts<'a> {
    /// The user.
    pub(crate) user: &'a User,
    /// Whether nobody has the name.
    pub(crate) is_stranger: bool,
    /// How the sign-in began.
    pub(crate) flow: Flow,
    /// What it waits for.
    pub(crate) stage: Stage,
    /// What was shown.
    pub(crate) shown: Shown,
    /// The event of the sign-in.
    pub(crate) event: [u8; 16],
    /// The device of the request.
    pub(crate) device: Option<String>,
    /// What the risk asks for, once it was weighed.
    pub(crate) risk: Option<Demand>,
    /// What the answer is compared with.
    pub(crate) held: Held,
    /// The custom challenges so far.
    pub(crate) rounds: Rounds,
}

/// Of how many sessions that are used up one removes the rows of those that have ended.
const SWEEPS: u8 = 16;

/// A session that was answered, to be marked as used.
#[derive(Clone, Copy)]
pub(crate) struct Spent {
    id: [u8; 16],
    expires: i64,
}

fn invalid() -> Error {
    out_of_order().into()
}

impl Session {
    /// A session for a challenge to a user.
    pub(crate) fn start(cx: &Context, client: &Client, parts: Parts<'_>) -> Self {
        let lifetime = client_rules::auth_session_seconds(client);
        Self {
            id: random::bytes(cx.random()),
            user: parts.user.id,
            is_stranger: parts.is_stranger,
            client: client.id().to_owned(),
            flow: parts.flow,
            stage: parts.stage,
            shown: parts.shown,
            event: parts.event,
            expires: cx.now().plus_seconds(lifetime).micros(),
            password: fingerprint(parts.user),
            device: parts.device,
            risk: parts.risk,
            held: parts.held,
            rounds: parts.rounds,
        }
    }

    /// A session for a challenge to a name that nobody has, by the id that stands for it.
    pub(crate) fn of_stranger(
        cx: &Context,
        client: &Client,
        id: UserId,
        flow: Flow,
        stage: Stage,
        held: Held,
        rounds: Rounds,
    ) -> Self {
        let parts = Parts {
            user: &User::nobody(id),
            is_stranger: true,
            flow,
            stage,
            shown: Shown::default(),
            event: random::uuid_v7(cx.random(), cx.now().micros()),
            device: None,
            risk: None,
            held,
            rounds,
        };
        Self::start(cx, client, parts)
    }

    /// The same state under a new id and with a new lifetime.
    pub(crate) fn renewed(&self, cx: &Context, client: &Client, held: Held) -> Self {
        let lifetime = client_rules::auth_session_seconds(client);
        let expires = cx.now().plus_seconds(lifetime).micros();
        Self { id: random::bytes(cx.random()), expires, held, ..self.clone() }
    }

    /// As text. Sealed under the pool's session key.
    pub(crate) fn seal(&self, cx: &Context, pool: &OpenPool) -> Result<String, Error> {
        let mut payload = serde_json::to_vec(self).map_err(|e| Error::internal(e.to_string()))?;
        pad(&mut payload, self.flow);
        let sealed = sealed_token::seal_text(&pool.sessions, "session", &payload, cx.random());
        let text = format!("{}.{sealed}", BASE64URL_NOPAD.encode(pool.id().as_bytes()));
        if text.len() > LONGEST {
            // Only what a trigger hands over is of any length.
            return Err(super::custom::unrecognizable());
        }
        Ok(text)
    }

    /// Opens a session for an answer to this challenge.
    pub(crate) fn open_for(
        cx: &Context,
        pool: &OpenPool,
        client: &Client,
        challenge: ChallengeNameType,
        text: Option<&str>,
    ) -> Result<Self, Error> {
        let text = text.ok_or_else(|| Error::invalid("Missing required parameter Session"))?;
        let session = Self::read(pool, text)?;
        session.check_for(cx, client, challenge)?;
        Ok(session)
    }

    /// Refuses an answer that this session does not wait for.
    pub(crate) fn check_for(&self, cx: &Context, client: &Client, challenge: ChallengeNameType) -> Result<(), Error> {
        if self.client != client.id() || !self.stage.takes(challenge) {
            return Err(invalid());
        }
        self.check_time(cx)
    }

    /// Opens a session that came without its client: `AssociateSoftwareToken` and `VerifySoftwareToken`.
    pub(crate) fn read(pool: &OpenPool, text: &str) -> Result<Self, Error> {
        let (_, sealed) =
            text.split_once('.').filter(|_| Self::pool_of(text).as_deref() == Some(pool.id())).ok_or_else(invalid)?;
        let payload = sealed_token::open_text(&pool.sessions, "session", sealed).map_err(|_| invalid())?;
        serde_json::from_slice(&payload).map_err(|_| invalid())
    }

    /// The pool that a session says it is of, for operations that name none. It opens under that pool's key only.
    pub(crate) fn pool_of(text: &str) -> Option<String> {
        let (pool, _) = text.split_once('.')?;
        String::from_utf8(BASE64URL_NOPAD.decode(pool.as_bytes()).ok()?).ok()
    }

    /// Refuses a session whose time is over.
    pub(crate) fn check_time(&self, cx: &Context) -> Result<(), Error> {
        if self.expires <= cx.now().micros() {
            return Err(Error::not_authorized("Invalid session for the user, session is expired."));
        }
        Ok(())
    }

    /// The client that the sign-in is with.
    pub(crate) fn client(&self) -> &str {
        &self.client
    }

    /// Checks that the user's password is still the one that began this session.
    pub(crate) fn check_password(&self, user: &User) -> Result<(), Error> {
        if self.password == fingerprint(user) { Ok(()) } else { Err(invalid()) }
    }

    /// Whether it was used, for an early answer; [`Spent::record`] decides.
    pub(crate) fn check_unused(&self, tx: &mut dyn Tx, pool: &str) -> Result<(), Error> {
        self.spent().check_unused(tx, pool)
    }

    /// The session as one that was answered.
    pub(crate) fn spent(&self) -> Spent {
        Spent { id: self.id, expires: self.expires }
    }
}

/// Makes a JSON text as long as others of its kind: a sealed text is as long as what is in it, and could tell a user from
/// a name that nobody has.
fn pad(payload: &mut Vec<u8>, flow: Flow) {
    let length = match flow {
        // What the triggers and the client put in has any length, and all of it is hidden in one.
        Flow::Custom => LONGEST_PAYLOAD.max(payload.len()),
        Flow::Password | Flow::Choice => payload.len().next_multiple_of(STEP),
    };
    // Beyond that a text would not fit into a request any more.
    if length <= LONGEST_PAYLOAD {
        payload.resize(length, b' ');
    }
}

impl Spent {
    /// One of another kind.
    pub(super) fn new(id: [u8; 16], expires: i64) -> Self {
        Self { id, expires }
    }

    /// Whether it was used, for an early answer; [`Spent::record`] decides.
    pub(crate) fn check_unused(&self, tx: &mut dyn Tx, pool: &str) -> Result<(), Error> {
        if used_sessions::contains(tx, pool, &self.id)? { Err(used()) } else { Ok(()) }
    }

    /// Uses it up, in the transaction of its effect: of two answers with it, one wins.
    pub(crate) fn record(&self, tx: &mut dyn Tx, pool: &str, now: i64) -> Result<(), Error> {
        // The rows of those that ended are in nobody's way: now and then suffices. By the id, because this may run again.
        let [.., last] = self.id;
        if last % SWEEPS == 0 {
            used_sessions::forget_ended(tx, now)?;
        }
        match used_sessions::insert(tx, pool, &self.id, self.expires) {
            Err(DbError::Exists) => Err(used()),
            other => Ok(other?),
        }
    }
}

fn used() -> Error {
    Error::not_authorized("Invalid session for the user, session can only be used once.")
}

/// A few bytes that change with the software token; none without one.
pub(super) fn token_mark(user: &User) -> Option<[u8; 8]> {
    sha256(user.hidden.mfa.totp_secret.as_deref()?).first_chunk().copied()
}

/// A few bytes that change with the password.
pub(super) fn fingerprint(user: &User) -> [u8; 8] {
    let digest = sha256(user.hidden.password.hash.as_deref().unwrap_or_default().as_bytes());
    digest.first_chunk().copied().unwrap_or_default()
}
