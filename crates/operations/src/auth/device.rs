//! Devices at sign-in: which one a request comes from, and how a remembered one proves itself.

use std::collections::BTreeMap;

use cognate_crypto::srp::hex;
use cognate_crypto::{random, seal};
use cognate_domain::sign_in::{Device, Input, Stage, out_of_order};
use cognate_domain::user::UserId;
use cognate_domain::{devices as rules, lockout};
use cognate_model::{ChallengeNameType, NewDeviceMetadataType};
use cognate_store::refresh_tokens::Family;
use cognate_store::{Tx, devices, users};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::course::Course;
use super::flow::SignIn;
use super::judgement::wrong;
use super::resume::{Resumed, resume, resume_session};
use super::session::{Held, Session};
use super::srp::{Open, check_timestamp, client_value};
use super::{Outcome, Parameters, attempt_ends, challenge};
use crate::devices::{DeviceSecret, group_key, unknown};
use crate::{Context, Error, OpenPool, directory};

/// The longest block that is looked at. It holds a session, of which only what a trigger hands over is of any length.
const LONGEST_BLOCK: usize = 8_192;

/// The device that a sign-in comes from, as far as its user knows it.
#[derive(Clone, Default)]
pub(super) enum Presented {
    /// The pool does not track devices.
    #[default]
    Untracked,
    /// None was named.
    None,
    /// The user confirmed it.
    Known {
        /// `DEVICE_KEY`.
        key: String,
        /// Whether it is remembered.
        remembered: bool,
    },
}

/// The device that the tokens are given to.
#[derive(Clone)]
pub(crate) struct AtHand {
    /// Its key; a new one where the user does not know the device yet.
    pub(crate) key: String,
    is_new: bool,
    address: String,
}

impl Presented {
    /// As the machine sees it.
    pub(super) fn seen(&self) -> Device {
        match self {
            Self::Known { remembered: true, .. } => Device::Remembered,
            _ => Device::Unknown,
        }
    }

    /// The device of the tokens; none where the pool does not track devices.
    pub(super) fn at_hand(self, cx: &Context, sign_in: &SignIn<'_>) -> Option<AtHand> {
        let (key, is_new) = match self {
            Self::Untracked => return None,
            Self::Known { key, .. } => (key, false),
            Self::None => {
                let id = random::format_uuid(&random::uuid_v7(cx.random(), cx.now().micros()));
                (rules::new_key(sign_in.pool, &id), true)
            }
        };
        let address = sign_in.address.clone().or_else(|| cx.caller.address.map(|address| address.to_string()));
        Some(AtHand { key, is_new, address: address.unwrap_or_default() })
    }
}

impl AtHand {
    /// `NewDeviceMetadata`, of a device that the user does not know yet.
    pub(crate) fn metadata(&self, pool: &OpenPool) -> Option<NewDeviceMetadataType> {
        let (device_key, device_group_key) = (Some(self.key.clone()), Some(group_key(pool)));
        self.is_new.then_some(NewDeviceMetadataType { device_key, device_group_key })
    }

    /// Notes the sign-in with a device, which must still be there: it may have stood for a second factor.
    pub(super) fn note(&self, tx: &mut dyn Tx, pool: &str, user: &UserId, now: i64) -> Result<(), Error> {
        if self.is_new || devices::used(tx, pool, user, &self.key, now, &self.address)? {
            return Ok(());
        }
        Err(unknown())
    }
}

/// Refuses a key that names no device of the user, before anything is judged or used up: clients drop the key and
/// repeat the same answer. A name that nobody has knows no device.
pub(super) async fn check(
    cx: &Context,
    pool: &OpenPool,
    user: Option<&UserId>,
    parameters: &Parameters,
) -> Result<(), Error> {
    let Some(key) = parameters.get("DEVICE_KEY") else { return Ok(()) };
    match if_known(cx, pool, user, Some(key)).await? {
        None if rules::are_tracked(pool) => Err(unknown()),
        _ => Ok(()),
    }
}

/// The key, if it names a device of the user.
pub(super) async fn if_known(
    cx: &Context,
    pool: &OpenPool,
    user: Option<&UserId>,
    key: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(key) = key.filter(|_| rules::are_tracked(pool)) else { return Ok(None) };
    // Read for a name that nobody has too, so that it takes as long.
    let nobody = [0; 16];
    let found = cx.read(|tx| Ok(devices::get(tx, pool.id(), user.unwrap_or(&nobody), key)?)).await?;
    Ok(found.map(|stored| stored.device.key))
}

/// The device that the sign-in comes from.
pub(super) async fn presented(cx: &Context, course: &Course<'_>) -> Result<Presented, Error> {
    let pool = course.sign_in.pool;
    if !rules::are_tracked(pool) {
        return Ok(Presented::Untracked);
    }
    let Some(key) = &course.device else { return Ok(Presented::None) };
    let found = cx.read(|tx| Ok(devices::get(tx, pool.id(), &course.user.id, key)?)).await?;
    let device = found.ok_or_else(unknown)?.device;
    Ok(Presented::Known { key: device.key, remembered: device.remembered })
}

/// Refuses a refresh that does not name the confirmed device of its session.
pub(crate) async fn check_device(
    cx: &Context,
    pool: &OpenPool,
    family: &Family,
    key: Option<&str>,
) -> Result<(), Error> {
    if !rules::are_tracked(pool) {
        return Ok(());
    }
    let key = key.filter(|key| family.device.as_deref() == Some(*key));
    match if_known(cx, pool, Some(&family.user), key).await? {
        Some(_) => Ok(()),
        None => Err(Error::not_authorized("Invalid Refresh Token")),
    }
}

/// What the client needs to answer for its device.
pub(super) fn parameters(course: &Course<'_>) -> BTreeMap<String, String> {
    BTreeMap::from([("USERNAME".to_owned(), course.user.username.clone())])
}

/// `DEVICE_SRP_AUTH`: the remembered device is there, and begins its proof.
pub(super) async fn name(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let key = parameters.require("DEVICE_KEY")?;
    let client_value = client_value(parameters)?;
    let session = waiting(cx, sign_in, parameters, key, session).await?;
    let session = session.as_deref();
    let name = ChallengeNameType::DeviceSrpAuth;
    let Resumed::User(mut course, session) = resume(cx, sign_in, name, session, parameters).await? else {
        return Err(out_of_order().into());
    };
    if session.device.as_deref() != Some(key) {
        return Err(out_of_order().into());
    }
    course.client_value = Some(client_value);
    course.advance(cx, Some(&session.stage), Input::DeviceNamed).await
}

/// The session that waits for a device. Some clients answer without one, and the official one for browsers sends the
/// session of an earlier step once a code was asked for in between; the live service lets them.
async fn waiting(
    cx: &Context,
    sign_in: &SignIn<'_>,
    parameters: &Parameters,
    key: &str,
    given: Option<&str>,
) -> Result<Option<String>, Error> {
    let (pool, username) = (sign_in.pool, parameters.require("USERNAME")?);
    let earlier =
        given.and_then(|text| Session::read(pool, text).ok()).filter(|session| session.stage != Stage::Device);
    if given.is_some() && earlier.is_none() {
        return Ok(given.map(str::to_owned));
    }
    let found = cx
        .read(|tx| match directory::find(tx, pool, username)? {
            Some(user) => Ok(devices::get(tx, pool.id(), &user.id, key)?),
            None => Ok(None),
        })
        .await?;
    let waiting = Some(found.ok_or_else(unknown)?.session).filter(|session| !session.is_empty());
    let Some(earlier) = earlier else { return Ok(waiting) };
    let is_of_this_sign_in =
        |text: &String| Session::read(pool, text).is_ok_and(|session| session.event == earlier.event);
    Ok(waiting.filter(is_of_this_sign_in).or_else(|| given.map(str::to_owned)))
}

/// What the proof of a device is checked against; the client carries it, sealed, as `SECRET_BLOCK`, and with it the
/// state of the sign-in.
#[derive(Serialize, Deserialize)]
struct DeviceBlock {
    session: Session,
    key: String,
    exchange: Open,
}

/// The challenge `DEVICE_PASSWORD_VERIFIER`.
pub(super) async fn challenge(cx: &Context, course: &Course<'_>) -> Result<Outcome, Error> {
    let (pool, user) = (course.sign_in.pool, &course.user);
    let (key, value) = course.device.clone().zip(course.client_value.clone()).ok_or_else(out_of_order)?;
    let found = cx.read(|tx| Ok(devices::get(tx, pool.id(), &user.id, &key)?)).await?;
    let kept = DeviceSecret::open(pool, &user.id, &key, &found.ok_or_else(unknown)?.sealed)?;
    let salt = hex(&kept.salt);
    let (exchange, public) = Open::begin(cx, &value, move || kept.verifier()).await?;
    let session = challenge::state(cx, course, Stage::DeviceProof, Held::Nothing);
    let text = session.seal(cx, pool)?;
    let block = DeviceBlock { session, key: key.clone(), exchange };
    let parameters = [
        ("DEVICE_KEY", key),
        ("SALT", salt),
        ("SECRET_BLOCK", block.seal(cx, pool)?),
        ("SRP_B", public),
        ("USERNAME", user.username.clone()),
    ];
    let mut outcome = Outcome::challenge(ChallengeNameType::DevicePasswordVerifier, parameters);
    if let Outcome::Challenge { session, .. } = &mut outcome {
        *session = Some(text);
    }
    Ok(outcome)
}

/// `DEVICE_PASSWORD_VERIFIER`: takes the proof. The block holds the state, so a session beside it is not needed.
pub(super) async fn prove(cx: &Context, sign_in: &SignIn<'_>, parameters: &Parameters) -> Result<Outcome, Error> {
    let key = parameters.require("DEVICE_KEY")?;
    parameters.require("PASSWORD_CLAIM_SIGNATURE")?;
    let sealed = parameters.require("PASSWORD_CLAIM_SECRET_BLOCK")?;
    check_timestamp(parameters.require("TIMESTAMP")?)?;
    let block = DeviceBlock::open(sign_in.pool, sealed).filter(|block| block.key == key).ok_or_else(wrong)?;
    let name = ChallengeNameType::DevicePasswordVerifier;
    let Resumed::User(mut course, session) = resume_session(cx, sign_in, name, block.session, parameters).await? else {
        return Err(out_of_order().into());
    };
    // One guess at a time: each sees what the earlier ones left.
    let (pool, id) = (sign_in.pool, course.user.id);
    let gate = cx.gates.enter(&id).await;
    let (user, stored) = cx
        .read(|tx| {
            let user = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
            let stored = devices::get(tx, pool.id(), &id, key)?.ok_or_else(unknown)?;
            Ok((user, stored))
        })
        .await?;
    session.check_password(&user)?;
    lockout::check(&user.hidden.lockout, cx.now())?;
    course.user = user;
    let kept = DeviceSecret::open(pool, &id, key, &stored.sealed)?;
    let (prefix, name) = (group_key(pool), key.to_owned());
    if !block.exchange.verify(cx, prefix, name, move || kept.verifier(), parameters).await? {
        return Err(attempt_ends::wrong(cx, sign_in, &course.user, course.attempt.mfa_wrong(), wrong()).await);
    }
    course.attempt = course.attempt.mfa_right();
    // What comes next may wait for a function.
    drop(gate);
    course.advance(cx, Some(&session.stage), Input::DeviceProved).await
}

impl DeviceBlock {
    fn seal(&self, cx: &Context, pool: &OpenPool) -> Result<String, Error> {
        let payload = Zeroizing::new(serde_json::to_vec(self).map_err(|e| Error::internal(e.to_string()))?);
        Ok(BASE64.encode(&pool.sessions.seal(&payload, &place(), cx.random())))
    }

    fn open(pool: &OpenPool, text: &str) -> Option<Self> {
        if text.len() > LONGEST_BLOCK {
            return None;
        }
        let payload = pool.sessions.open(&BASE64.decode(text.as_bytes()).ok()?, &place()).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

fn place() -> Vec<u8> {
    seal::context(&["device secret block"])
}
