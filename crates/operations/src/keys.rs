//! The keys with which pools sign their tokens: of ID tokens and of access tokens, one after the other.

mod rotation;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cognate_crypto::jwt::{PublicKey, SigningKey};
use cognate_crypto::seal;
use cognate_domain::key_schedule;
use cognate_model::Timestamp;
use cognate_store::signing_keys::{self, SealedKey};
use serde_json::{Value, json};

pub use rotation::{Rotated, RotationError, rotate};

use crate::{Context, Error, OpenPool};

/// How long keys are used without a look at the store: a rotation beside a running server is noticed within a second.
const FRESH: Duration = Duration::from_millis(500);

const ACCESS: &str = "access";
const ID: &str = "id";
const PURPOSES: [&str; 2] = [ACCESS, ID];

/// The keys of a pool.
#[derive(Debug)]
pub struct SigningKeys {
    /// Of access tokens.
    pub access: Ring,
    /// Of ID tokens.
    pub id: Ring,
    /// When the store was asked last.
    read: Mutex<Option<Instant>>,
}

/// The keys of one purpose, in their order.
#[derive(Debug)]
pub struct Ring {
    keys: Vec<SigningKey>,
    numbers: Vec<i64>,
    signs_from: Vec<key_schedule::SignsFrom>,
}

impl Ring {
    /// The key that signs at this moment.
    pub fn signer(&self, now: Timestamp) -> Result<&SigningKey, Error> {
        let place = key_schedule::signer(&self.signs_from, now.micros());
        place.and_then(|place| self.keys.get(place)).ok_or_else(|| Error::internal("a signing key is missing"))
    }

    /// The published key with this id.
    pub fn find(&self, kid: &str, now: Timestamp) -> Option<&PublicKey> {
        self.published(now).map(SigningKey::public).find(|key| key.kid() == kid)
    }

    /// Every key that a token may name, the oldest first.
    fn published(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        let keys = self.keys.iter().enumerate();
        keys.filter(move |(place, _)| !key_schedule::is_over(&self.signs_from, *place, now.micros()))
            .map(|(_, key)| key)
    }

    fn open(pool: &OpenPool, purpose: &str, stored: &[SealedKey]) -> Result<Self, Error> {
        let mut ring = Self { keys: Vec::new(), numbers: Vec::new(), signs_from: Vec::new() };
        for sealed in stored.iter().filter(|key| key.purpose == purpose) {
            let bytes = pool
                .at_rest
                .open(&sealed.sealed, &place(pool.id(), purpose, sealed.number))
                .map_err(|_| Error::internal("a signing key does not open with the pool's data key"))?;
            let key = SigningKey::from_pkcs8(&bytes).map_err(|_| Error::internal("a signing key is damaged"))?;
            ring.keys.push(key);
            ring.numbers.push(sealed.number);
            ring.signs_from.push(sealed.signs_from);
        }
        Ok(ring)
    }

    fn is_as_stored(&self, purpose: &str, stored: &[SealedKey]) -> bool {
        let here = self.numbers.iter().zip(&self.signs_from);
        here.eq(stored.iter().filter(|key| key.purpose == purpose).map(|key| (&key.number, &key.signs_from)))
    }
}

impl SigningKeys {
    fn is_fresh(&self) -> bool {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|read| read.elapsed() < FRESH)
    }

    fn refreshed(&self) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn doubt(&self) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The keys of a pool, made at their first use: an RSA key costs a tenth of a second, and many pools never sign.
pub async fn of_pool(cx: &Context, pool: &Arc<OpenPool>) -> Result<Arc<SigningKeys>, Error> {
    let cached = cx.caches.signing_keys(pool.id());
    if let Some(keys) = cached.as_ref().filter(|keys| keys.is_fresh()) {
        return Ok(Arc::clone(keys));
    }
    let epoch = cx.caches.signing_keys_epoch();
    let read = Instant::now();
    let mut stored = stored(cx, pool).await?;
    if rotation::is_due(&stored, cx.now()) {
        rotation::advance(cx, pool, cx.now()).await?;
        stored = self::stored(cx, pool).await?;
    }
    if !is_complete(&stored) {
        // One at a time: a crowd at a pool's first sign-in would each make keys, of which all but one are thrown away.
        let _making = cx.making_keys.lock().await;
        if !is_complete(&self::stored(cx, pool).await?) {
            make(cx, pool).await?;
        }
        stored = self::stored(cx, pool).await?;
    }
    if let Some(keys) =
        cached.filter(|keys| keys.access.is_as_stored(ACCESS, &stored) && keys.id.is_as_stored(ID, &stored))
    {
        keys.refreshed();
        return Ok(keys);
    }
    let keys = Arc::new(SigningKeys {
        access: Ring::open(pool, ACCESS, &stored)?,
        id: Ring::open(pool, ID, &stored)?,
        read: Mutex::new(Some(read)),
    });
    cx.caches.keep_signing_keys(epoch, pool.id(), &keys);
    Ok(keys)
}

/// The keys of a pool for a token that names this one. Of servers that share a database, another may have published it a
/// moment ago.
pub(crate) async fn with_key(
    cx: &Context,
    pool: &Arc<OpenPool>,
    ring: fn(&SigningKeys) -> &Ring,
    kid: &str,
) -> Result<Arc<SigningKeys>, Error> {
    let keys = of_pool(cx, pool).await?;
    if ring(&keys).find(kid, cx.now()).is_some() || !cx.store.is_shared() {
        return Ok(keys);
    }
    keys.doubt();
    of_pool(cx, pool).await
}

fn is_complete(stored: &[SealedKey]) -> bool {
    PURPOSES.iter().all(|purpose| stored.iter().any(|key| key.purpose == *purpose))
}

async fn stored(cx: &Context, pool: &OpenPool) -> Result<Vec<SealedKey>, Error> {
    cx.read(|tx| Ok(signing_keys::of_pool(tx, pool.id())?)).await
}

/// The JSON Web Key Set of a pool (RFC 7517): first the two keys that sign now, then those that will or did.
pub async fn key_set(cx: &Context, pool: &Arc<OpenPool>) -> Result<Value, Error> {
    let keys = of_pool(cx, pool).await?;
    let now = cx.now();
    let signers = [keys.id.signer(now)?, keys.access.signer(now)?];
    let others = keys.id.published(now).chain(keys.access.published(now));
    let others = others.filter(|key| signers.iter().all(|signer| signer.kid() != key.kid()));
    let set: Vec<Value> = signers.into_iter().chain(others).map(|key| key.public().to_jwk()).collect();
    Ok(json!({ "keys": set }))
}

/// Makes the first keys of a pool, which sign at once: nobody knows the pool by other keys.
async fn make(cx: &Context, pool: &Arc<OpenPool>) -> Result<(), Error> {
    for purpose in PURPOSES {
        let now = cx.now().micros();
        let key = SealedKey { signs_from: now, ..sealed(cx, pool, purpose, 1).await? };
        // Exists: another request was faster, and its key is as good.
        rotation::insert(cx, pool, vec![key]).await?;
    }
    Ok(())
}

/// A new key, sealed, that no server has published yet.
async fn sealed(cx: &Context, pool: &OpenPool, purpose: &str, number: i64) -> Result<SealedKey, Error> {
    let key =
        cx.work.run(SigningKey::generate).await?.map_err(|_| Error::internal("a signing key could not be made"))?;
    let pkcs8 = key.to_pkcs8().map_err(|_| Error::internal("a signing key could not be stored"))?;
    Ok(SealedKey {
        purpose: purpose.to_owned(),
        number,
        kid: key.kid().to_owned(),
        sealed: pool.at_rest.seal(&pkcs8, &place(pool.id(), purpose, number), cx.random()),
        public: key.public().to_jwk().to_string(),
        created: cx.now().micros(),
        ahead: 0,
        signs_from: 0,
    })
}

/// Where a key is sealed for. The first keys of a pool are older than numbers, so theirs have none.
fn place(pool: &str, purpose: &str, number: i64) -> Vec<u8> {
    match number {
        1 => seal::context(&["signing_keys", pool, purpose, "sealed"]),
        _ => seal::context(&["signing_keys", pool, purpose, &number.to_string(), "sealed"]),
    }
}
