//! Pools, clients and keys that are read on nearly every request, kept in memory.
//!
//! A write forgets what it changed after its commit. A reader that began before may still hold the old value, so it
//! only keeps what it read when nothing was forgotten since.
//!
//! Servers that share a database are told of each other's changes by the store: whoever finds that nobody has asked for a
//! quarter of a second asks, and forgets what others changed.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognate_crypto::seal::DataKey;
use cognate_domain::{Client, Pool};
use cognate_store::{clients, config_changes, user_pools};

use crate::keys::SigningKeys;
use crate::{Context, Error};

/// A pool with its keys unsealed. The keys for different purposes are derived, so that none opens another's texts.
#[derive(Debug)]
pub struct OpenPool {
    /// The pool.
    pub pool: Pool,
    /// Seals what is at rest: signing keys, client secrets, messages.
    pub at_rest: DataKey,
    /// Seals challenge sessions.
    pub sessions: DataKey,
    /// Seals refresh tokens.
    pub refresh_tokens: DataKey,
    /// Seals pagination tokens.
    pub pages: DataKey,
    /// Hashes confirmation codes.
    pub codes: DataKey,
}

impl OpenPool {
    fn open(cx: &Context, stored: user_pools::StoredPool) -> Result<Self, Error> {
        let pool = stored.pool;
        let at_rest = cx
            .master_key
            .open_data_key(&stored.data_key, pool.id())
            .map_err(|_| Error::internal("the pool's data key does not open with this master key"))?;
        Ok(Self {
            sessions: at_rest.derive("session"),
            refresh_tokens: at_rest.derive("refresh token"),
            pages: at_rest.derive("pagination token"),
            codes: at_rest.derive("confirmation code"),
            at_rest,
            pool,
        })
    }
}

impl std::ops::Deref for OpenPool {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.pool
    }
}

/// For how long nobody asks what other servers changed.
const FRESH: Duration = Duration::from_millis(250);
/// For how long requests go on with what is kept while one of them asks.
const STALE: Duration = Duration::from_millis(750);
/// Who has not asked for longer forgets everything: changes are told for a day.
const LAPSED: Duration = Duration::from_hours(1);

/// How many entries a cache holds before it starts again from nothing.
const LARGEST: usize = 10_000;

struct Cache<K, V> {
    entries: RwLock<HashMap<K, Arc<V>>>,
    forgotten: AtomicU64,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self { entries: RwLock::default(), forgotten: AtomicU64::new(0) }
    }
}

impl<K: Eq + Hash, V> Cache<K, V> {
    fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<Arc<V>>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn epoch(&self) -> u64 {
        self.forgotten.load(Ordering::Acquire)
    }

    fn keep(&self, epoch: u64, key: K, value: &Arc<V>) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if self.epoch() != epoch {
            return;
        }
        if entries.len() >= LARGEST {
            entries.clear();
        }
        entries.insert(key, Arc::clone(value));
    }

    fn forget<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
    {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::Release);
        entries.remove(key);
    }

    fn forget_all(&self, is_changed: impl Fn(&V) -> bool) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::Release);
        entries.retain(|_, value| !is_changed(value));
    }

    fn clear(&self) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::Release);
        entries.clear();
    }
}

/// The caches of a process.
#[derive(Default)]
pub(crate) struct Caches {
    pools: Cache<String, OpenPool>,
    clients: Cache<String, Client>,
    signing_keys: Cache<String, SigningKeys>,
    told: Told,
}

/// What other servers told of their changes.
#[derive(Default)]
struct Told {
    /// When that was asked last, in microseconds. By the clock of the machine, which goes on while the machine sleeps.
    asked: AtomicU64,
    /// Held by who asks: the changes of each pool that were told.
    changes: tokio::sync::Mutex<HashMap<String, i64>>,
}

impl Told {
    fn age(&self) -> Duration {
        // A clock that was set back has to be asked by as well.
        let age = wall_micros().checked_sub(self.asked.load(Ordering::Acquire));
        age.map_or(Duration::MAX, Duration::from_micros)
    }
}

fn wall_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

impl Caches {
    fn forget_pool(&self, id: &str) {
        self.pools.forget(id);
        self.signing_keys.forget(id);
        self.clients.forget_all(|client| client.pool() == id);
    }

    pub(crate) fn clear(&self) {
        self.pools.clear();
        self.clients.clear();
        self.signing_keys.clear();
    }

    pub(crate) fn signing_keys(&self, pool: &str) -> Option<Arc<SigningKeys>> {
        self.signing_keys.get(pool)
    }

    pub(crate) fn signing_keys_epoch(&self) -> u64 {
        self.signing_keys.epoch()
    }

    pub(crate) fn keep_signing_keys(&self, epoch: u64, pool: &str, keys: &Arc<SigningKeys>) {
        self.signing_keys.keep(epoch, pool.to_owned(), keys);
    }

    pub(crate) fn forget_signing_keys(&self, pool: &str) {
        self.signing_keys.forget(pool);
    }
}

impl Context {
    /// Forgets what other servers changed, so that nothing is used that was replaced a second ago.
    async fn hear_of_changes(&self) -> Result<(), Error> {
        let told = &self.caches.told;
        if !self.store.is_shared() || told.age() < FRESH {
            return Ok(());
        }
        let mut known = match told.changes.try_lock() {
            Ok(known) => known,
            Err(_) if told.age() < STALE => return Ok(()),
            Err(_) => told.changes.lock().await,
        };
        let age = told.age();
        if age < FRESH {
            return Ok(());
        }
        let asked = wall_micros();
        let changes = self.read(|tx| Ok(config_changes::recent(tx)?)).await?;
        if age > LAPSED {
            self.caches.clear();
        } else {
            for (pool, _) in changes.iter().filter(|(pool, version)| known.get(pool) != Some(version)) {
                self.caches.forget_pool(pool);
            }
        }
        *known = changes.into_iter().collect();
        told.asked.store(asked, Ordering::Release);
        Ok(())
    }

    /// A pool that a request names; `ResourceNotFoundException` if there is none.
    pub async fn pool(&self, id: &str) -> Result<Arc<OpenPool>, Error> {
        self.hear_of_changes().await?;
        let cache = &self.caches.pools;
        if let Some(pool) = cache.get(id) {
            return Ok(pool);
        }
        let epoch = cache.epoch();
        let stored = self.read(|tx| Ok(user_pools::get(tx, id)?)).await?.ok_or_else(|| Error::no_pool(id))?;
        let pool = Arc::new(OpenPool::open(self, stored)?);
        cache.keep(epoch, id.to_owned(), &pool);
        Ok(pool)
    }

    /// An app client of a pool; `ResourceNotFoundException` if it is unknown or belongs to another pool.
    pub(crate) async fn client_of(&self, pool: &str, id: &str) -> Result<Arc<Client>, Error> {
        let client = self.client(id).await?;
        if client.pool() == pool { Ok(client) } else { Err(Error::no_client(id)) }
    }

    /// An app client, wherever it belongs.
    pub(crate) async fn client(&self, id: &str) -> Result<Arc<Client>, Error> {
        self.hear_of_changes().await?;
        let cache = &self.caches.clients;
        if let Some(client) = cache.get(id) {
            return Ok(client);
        }
        let epoch = cache.epoch();
        let found = self
            .read(|tx| match clients::pool_of(tx, id)? {
                Some(pool) => Ok(clients::get(tx, &pool, id)?),
                None => Ok(None),
            })
            .await?;
        let client = Arc::new(found.ok_or_else(|| Error::no_client(id))?);
        cache.keep(epoch, id.to_owned(), &client);
        Ok(client)
    }

    /// To be called after a commit that changed a pool.
    pub(crate) fn pool_changed(&self, id: &str) {
        self.caches.pools.forget(id);
    }

    /// To be called after a commit that changed a client.
    pub(crate) fn client_changed(&self, id: &str) {
        self.caches.clients.forget(id);
    }

    /// To be called after a commit that removed a pool.
    pub(crate) fn pool_removed(&self) {
        self.caches.clear();
    }
}
