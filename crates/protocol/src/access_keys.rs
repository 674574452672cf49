//! Access keys: who signs requests, and what their policies let them do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cognate_crypto::seal::{self, DataKey, MasterKey};
use cognate_crypto::{random, sigv4};
use cognate_operations::{Context, Error, Services};
use cognate_store::access_keys::{self, StoredKey};
use cognate_store::{DbError, Store, Tx, settings};
use zeroize::Zeroizing;

use crate::policy::{Decision, Policy};

/// How long a key is used before the store is asked again: a deleted key stops working within this time.
const FRESH: Duration = Duration::from_secs(1);
/// Where the key that seals the secrets is kept.
pub const SECRET_PLACE: &str = "access_keys";
const ROOT_ID: &str = "root_access_key_id";
const ROOT_SECRET: &str = "root_secret_access_key";
/// How many keys, known and unknown, are remembered; more makes the cache start again.
const LARGEST: usize = 4_096;

/// Somebody who may sign requests.
pub struct Principal {
    /// The ARN that denials name.
    pub arn: String,
    secret: Zeroizing<String>,
    policy: Option<Policy>,
    /// The last signing key: it is the same for a day, region and service.
    signing: Mutex<Option<(String, Zeroizing<[u8; 32]>)>>,
}

impl std::fmt::Debug for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Principal").field("arn", &self.arn).finish_non_exhaustive()
    }
}

impl Principal {
    /// A principal; without a policy it may do everything, as the root of an account may.
    pub fn new(arn: String, secret: &str, policy: Option<Policy>) -> Self {
        Self { arn, secret: Zeroizing::new(secret.to_owned()), policy, signing: Mutex::new(None) }
    }

    /// Whether no policy bounds it.
    pub fn is_root(&self) -> bool {
        self.policy.is_none()
    }

    /// What the principal's policy says.
    pub fn decide(&self, operation: &str, resource: &str) -> Decision {
        self.policy.as_ref().map_or(Decision::Allowed, |policy| policy.decide(operation, resource))
    }

    /// The signing key for a scope.
    pub fn signing_key(&self, credential: &sigv4::Credential) -> Zeroizing<[u8; 32]> {
        let scope = credential.scope();
        let mut last = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, key)) = &*last
            && *known == scope
        {
            return key.clone();
        }
        let key = sigv4::signing_key(&self.secret, &credential.date, &credential.region, &credential.service);
        *last = Some((scope, key.clone()));
        key
    }
}

/// When the store was asked for a key, and what it said.
type Cached = (Instant, Option<Arc<Principal>>);

/// Every key of an installation.
pub struct AccessKeys {
    root_id: String,
    root: Arc<Principal>,
    cached: Mutex<HashMap<String, Cached>>,
}

impl AccessKeys {
    /// The keys of an installation whose root key is this one.
    pub fn new(services: &Services, root_id: &str, root_secret: &str) -> Self {
        let settings = &services.settings;
        let arn = format!("arn:{}:iam::{}:root", settings.partition(), settings.account);
        Self {
            root_id: root_id.to_owned(),
            root: Arc::new(Principal::new(arn, root_secret, None)),
            cached: Mutex::default(),
        }
    }

    /// The principal behind an access key id.
    pub async fn find(&self, services: &Services, id: &str) -> Result<Option<Arc<Principal>>, Error> {
        if id == self.root_id {
            return Ok(Some(Arc::clone(&self.root)));
        }
        let now = Instant::now();
        if let Some((read, principal)) = self.cached.lock().unwrap_or_else(PoisonError::into_inner).get(id)
            && now.duration_since(*read) < FRESH
        {
            return Ok(principal.clone());
        }
        let stored = services.store.read(|tx| Ok::<_, Error>(access_keys::get(tx, id)?)).await?;
        let principal = match stored {
            Some(stored) => Some(Arc::new(open(services, &stored)?)),
            None => None,
        };
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.len() >= LARGEST {
            cached.clear();
        }
        cached.insert(id.to_owned(), (now, principal.clone()));
        Ok(principal)
    }
}

fn open(services: &Services, stored: &StoredKey) -> Result<Principal, Error> {
    let key = sealing_key(&services.master_key);
    let secret = key
        .open(&stored.sealed, &place(&stored.id))
        .map_err(|_| Error::internal("an access key does not open with this master key"))?;
    let secret = std::str::from_utf8(&secret).map_err(|_| Error::internal("an access key is damaged"))?;
    let policy = Policy::parse(&stored.policy).map_err(|e| Error::internal(e.to_string()))?;
    let settings = &services.settings;
    let arn = format!("arn:{}:iam::{}:user/{}", settings.partition(), settings.account, stored.name);
    Ok(Principal::new(arn, secret, Some(policy)))
}

/// Access keys belong to no pool, so their secrets are sealed with a key derived from the master key itself.
fn sealing_key(master: &MasterKey) -> DataKey {
    master.derive(SECRET_PLACE)
}

fn place(id: &str) -> Vec<u8> {
    seal::context(&[SECRET_PLACE, id, "sealed"])
}

/// A key that was just made; the secret is shown once.
pub struct NewKey {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret: Zeroizing<String>,
}

/// A fresh key: an id and a secret in the form of AWS's.
fn generate(random: &dyn random::Random) -> NewKey {
    let id = random::string(random, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
    let secret = random::string(random, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 40);
    NewKey { id: format!("AKIA{id}"), secret: Zeroizing::new(secret) }
}

/// Makes an access key with a policy.
pub async fn create_key(cx: &Context, name: &str, policy: &Policy) -> Result<NewKey, Error> {
    let new = generate(cx.random());
    let sealing = sealing_key(&cx.master_key);
    let stored = StoredKey {
        id: new.id.clone(),
        name: name.to_owned(),
        sealed: sealing.seal(new.secret.as_bytes(), &place(&new.id), cx.random()),
        policy: serde_json::to_string(policy).map_err(|e| Error::internal(e.to_string()))?,
        created: cx.clock.wall().micros(),
    };
    let cx = cx.recording("CreateAccessKey", "", Some(("AccessKeyId", &new.id)));
    cx.write(move |tx| Ok(access_keys::insert(tx, &stored)?)).await?;
    Ok(new)
}

/// Every access key, oldest first.
pub async fn list_keys(store: &Store) -> Result<Vec<StoredKey>, Error> {
    store.read(|tx| Ok(access_keys::list(tx)?)).await
}

/// Removes an access key; says whether there was one.
pub async fn delete_key(cx: &Context, id: &str) -> Result<bool, Error> {
    if cx.read(|tx| Ok(access_keys::get(tx, id)?)).await?.is_none() {
        return Ok(false);
    }
    let (cx, id) = (cx.recording("DeleteAccessKey", "", Some(("AccessKeyId", id))), id.to_owned());
    cx.write(move |tx| Ok(access_keys::delete(tx, &id)?)).await
}

/// The root key of this installation; made when there is none, which the flag tells.
pub async fn root_key(cx: &Context) -> Result<(NewKey, bool), Error> {
    let sealing = sealing_key(&cx.master_key);
    if let Some((id, sealed)) = cx.read(|tx| Ok(stored_root(tx)?)).await? {
        return Ok((open_root(&sealing, id, &sealed)?, false));
    }
    let new = generate(cx.random());
    let sealed = sealing.seal(new.secret.as_bytes(), &place("root"), cx.random());
    let id = new.id.clone();
    let recorded = cx.recording("CreateRootAccessKey", "", Some(("AccessKeyId", &new.id)));
    let made = recorded.write(move |tx| {
        // Of two servers that start at once, one makes it and tells of it.
        if stored_root(tx)?.is_some() {
            return Err(Error::Busy);
        }
        settings::insert_missing(tx, ROOT_ID, id.as_bytes())?;
        settings::insert_missing(tx, ROOT_SECRET, &sealed)?;
        Ok(())
    });
    let Err(error) = made.await else { return Ok((new, true)) };
    let (id, sealed) = cx.read(|tx| Ok(stored_root(tx)?)).await?.ok_or(error)?;
    Ok((open_root(&sealing, id, &sealed)?, false))
}

/// What is stored of a root key: its id, and its secret, sealed.
type StoredRoot = (Vec<u8>, Vec<u8>);

fn stored_root(tx: &mut dyn Tx) -> Result<Option<StoredRoot>, DbError> {
    Ok(settings::get(tx, ROOT_ID)?.zip(settings::get(tx, ROOT_SECRET)?))
}

fn open_root(sealing: &DataKey, id: Vec<u8>, sealed: &[u8]) -> Result<NewKey, Error> {
    let damaged = || Error::internal("the root key is damaged");
    let secret = sealing
        .open(sealed, &place("root"))
        .map_err(|_| Error::internal("the root key does not open with this master key"))?;
    let secret = Zeroizing::new(std::str::from_utf8(&secret).map_err(|_| damaged())?.to_owned());
    Ok(NewKey { id: String::from_utf8(id).map_err(|_| damaged())?, secret })
}
