//! Embedding: the operations in-process.

use std::io::{BufRead, Write};
use std::sync::Arc;

use cognate_crypto::random;
use cognate_crypto::seal::MasterKey;
use cognate_operations::audit::{self, Actor, Entry as AuditEntry, Filter as AuditFilter};
use cognate_operations::custom_challenges::CustomChallenges;
use cognate_operations::declare::{self, DeclaredPools};
use cognate_operations::imports;
use cognate_operations::keys::{self, Rotated, RotationError};
use cognate_operations::outbox::{self, Deliveries, Listed, RetryError};
use cognate_operations::transfer::{self, Exported, Secrets, Stopped};
use cognate_operations::{Caller, Clock, Context, Error, Message, Request, Services, dev, send};
use cognate_protocol::{NewKey, Policy};
use cognate_store::access_keys::StoredKey;
use cognate_store::outbox::{State, free_leases};
use cognate_store::user_pools::list;
use cognate_store::{DatabaseOptions, DbError, OpenError, Store, settings};
use thiserror::Error;

use crate::delivery_sections::transports;
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
    actor: Actor,
}

impl UserPools {
    /// Opens the pools, creating the data folder if it is missing. One process owns a data folder at a time; a database
    /// may be used by any number of them at once.
    pub fn open(config: Config) -> Result<Self, OpenPoolsError> {
        Self::own(config, None)
    }

    /// The same with code of yours in the place of the three triggers of custom authentication. The pool must still name
    /// its triggers.
    pub fn open_with_custom_challenges(
        config: Config,
        double: Arc<dyn CustomChallenges>,
    ) -> Result<Self, OpenPoolsError> {
        Self::own(config, Some(double))
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

    fn own(config: Config, double: Option<Arc<dyn CustomChallenges>>) -> Result<Self, OpenPoolsError> {
        let store = open_store(&config)?;
        let is_shared = config.database.is_some();
        let pools = Self::on(store, config, double)?;
        if is_shared {
            // Other processes may be delivering; the leases of one that died end by themselves.
            return Ok(pools);
        }
        // One process owns the data: whoever was delivering messages before is gone.
        let now = pools.services.clock.now().micros();
        let freed = pools.services.store.write_now(move |tx| Ok::<_, Error>(free_leases(tx, now)?));
        freed.map_err(|error| OpenPoolsError::Data(error.to_string()))?;
        Ok(pools)
    }

    /// Opens the pools for an import: as their one owner if nobody else is, which is much faster, and beside a server
    /// that runs otherwise. A database is nobody's alone.
    pub fn open_for_import(config: Config) -> Result<(Self, transfer::Pace), OpenPoolsError> {
        if config.database.is_some() {
            return Ok((Self::on(open_store(&config)?, config, None)?, transfer::Pace::BesideServer));
        }
        let (store, pace) = match Store::open_for_bulk(&config.data) {
            Ok(store) => (store, transfer::Pace::Alone),
            Err(OpenError::InUse(_)) => (Store::open_beside(&config.data)?, transfer::Pace::BesideServer),
            Err(error) => return Err(error.into()),
        };
        Ok((Self::on(store, config, None)?, pace))
    }

    fn on(store: Store, config: Config, double: Option<Arc<dyn CustomChallenges>>) -> Result<Self, OpenPoolsError> {
        let stored = store.write_now(|tx| settings::get(tx, CHECK));
        let stored = stored.map_err(|error: DbError| OpenPoolsError::Data(error.to_string()))?;
        let key = master_key::load(config.master_key.as_deref(), &config.data, || stored.is_some())?;
        let knowledge = knowledge::read(&config).map_err(OpenPoolsError::Data)?;
        let outside = config.outside.clone();
        let (outbound, functions) = outside.open().map_err(OpenPoolsError::Data)?;
        let transports = transports(&config, &outbound).map_err(OpenPoolsError::Data)?;
        let mut services = Services::new(store, config.settings, key);
        services.knowledge = knowledge;
        (services.outbound, services.functions, services.transports) = (outbound, functions, transports);
        let services = match double {
            Some(double) => services.with_custom_challenges(double),
            None => services,
        };
        check_master_key(&services)?;
        Ok(Self { services: Arc::new(services), actor: Actor::Embedded })
    }

    /// The same pools in somebody's name, which the audit trail keeps.
    #[must_use]
    pub fn acting_as(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// Entries of the audit trail, oldest first (`docs/operating.md`).
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, Error> {
        audit::list(&self.context(), filter).await
    }

    /// The `sub` of a user of a pool who is named by any name of theirs; none if there is no such user.
    pub async fn sub_of(&self, pool: &str, name: &str) -> Result<Option<String>, Error> {
        audit::of_user(&self.context(), pool, name).await
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

    /// The newest messages to users with what became of them, of one state if it is named (`waiting`, `sent`,
    /// `given-up`, `kept`): addresses masked, and without codes, passwords and texts.
    pub async fn outbox(&self, state: Option<&str>, limit: u32) -> Result<Vec<Listed>, Error> {
        let unknown = |name: &str| Error::invalid(format!("{name:?} is not a state of messages"));
        let state = state.map(|name| State::parse(name).ok_or_else(|| unknown(name))).transpose()?;
        outbox::list(&self.context(), state, limit.into()).await
    }

    /// Lets a message that waits be tried again at once.
    pub async fn retry_message(&self, id: &str) -> Result<(), RetryError> {
        outbox::retry(&self.context(), id).await
    }

    /// Delivers messages until what it returns is stopped or dropped. [`UserPools::serve`] does this itself: it is for
    /// programs that only call the operations in-process.
    pub fn deliver(&self) -> Deliveries {
        Deliveries::start(Arc::clone(&self.services))
    }

    /// The clock from which everything here reads the time.
    pub fn clock(&self) -> &Clock {
        &self.services.clock
    }

    /// Makes an access key for `cognate serve`; its secret is not shown again.
    pub async fn create_access_key(&self, name: &str, policy: &Policy) -> Result<NewKey, Error> {
        cognate_protocol::create_key(&self.context(), name, policy).await
    }

    /// Every access key, oldest first, without secrets.
    pub async fn access_keys(&self) -> Result<Vec<StoredKey>, Error> {
        cognate_protocol::list_keys(&self.services.store).await
    }

    /// Removes an access key; says whether there was one.
    pub async fn delete_access_key(&self, id: &str) -> Result<bool, Error> {
        cognate_protocol::delete_key(&self.context(), id).await
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

    /// Writes these pools and all in them as lines of JSON (`docs/moving.md`). Each page of users is of one moment.
    pub async fn export(
        &self,
        pools: &[String],
        secrets: Secrets,
        out: &mut (dyn Write + Send),
        report: &mut (dyn FnMut(&Exported) + Send),
    ) -> Result<Exported, Stopped> {
        for pool in pools {
            self.record("ExportUsers", pool).await?;
        }
        transfer::export(&self.context(), pools, secrets, out, report).await
    }

    /// Takes in lines of JSON (`docs/moving.md`), and tells of every batch, and of every line that was not taken.
    pub async fn import(
        &self,
        input: impl BufRead + Send + 'static,
        options: &transfer::Options,
        tell: &mut transfer::Tell<'_>,
    ) -> (transfer::Report, Result<(), Stopped>) {
        if let Err(stopped) = self.record("ImportUsers", options.into.as_deref().unwrap_or_default()).await {
            return (transfer::Report::default(), Err(stopped));
        }
        let cx = self.context();
        Box::pin(transfer::import(&cx, input, options, tell)).await
    }

    /// Puts into the audit trail that something begins which is many transactions.
    async fn record(&self, operation: &'static str, pool: &str) -> Result<(), Stopped> {
        let recorded = self.context().recording(operation, pool, None).write(|_| Ok(())).await;
        recorded.map_err(|error| Stopped { line: None, reason: error.to_string() })
    }

    /// Tells what became of each row of a user import job so far, in the words of the live service's log, and gives the job.
    pub async fn import_log(
        &self,
        job: &str,
        tell: &mut (dyn FnMut(&str) + Send),
    ) -> Result<cognate_model::UserImportJobType, Error> {
        imports::log::read(&self.context(), job, tell).await
    }

    /// The root key of this installation, made at first; the flag tells whether it was made now.
    pub async fn root_key(&self) -> Result<(NewKey, bool), Error> {
        cognate_protocol::root_key(&self.context()).await
    }

    /// Answers AWS SDKs on a listener until [`Server::stop`].
    pub fn serve(&self, listener: tokio::net::TcpListener, door: &Door, limits: Limits) -> Result<Server, ServerError> {
        Server::start(Arc::clone(&self.services), listener, door, limits)
    }

    fn context(&self) -> Context {
        let id = random::format_uuid(&random::uuid_v4(&*self.services.random));
        Context::new(Arc::clone(&self.services), Caller::default()).acting_as(self.actor.clone(), id)
    }
}

fn open_store(config: &Config) -> Result<Store, OpenError> {
    match &config.database {
        Some(Database { url, options }) => Store::connect(url.as_str(), options.clone()),
        None => Store::open(&config.data),
    }
}

/// Where what tells the master key stands.
pub(crate) const CHECK: &str = "master_key_check";

/// Whether a master key is the one that the data was sealed with.
pub(crate) fn opens(key: &MasterKey, stored: &[u8]) -> bool {
    key.derive(CHECK).open(stored, &cognate_crypto::seal::context(&[CHECK])).is_ok()
}

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
