//! The functions behind the triggers of a pool: where they are, and how they are called.
//!
//! A call may take five seconds and is made three times at most, as the live service does it ("Working with Lambda
//! triggers", Amazon Cognito developer guide). What a function answers is for the caller to read.

mod kms;
mod lambda;
#[cfg(test)]
mod tests;
mod webhook;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use cognate_outbound::{Answer, Call, Failure, Outbound};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

pub use kms::{DataKey, Kms};
pub use lambda::Lambda;
pub use webhook::{Secret, SecretError, Webhook, WebhookError};

/// How long a function may take, as at the live service.
pub const LIMIT: Duration = Duration::from_secs(5);
/// How often it is called at most.
const ATTEMPTS: u32 = 3;
/// How long we wait before it is called again.
const PAUSE: Duration = Duration::from_millis(50);
/// How many calls are under way at once; more wait for their turn, within their own limit.
const AT_ONCE: usize = 1_024;
/// How many calls of one function are.
const AT_ONCE_EACH: usize = 128;
/// The largest answer that is read, in bytes.
const MOST: usize = 1 << 18;

/// Where a function is.
#[derive(Debug, Clone)]
pub enum Target {
    /// Lambda's `Invoke` API, or something that speaks it.
    Lambda(Lambda),
    /// A signed webhook.
    Webhook(Webhook),
}

/// Why a function did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvokeError {
    /// The function itself says so.
    #[error("the function failed: {0}")]
    Function(String),
    /// It could not be invoked: the name of an error, as Lambda's client would give it.
    #[error("the function could not be invoked: {0}")]
    NotInvoked(String),
    /// It answered more than could be read.
    #[error("the answer is too large")]
    TooLarge,
}

/// The functions that may be called.
pub struct Functions {
    outbound: Arc<Outbound>,
    /// By ARN.
    targets: RwLock<BTreeMap<String, Arc<Target>>>,
    /// Where an ARN is that has no place of its own.
    lambda: Option<Lambda>,
    kms: Option<Kms>,
    limit: Duration,
    permits: Arc<Semaphore>,
    each: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// An event on its way.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// The function's ARN.
    pub function: &'a str,
    /// What tells this call from others; the same when it is made again.
    pub id: &'a str,
    /// The event.
    pub body: &'a Bytes,
    /// Seconds since the epoch, of the real clock.
    pub now: i64,
}

impl Functions {
    /// Functions at these places; without `lambda`, an ARN that has none cannot be invoked.
    pub fn new(outbound: Arc<Outbound>, targets: BTreeMap<String, Target>, lambda: Option<Lambda>) -> Self {
        if let Some(lambda) = &lambda {
            outbound.allow(&lambda.endpoint);
        }
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let functions = Self {
            outbound,
            targets: RwLock::default(),
            lambda,
            kms: None,
            limit: LIMIT,
            permits,
            each: Mutex::default(),
        };
        for (arn, target) in targets {
            functions.put(arn, target);
        }
        functions
    }

    /// The same with the keys under which codes go to custom senders.
    #[must_use]
    pub fn with_kms(mut self, kms: Option<Kms>) -> Self {
        if let Some(kms) = &kms {
            self.outbound.allow(&kms.endpoint);
        }
        self.kms = kms;
        self
    }

    /// Whether there are keys for custom senders.
    pub fn has_keys(&self) -> bool {
        self.kms.is_some()
    }

    /// A new data key under this key. `now` is seconds since the epoch, of the real clock.
    pub async fn data_key(&self, key: &str, now: i64) -> Result<DataKey, InvokeError> {
        let kms = self.kms.as_ref().ok_or_else(|| InvokeError::NotInvoked("there is no KMS endpoint".to_owned()))?;
        kms.data_key(&self.outbound, key, now, self.limit).await
    }

    /// The same with another limit for a single call.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Gives a function its place, instead of any earlier one.
    pub fn put(&self, arn: String, target: Target) {
        self.outbound.allow(match &target {
            Target::Lambda(lambda) => &lambda.endpoint,
            Target::Webhook(webhook) => &webhook.url,
        });
        self.targets.write().unwrap_or_else(PoisonError::into_inner).insert(arn, Arc::new(target));
    }

    /// Whether a function has a place at all.
    pub fn knows(&self, arn: &str) -> bool {
        self.target(arn).is_some()
    }

    fn target(&self, arn: &str) -> Option<Arc<Target>> {
        let found = self.targets.read().unwrap_or_else(PoisonError::into_inner).get(arn).cloned();
        found.or_else(|| self.lambda.clone().map(|lambda| Arc::new(Target::Lambda(lambda))))
    }

    /// Calls a function and answers what it answered. It is called again where it was not reached or did not answer in
    /// time; what it said stands.
    pub async fn invoke(&self, event: Event<'_>) -> Result<Bytes, InvokeError> {
        let Some(target) = self.target(event.function) else {
            tracing::warn!(
                function = event.function,
                "this function is nowhere: give it a place under [triggers] of the configuration"
            );
            return Err(InvokeError::NotInvoked("ResourceNotFoundException".to_owned()));
        };
        let _turn = self.turn(event.function).await?;
        let mut attempt = 1;
        loop {
            let outcome = self.once(&target, event, Instant::now() + self.limit).await;
            let (true, Err(Again::Yes(error))) = (attempt < ATTEMPTS, &outcome) else {
                return outcome.map_err(Again::error);
            };
            tracing::info!(function = event.function, attempt, %error, "a function is called again");
            attempt += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Hands an event over, without waiting for what comes of it: once, because a function that was reached and did not
    /// answer in time has the event, and would act on it again.
    pub async fn hand_over(&self, event: Event<'_>) -> Result<(), InvokeError> {
        let Some(target) = self.target(event.function) else {
            return Err(InvokeError::NotInvoked("ResourceNotFoundException".to_owned()));
        };
        let _turn = self.turn(event.function).await?;
        let call = match &*target {
            Target::Lambda(lambda) => lambda.call(event, lambda::EVENT, self.limit),
            Target::Webhook(webhook) => webhook.call(event, self.limit),
        };
        let not_made = || InvokeError::NotInvoked("InvalidRequestContentException".to_owned());
        let answer = match self.outbound.post(call.ok_or_else(not_made)?).await {
            Err(Failure::TimedOut | Failure::Broken(_) | Failure::TooLarge) => return Ok(()),
            other => other.map_err(|failure| again(&failure).error())?,
        };
        let outcome = match &*target {
            Target::Lambda(_) => lambda::read(answer),
            Target::Webhook(_) => webhook::read(answer),
        };
        outcome.map(|_| ()).map_err(Again::error)
    }

    /// A turn to call a function: some of each, and of all together.
    async fn turn(&self, function: &str) -> Result<[OwnedSemaphorePermit; 2], InvokeError> {
        let its = {
            let mut all = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(function.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE_EACH))))
        };
        let both = async {
            // Its own first: who waits for a slow function holds nothing that others need.
            let its = its.acquire_owned().await.ok()?;
            let all = Arc::clone(&self.permits).acquire_owned().await.ok()?;
            Some([its, all])
        };
        let turn = tokio::time::timeout(self.limit, both).await.ok().flatten();
        turn.ok_or_else(|| InvokeError::NotInvoked("TooManyRequestsException".to_owned()))
    }

    async fn once(&self, target: &Target, event: Event<'_>, end: Instant) -> Result<Bytes, Again> {
        let not_made = || Again::No(InvokeError::NotInvoked("InvalidRequestContentException".to_owned()));
        let within = end.saturating_duration_since(Instant::now());
        let call = match target {
            Target::Lambda(lambda) => lambda.call(event, lambda::REQUEST, within),
            Target::Webhook(webhook) => webhook.call(event, within),
        };
        let answer = self.outbound.post(call.ok_or_else(not_made)?).await.map_err(|failure| again(&failure))?;
        match target {
            Target::Lambda(_) => lambda::read(answer),
            Target::Webhook(_) => webhook::read(answer),
        }
    }
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Functions")
            .field("targets", &self.targets)
            .field("lambda", &self.lambda)
            .finish_non_exhaustive()
    }
}

/// A failure, and whether another try may help.
enum Again {
    Yes(InvokeError),
    No(InvokeError),
}

impl Again {
    fn error(self) -> InvokeError {
        match self {
            Self::Yes(error) | Self::No(error) => error,
        }
    }

    /// The service says by its status that it could not run the function.
    fn by_status(status: u16, name: String) -> Self {
        let error = InvokeError::NotInvoked(name);
        if status == 429 || status >= 500 { Self::Yes(error) } else { Self::No(error) }
    }
}

/// The name that the live service's client would have for a failure of the network.
fn again(failure: &Failure) -> Again {
    let named = |name: &str| InvokeError::NotInvoked(name.to_owned());
    tracing::warn!(%failure, "a function was not reached");
    match failure {
        Failure::NotAllowed(_) => Again::No(named("AccessDeniedException")),
        Failure::Unreachable(_) => Again::Yes(named("ConnectException")),
        Failure::TimedOut => Again::Yes(named("SocketTimeoutException")),
        Failure::TooLarge => Again::No(InvokeError::TooLarge),
        Failure::Broken(_) => Again::Yes(named("SocketException")),
    }
}

/// What a function says of its own failure: Lambda's form, which webhooks share.
fn failure_of(answer: &Answer) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let said = value.get("errorMessage")?;
    Some(said.as_str().map_or_else(|| said.to_string(), str::to_owned))
}

/// A call with what both kinds have in common.
fn post(url: http::Uri, body: &Bytes, within: Duration) -> Call {
    let json = http::HeaderValue::from_static("application/json");
    let agent = http::HeaderValue::from_static(concat!("cognate/", env!("CARGO_PKG_VERSION")));
    Call {
        url,
        headers: vec![(http::header::CONTENT_TYPE, json), (http::header::USER_AGENT, agent)],
        body: body.clone(),
        within,
        most: MOST,
    }
}
