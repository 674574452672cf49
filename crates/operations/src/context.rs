//! What an operation works with: no globals.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};

use cognate_crypto::password::PasswordHasher;
use cognate_crypto::random::{self, Random, SystemRandom};
use cognate_crypto::seal::MasterKey;
use cognate_delivery::Transports;
use cognate_model::{ContextDataType, Timestamp};
use cognate_outbound::Outbound;
use cognate_store::{Conflict, DbError, Store, Tx};
use cognate_triggers::Functions;
use tokio::sync::Notify;
use tracing::Instrument;

use crate::audit::{Noting, Origin, Refusals, Trail};
use crate::cache::Caches;
use crate::custom_challenges::CustomChallenges;
use crate::declare::DeclaredPools;
use crate::gates::{Gates, SlowGates};
use crate::outbox::Tally;
use crate::risk::Knowledge;
use crate::watch::{Calls, SignIns};
use crate::work::{Load, WorkPool};
use crate::{Clock, Error, Settings};

/// What all requests share.
pub struct Services {
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// The source of randomness.
    pub random: Box<dyn Random>,
    /// What the operator decided.
    pub settings: Settings,
    /// Seals the pools' data keys.
    pub master_key: MasterKey,
    /// What this server is called among those that share its data; a new name with every start.
    pub(crate) node: String,
    pub(crate) caches: Caches,
    /// What was declared so far, for a reset of `dev`.
    pub(crate) declared: Mutex<Vec<DeclaredPools>>,
    pub(crate) work: WorkPool,
    /// Held by who makes the signing keys of a pool.
    pub(crate) making_keys: tokio::sync::Mutex<()>,
    /// How steps of sign-ins ended.
    pub sign_ins: SignIns,
    /// Calls of the functions of triggers.
    pub calls: Calls,
    /// How many refused attempts are recorded.
    pub refusals: Refusals,
    /// What the operator lets the server know about the world.
    pub knowledge: Knowledge,
    /// What delivers messages.
    pub transports: Transports,
    /// How many messages came to which end.
    pub tally: Tally,
    /// Wakes who delivers messages.
    pub(crate) deliveries_wake: Arc<Notify>,
    pub(crate) hasher: PasswordHasher,
    pub(crate) gates: Gates,
    /// Those of guesses that another service judges: nobody else waits for it.
    pub(crate) slow_gates: SlowGates,
    /// The way to other services.
    pub outbound: Arc<Outbound>,
    /// The functions behind triggers.
    pub functions: Functions,
    /// Where the pages of this server are, for links in messages; none where that is not known.
    pub(crate) public_url: OnceLock<String>,
    /// Stands in for the triggers of custom authentication.
    pub(crate) custom: Option<Arc<dyn CustomChallenges>>,
}

impl Services {
    /// Services on an open store.
    pub fn new(store: Store, settings: Settings, master_key: MasterKey) -> Self {
        let outbound = Arc::new(Outbound::new([], None));
        Self {
            node: random::format_uuid(&random::uuid_v4(&SystemRandom)),
            store,
            clock: Clock::default(),
            random: Box::new(SystemRandom),
            knowledge: Knowledge::default(),
            transports: Transports::default(),
            tally: Tally::default(),
            deliveries_wake: Arc::default(),
            hasher: PasswordHasher::new(settings.hash_cost),
            settings,
            master_key,
            caches: Caches::default(),
            declared: Mutex::default(),
            work: WorkPool::start(),
            gates: Gates::default(),
            slow_gates: SlowGates::default(),
            functions: Functions::new(Arc::clone(&outbound), BTreeMap::new(), None),
            outbound,
            public_url: OnceLock::new(),
            custom: None,
            making_keys: tokio::sync::Mutex::default(),
            sign_ins: SignIns::default(),
            calls: Calls::default(),
            refusals: Refusals::default(),
        }
    }

    /// Puts a double in the place of the triggers of custom authentication.
    #[must_use]
    pub fn with_custom_challenges(mut self, double: Arc<dyn CustomChallenges>) -> Self {
        self.custom = Some(double);
        self
    }

    /// What the threads for password hashes are busy with.
    pub fn load(&self) -> &Load {
        self.work.load()
    }

    /// Says where the pages of this server are, if that is not known yet.
    pub fn reachable_at(&self, url: &str) {
        let _ = self.public_url.set(url.to_owned());
    }

    /// Where the pages of this server are.
    pub(crate) fn public_url(&self) -> Option<String> {
        self.settings.public_url.clone().or_else(|| self.public_url.get().cloned())
    }

    /// Forgets what is cached, after the store was changed behind the operations' back.
    pub fn forget_caches(&self) {
        self.caches.clear();
    }
}

/// Who calls, as far as events and triggers care.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Where the connection comes from.
    pub address: Option<IpAddr>,
    /// The `User-Agent` header.
    pub agent: Option<String>,
    /// The URL under which the caller reached this server.
    pub base: Option<String>,
}

/// The surroundings of one request.
#[derive(Clone)]
pub struct Context {
    services: Arc<Services>,
    /// Who calls.
    pub caller: Caller,
    /// In whose name; of a program that embeds Cognate if nobody says. Shared, because contexts are copied into tasks.
    pub(crate) origin: Option<Arc<Origin>>,
    /// Where a change is recorded, if it is one.
    pub(crate) trail: Option<Arc<Trail>>,
}

impl Context {
    /// The surroundings of a request.
    pub fn new(services: Arc<Services>, caller: Caller) -> Self {
        Self { services, caller, origin: None, trail: None }
    }

    /// The same for somebody else: an application's server says whom it acts for, and what they said of themselves.
    pub(crate) fn on_behalf_of(&self, stated: Option<&ContextDataType>) -> Self {
        let mut cx = self.clone();
        if let Some(stated) = stated {
            let headers = stated.http_headers.iter();
            cx.caller.agent = headers
                .filter(|header| {
                    header.header_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("user-agent"))
                })
                .find_map(|header| header.header_value.clone());
        }
        cx
    }

    /// What all requests share, to keep.
    pub(crate) fn services(&self) -> Arc<Services> {
        Arc::clone(&self.services)
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.services.clock.now()
    }

    /// The source of randomness.
    pub fn random(&self) -> &dyn Random {
        &*self.services.random
    }

    /// Runs reads.
    pub async fn read<T, F>(&self, reads: F) -> Result<T, Error>
    where
        F: Fn(&mut dyn Tx) -> Result<T, Error> + Send,
        T: Send,
    {
        let trail = self.trail.as_deref();
        let noted = move |tx: &mut dyn Tx| match trail {
            None => reads(tx),
            Some(trail) => reads(&mut Noting { tx, trail }),
        };
        self.services.store.read(noted).await
    }

    /// Runs a transaction. The first one of a change that is recorded carries the record along.
    pub async fn write<T, F>(&self, transaction: F) -> Result<T, Error>
    where
        F: Fn(&mut dyn Tx) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.write_as(transaction).await
    }

    /// The same with errors of its own.
    pub async fn write_as<T, E, F>(&self, transaction: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Conflict + Send + 'static,
    {
        let trail = self.trail.clone().filter(|trail| !trail.is_written());
        let kept = trail.clone();
        let written = move |tx: &mut dyn Tx| {
            let Some(trail) = &kept else { return transaction(tx) };
            let answer = transaction(&mut Noting { tx, trail })?;
            trail.append(tx)?;
            Ok(answer)
        };
        let outcome = self.services.store.write(written).await;
        if let (Some(trail), Ok(_)) = (&trail, &outcome) {
            trail.written();
        }
        outcome
    }

    /// Runs a transaction that changes what the caches hold, and forgets it after the commit. A task of its own does
    /// both, because a caller who hangs up takes the request's future along: the commit would stand, and the caches
    /// would go on with what it replaced.
    pub(crate) async fn write_and_forget<T, F, G>(&self, transaction: F, forget: G) -> Result<T, Error>
    where
        F: Fn(&mut dyn Tx) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
        G: FnOnce(&Self) + Send + 'static,
    {
        let cx = self.clone();
        let work = async move {
            let outcome = cx.write(transaction).await;
            forget(&cx);
            outcome
        };
        tokio::spawn(work.in_current_span()).await.map_err(|error| Error::internal(error.to_string()))?
    }
}

impl std::ops::Deref for Context {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

/// Turns a broken unique key into an answer.
pub(crate) fn or_exists(result: Result<(), DbError>, exists: impl FnOnce() -> Error) -> Result<(), Error> {
    match result {
        Err(DbError::Exists) => Err(exists()),
        other => Ok(other?),
    }
}
