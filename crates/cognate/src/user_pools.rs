//! Embedding: the operations in-process.

use std::sync::Arc;

use cognate_operations::custom_challenges::CustomChallenges;
use cognate_operations::declare::{self, DeclaredPools};
use cognate_operations::keys::{self, Rotated, RotationError};
use cognate_operations::{Caller, Clock, Context, Error, Message, Request, Services, dev, send};
use cognate_protocol::{NewKey, Policy};
use cognate_store::access_keys::StoredKey;
use cognate_store::user_pools::list;
use cognate_store::{DatabaseOptions, OpenError, Store, settings};
use thiserror::Error;

use crate::knowledge;
use crate::master_key::{self, MasterKeyError};
use crate::{Config, Database, Door, Limits, Server, ServerError};

/// How many pools are read at once.
const PAGE: i64 = 100;

/// Why the user pools could not be opened.
#[derive(Debug, Error)]
pub enum OpenPoolsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The key is well-formed but not the one that sealed this data.
    #[error("this is not the master key that the data was sealed with")]
    WrongMasterKey,
    /// The data cannot be read.
    #[error("{0}")]
    Data(String),
}

/// The user pools of a data folder or a database. Cheap to clone; the last one dropped closes the store.
#[derive(Clone)]
pub struct UserPools {
    services: Arc<Services>,
}

impl UserPools {
    /// Opens the pools, creating the data folder if it is missing. One process owns a data folder at a time; a database
    /// may be used by any number of them at once.
    pub fn open(config: Config) -> Result<Self, OpenPoolsError> {
        let store = open_store(&config)?;
        Self::on(store, config, None)
    }

    /// The same with a double in the place of the three triggers of custom authentication, which cannot be invoked
    /// otherwise yet. The pool must still name its triggers.
    pub fn open_with_custom_challenges(
        config: Config,
        double: Arc<dyn CustomChallenges>,
    ) -> Result<Self, OpenPoolsError> {
        let store = open_store(&config)?;
        Self::on(store, config, Some(double))
    }

    /// Opens the pools beside a server that may be running, for a short task such as making an access key.
    pub fn open_beside(config: Config) -> Result<Self, OpenPoolsError> {
        let store = match &config.database {
            Some(Database { url, options }) => {
                let few = DatabaseOptions { connections: 2, ..options.clone() };
                Store::connect(url.as_str(), few)?
            }
            None => Store::open_beside(&config.data)?,
        };
        Self::on(store, config, None)
    }

    fn on(store: Store, config: Config, double: Option<Arc<dyn CustomChallenges>>) -> Result<Self, OpenPoolsError> {
        let key = master_key::load(config.master_key.as_deref(), &config.data)?;
        let knowledge = knowledge::read(&config).map_err(OpenPoolsError::Data)?;
        let mut services = Services::new(store, config.settings, key);
        services.knowledge = knowledge;
        let services = match double {
            Some(double) => services.with_custom_challenges(double),
            None => services,
        };
        check_master_key(&services)?;
        Ok(Self { services: Arc::new(services) })
    }

    /// Runs an operation: the same validation, effect and errors as over the wire, as an administrator.
    pub async fn send<R: Request>(&self, request: R) -> Result<R::Response, Error> {
        send(&self.context(), request).await
    }

    /// Creates what is declared and missing.
    pub async fn declare(&self, pools: &DeclaredPools) -> Result<(), Error> {
        declare::apply(&self.context(), pools).await
    }

    /// The messages that users were sent, newest first; of one pool or user if they are named.
    pub async fn messages(&self, pool: Option<&str>, username: Option<&str>) -> Result<Vec<Message>, Error> {
        dev::messages(&self.context(), pool, username).await
    }

    /// The clock from which everything here reads the time.
    pub fn clock(&self) -> &Clock {
        &self.services.clock
    }

    /// Makes an access key for `cognate serve`; its secret is not shown again.
    pub async fn create_access_key(&self, name: &str, policy: &Policy) -> Result<NewKey, Error> {
        cognate_protocol::create_key(&self.services, name, policy).await
    }

    /// Every access key, oldest first, without secrets.
    pub async fn access_keys(&self) -> Result<Vec<StoredKey>, Error> {
        cognate_protocol::list_keys(&self.services.store).await
    }

    /// Removes an access key; says whether there was one.
    pub async fn delete_access_key(&self, id: &str) -> Result<bool, Error> {
        cognate_protocol::delete_key(&self.services.store, id).await
    }

    /// The ids of all pools, in their order.
    pub async fn pool_ids(&self) -> Result<Vec<String>, Error> {
        let mut ids: Vec<String> = Vec::new();
        loop {
            let after = ids.last().cloned().unwrap_or_default();
            let page = self.services.store.read(|tx| Ok::<_, Error>(list(tx, &after, PAGE)?)).await?;
            if page.is_empty() {
                return Ok(ids);
            }
            ids.extend(page.iter().map(|stored| stored.pool.id().to_owned()));
        }
    }

    /// Gives a pool new keys to sign its tokens with, once they were published for so many seconds. Tokens that were
    /// signed with the old ones verify for as long as they live. None for a pool that has no keys yet.
    pub async fn rotate_keys(&self, pool: &str, ahead_seconds: u32) -> Result<Option<Rotated>, RotationError> {
        keys::rotate(&self.context(), pool, ahead_seconds).await
    }

    /// The root key of this installation, made at first; the flag tells whether it was made now.
    pub async fn root_key(&self) -> Result<(NewKey, bool), Error> {
        cognate_protocol::root_key(&self.services).await
    }

    /// Answers AWS SDKs on a listener until [`Server::stop`].
    pub fn serve(&self, listener: tokio::net::TcpListener, door: &Door, limits: Limits) -> Result<Server, ServerError> {
        Server::start(Arc::clone(&self.services), listener, door, limits)
    }

    fn context(&self) -> Context {
        Context::new(Arc::clone(&self.services), Caller::default())
    }
}

fn open_store(config: &Config) -> Result<Store, OpenError> {
    match &config.database {
        Some(Database { url, options }) => Store::connect(url.as_str(), options.clone()),
        None => Store::open(&config.data),
    }
}

const CHECK: &str = "master_key_check";

/// Compares the master key with the one that was used before, so that a wrong one is told at the start.
fn check_master_key(services: &Services) -> Result<(), OpenPoolsError> {
    let key = services.master_key.derive(CHECK);
    let place = cognate_crypto::seal::context(&[CHECK]);
    let sealed = key.seal(b"cognate", &place, &*services.random);
    let data = |error: &Error| OpenPoolsError::Data(error.to_string());
    let stored = services.store.write_now(move |tx| {
        if let Some(stored) = settings::get(tx, CHECK)? {
            return Ok::<_, Error>(stored);
        }
        settings::insert_missing(tx, CHECK, &sealed)?;
        Ok(sealed.clone())
    });
    let stored = stored.map_err(|error| data(&error))?;
    key.open(&stored, &place).map(|_| ()).map_err(|_| OpenPoolsError::WrongMasterKey)
}
