//! Signing in by SRP: the password is proved and never sent.

use cognate_crypto::srp::{ClientValue, Exchange, Identity, PublicValueError, ServerSecret, Verifier, hex};
use cognate_crypto::{random, seal};
use cognate_domain::sign_in::{First, Flow, Input, Stage};
use cognate_domain::user::UserId;
use cognate_domain::{User, client_rules, sign_in};
use cognate_model::{ChallengeNameType, EventType};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::course::Course;
use super::flow::SignIn;
use super::judgement::{ask_beforehand, find, judge, wrong};
use super::session::fingerprint;
use super::{Outcome, Parameters, attempt_ends, device, secret_hash};
use crate::events::Attempt;
use crate::verifier::{Kept, prefix, stranger_id};
use crate::{Context, Error, OpenPool, directory, risk};

/// How long a block is before it is sealed: more than its parts ever come to.
const LENGTH: usize = 2_048;
/// The longest block that is looked at.
const LONGEST_BLOCK: usize = 4_096;

/// What the answer is checked against; the client carries it, sealed, as `SECRET_BLOCK`.
///
/// A block may be answered again until it expires, as recorded from the live service: some clients repeat the answer
/// without a device key that turned out to be unknown.
#[derive(Serialize, Deserialize)]
struct SecretBlock {
    /// None for a name that nobody has.
    user: Option<UserId>,
    /// `USER_ID_FOR_SRP`.
    name: String,
    client: String,
    flow: Flow,
    event: [u8; 16],
    expires: i64,
    password: [u8; 8],
    exchange: Open,
}

/// An exchange that waits for its proof: `A`, the server's `b`, and `u`.
#[derive(Serialize, Deserialize)]
pub(super) struct Open {
    client_value: String,
    secret: String,
    scrambling: String,
}

/// `USER_SRP_AUTH`: answers the challenge `PASSWORD_VERIFIER`, without a session.
pub(super) async fn begin(cx: &Context, sign_in: &SignIn<'_>, parameters: &Parameters) -> Result<Outcome, Error> {
    let name = parameters.require("USERNAME")?;
    let client_value = client_value(parameters)?;
    let given = parameters.get("SECRET_HASH");
    secret_hash::check(sign_in.pool, sign_in.client, &[name], given, secret_hash::Wording::Flow)?;
    let found = find(cx, sign_in, name).await?;
    ask_beforehand(cx, sign_in, name, found.as_ref()).await?;
    if let Some(user) = &found
        && !user.enabled
        && !client_rules::prevents_user_existence_errors(sign_in.client)
        && let Err(refusal) = sign_in::check_account(user)
    {
        let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
        return Err(attempt_ends::unseen(cx, sign_in, user, attempt, refusal.into()).await);
    }
    let event = random::uuid_v7(cx.random(), cx.now().micros());
    challenge(cx, sign_in, Flow::Password, name, found.as_ref(), &client_value, event).await
}

/// Reads `SRP_A`. The rule is RFC 5054, section 2.5.4; the texts are not recorded.
pub(super) fn client_value(parameters: &Parameters) -> Result<ClientValue, Error> {
    ClientValue::parse(parameters.require("SRP_A")?).map_err(|error| match error {
        PublicValueError::Malformed => Error::invalid("SRP_A is not a hexadecimal number."),
        PublicValueError::Zero => Error::invalid("SRP_A must not be zero modulo N."),
    })
}

/// The challenge for the user, or for the name that nobody has.
pub(super) async fn challenge(
    cx: &Context,
    sign_in: &SignIn<'_>,
    flow: Flow,
    typed: &str,
    user: Option<&User>,
    client_value: &ClientValue,
    event: [u8; 16],
) -> Result<Outcome, Error> {
    let pool = sign_in.pool;
    let (name, kept) = if let Some(user) = user {
        (user.username.clone(), cx.verifier_of(pool, user).await?)
    } else {
        // Read like a user's, so that it takes as long.
        let id = stranger_id(pool, typed);
        cx.read(|tx| Ok(cognate_store::srp_verifiers::get(tx, pool.id(), &id)?)).await?;
        (random::format_uuid(&id), Kept::of_stranger(cx, pool, typed))
    };
    let salt = hex(&kept.salt);
    let (exchange, public) = Open::begin(cx, client_value, move || kept.verifier()).await?;
    let block = SecretBlock {
        user: user.map(|user| user.id),
        name: if user.is_some() { name.clone() } else { typed.to_owned() },
        client: sign_in.client.id().to_owned(),
        flow,
        event,
        expires: cx.now().plus_seconds(client_rules::auth_session_seconds(sign_in.client)).micros(),
        password: user.map(fingerprint).unwrap_or_default(),
        exchange,
    };
    let parameters = [
        ("SALT", salt),
        ("SECRET_BLOCK", block.seal(cx, pool)?),
        ("SRP_B", public),
        ("USERNAME", name.clone()),
        ("USER_ID_FOR_SRP", name),
    ];
    Ok(Outcome::challenge(ChallengeNameType::PasswordVerifier, parameters))
}

/// Takes the proof.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let username = parameters.require("USERNAME")?;
    parameters.require("PASSWORD_CLAIM_SIGNATURE")?;
    let sealed = parameters.require("PASSWORD_CLAIM_SECRET_BLOCK")?;
    let timestamp = parameters.require("TIMESTAMP")?;
    let given = parameters.get("SECRET_HASH");
    secret_hash::check(sign_in.pool, sign_in.client, &[username], given, secret_hash::Wording::Flow)?;
    check_timestamp(timestamp)?;
    let block = SecretBlock::open(sign_in.pool, sealed).ok_or_else(wrong)?;
    if block.client != sign_in.client.id() || block.expires <= cx.now().micros() {
        return Err(wrong());
    }
    if block.flow == Flow::Custom {
        let proved = prove(cx, sign_in, &block, parameters).await;
        return super::custom::answer_proof(cx, sign_in, session, parameters, proved).await;
    }
    let (user, attempt) = prove(cx, sign_in, &block, parameters).await?;
    let course = Course::begin(sign_in, user, block.flow, attempt, parameters);
    course.advance(cx, Some(&Stage::PasswordProof), Input::First(First::Password)).await
}

/// Judges the proof of the parameters.
async fn prove(
    cx: &Context,
    sign_in: &SignIn<'_>,
    block: &SecretBlock,
    parameters: &Parameters,
) -> Result<(User, Attempt), Error> {
    let pool = sign_in.pool;
    let username = parameters.require("USERNAME")?;
    if let Some(id) = &block.user {
        let named = cx.read(|tx| directory::find(tx, pool, username)).await?;
        named.filter(|user| user.id == *id).ok_or_else(wrong)?;
    }
    if risk::is_blocked_range(cx, sign_in).await? {
        return Err(cognate_domain::risk::blocked().into());
    }
    device::check(cx, pool, block.user.as_ref(), parameters).await?;
    let attempt = Attempt::resumed(cx, sign_in, EventType::SignIn, block.event);
    let user = judge(cx, sign_in, &block.name, block.user.as_ref(), &attempt, async |user| {
        let kept = match user {
            Some(user) if fingerprint(user) != block.password => return Err(wrong()),
            Some(user) => cx.verifier_of(pool, user).await?,
            None => Kept::of_stranger(cx, pool, &block.name),
        };
        block.verify(cx, pool, kept, parameters).await
    })
    .await?;
    Ok((user, attempt.password_right()))
}

/// The text must look like `Fri Feb 9 07:05:03 UTC 2024`. It only has to be the text that was signed; which moment it
/// names does not matter, as recorded from the live service.
pub(super) fn check_timestamp(text: &str) -> Result<(), Error> {
    let parts: Vec<&str> = text.split(' ').filter(|part| !part.is_empty()).collect();
    let is_number =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let is_word = |part: &str| part.len() == 3 && part.bytes().all(|b| b.is_ascii_alphabetic());
    let is_time = |part: &str| part.split(':').count() == 3 && part.split(':').all(|number| is_number(number, 2));
    let well_formed = match parts.as_slice() {
        [weekday, month, day, time, _zone, year] => {
            is_word(weekday) && is_word(month) && is_number(day, 2) && is_time(time) && is_number(year, 4)
        }
        _ => false,
    };
    if well_formed {
        return Ok(());
    }
    Err(Error::invalid("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."))
}

impl SecretBlock {
    fn seal(&self, cx: &Context, pool: &OpenPool) -> Result<String, Error> {
        let mut payload = Zeroizing::new(serde_json::to_vec(self).map_err(|e| Error::internal(e.to_string()))?);
        // Blocks are all equally long, whoever has the name and whether anybody does.
        let length = payload.len().max(LENGTH);
        payload.resize(length, b' ');
        Ok(BASE64.encode(&pool.sessions.seal(&payload, &place(), cx.random())))
    }

    fn open(pool: &OpenPool, text: &str) -> Option<Self> {
        if text.len() > LONGEST_BLOCK {
            return None;
        }
        let payload = pool.sessions.open(&BASE64.decode(text.as_bytes()).ok()?, &place()).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    async fn verify(&self, cx: &Context, pool: &OpenPool, kept: Kept, parameters: &Parameters) -> Result<bool, Error> {
        let name = match self.user {
            Some(_) => self.name.clone(),
            None => random::format_uuid(&stranger_id(pool, &self.name)),
        };
        let prefix = prefix(pool.id()).to_owned();
        self.exchange.verify(cx, prefix, name, move || kept.verifier(), parameters).await
    }
}

impl Open {
    /// Begins an exchange, and answers `SRP_B` with it. The powers are calculated on the work pool, here and in
    /// [`Open::verify`].
    pub(super) async fn begin(
        cx: &Context,
        client_value: &ClientValue,
        verifier: impl FnOnce() -> Verifier + Send + 'static,
    ) -> Result<(Self, String), Error> {
        let secret = ServerSecret::generate(cx.random());
        let (client, kept) = (client_value.clone(), BASE64.encode(secret.as_bytes()));
        let challenge = cx.work.run(move || secret.challenge(&verifier(), &client)).await?;
        let open = Self {
            client_value: BASE64.encode(client_value.as_bytes()),
            secret: kept,
            scrambling: BASE64.encode(&challenge.scrambling),
        };
        Ok((open, hex(&challenge.public)))
    }

    /// Whether the signature of the parameters is the proof, for this identity.
    pub(super) async fn verify(
        &self,
        cx: &Context,
        prefix: String,
        name: String,
        verifier: impl FnOnce() -> Verifier + Send + 'static,
        parameters: &Parameters,
    ) -> Result<bool, Error> {
        let client = ClientValue::from_bytes(fixed(&self.client_value)?);
        let secret = ServerSecret::from_bytes(fixed(&self.secret)?);
        let scrambling = fixed(&self.scrambling)?;
        let [block, timestamp, signature] = ["PASSWORD_CLAIM_SECRET_BLOCK", "TIMESTAMP", "PASSWORD_CLAIM_SIGNATURE"]
            .map(|name| parameters.get(name).unwrap_or_default().to_owned());
        cx.work
            .run(move || {
                let verifier = verifier();
                let identity = Identity { prefix: &prefix, name: &name };
                let exchange = Exchange {
                    identity,
                    verifier: &verifier,
                    client: &client,
                    secret: &secret,
                    scrambling: &scrambling,
                };
                exchange.verify(&block, &timestamp, &signature)
            })
            .await
    }
}

fn fixed<const N: usize>(text: &str) -> Result<[u8; N], Error> {
    let bytes = BASE64.decode(text.as_bytes()).map(Zeroizing::new).ok();
    bytes
        .and_then(|bytes| bytes.as_slice().try_into().ok())
        .ok_or_else(|| Error::internal("a secret block holds no exchange"))
}

fn place() -> Vec<u8> {
    seal::context(&["secret block"])
}

#[cfg(test)]
mod tests {
    use super::check_timestamp;

    #[test]
    fn the_timestamps_of_all_clients_are_read() {
        for text in [
            "Fri Feb 9 07:05:03 UTC 2024",
            "Fri Feb 09 07:05:03 UTC 2024",
            "Wed Dec 31 23:59:59 GMT 2025",
            "Fri Feb  9 07:05:03 UTC 2024",
        ] {
            assert!(check_timestamp(text).is_ok(), "{text}");
        }
        for text in ["", "now", "2024-02-09T07:05:03Z", "Fri Feb 9 07:05 UTC 2024", "Fri Feb 9 07:05:03 2024 UTC"] {
            assert!(check_timestamp(text).is_err(), "{text}");
        }
    }
}
