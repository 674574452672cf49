//! The triggers of a pool: when they run, what they are told, what their answers change.
//!
//! No transaction is open while a function runs. One that fails is told in the live service's words: what it says itself
//! (`UserLambdaValidationException`), that it could not be invoked (`UnexpectedLambdaException`), that its answer makes no
//! sense (`InvalidLambdaResponseException`).

mod custom_auth;
pub(crate) mod custom_message;
pub(crate) mod custom_sender;
pub(crate) mod post_authentication;
pub(crate) mod post_confirmation;
pub(crate) mod pre_authentication;
pub(crate) mod pre_sign_up;
pub(crate) mod pre_token_generation;
pub(crate) mod user_migration;

use std::collections::BTreeMap;

use cognate_crypto::random;
pub(crate) use cognate_domain::trigger::Trigger;
use cognate_domain::trigger::{Answer, Common, Unrecognizable, event};
use cognate_domain::{Client, Pool};
use cognate_model::Exception;
use cognate_triggers::InvokeError;
use serde_json::{Map, Value};

pub use cognate_triggers::{Functions, Kms, LIMIT, Lambda, Target, Webhook};

use crate::{Context, Error};

pub(crate) use custom_auth::PoolTriggers;

/// What a caller passes to the triggers: `ClientMetadata`, `ValidationData`.
pub(crate) type Passed = BTreeMap<String, String>;

/// The longest text of a function that is passed on, in characters.
const LONGEST: usize = 2_000;

/// For whom triggers run.
#[derive(Clone, Copy)]
pub(crate) struct Occasion<'a> {
    /// The pool.
    pub(crate) pool: &'a Pool,
    /// The app client, of operations that have one.
    pub(crate) client: Option<&'a Client>,
    /// The user's name, or what was typed where there is no user.
    pub(crate) user_name: &'a str,
}

/// What happens.
pub(crate) struct Happening<'a> {
    /// The trigger.
    pub(crate) trigger: Trigger,
    /// `triggerSource`.
    pub(crate) source: &'a str,
    /// The version of the event.
    pub(crate) version: &'a str,
    /// `request`.
    pub(crate) request: Map<String, Value>,
    /// `response`, with what stands for nothing.
    pub(crate) response: Value,
}

/// Calls the function of a trigger; none where the pool has none.
pub(crate) async fn call(
    cx: &Context,
    occasion: Occasion<'_>,
    happening: Happening<'_>,
) -> Result<Option<Answer>, Error> {
    let Happening { trigger, source, version, request, response } = happening;
    let Some(function) = trigger.function(occasion.pool) else { return Ok(None) };
    if is_foreign(occasion.pool, function) {
        return Err(failed(trigger, InvokeError::NotInvoked("AccessDeniedException".to_owned())));
    }
    let pool = occasion.pool.id();
    let common = Common {
        version,
        source,
        region: pool.rsplit_once('_').map_or(pool, |(region, _)| region),
        pool,
        user_name: occasion.user_name,
        agent: cx.caller.agent.as_deref(),
        client: occasion.client.map(Client::id),
    };
    let event = event(common, &Value::Object(request), &response);
    let body = serde_json::to_vec(&event).map_err(|error| Error::internal(error.to_string()))?.into();
    let id = format!("msg_{}", random::format_uuid(&random::uuid_v4(cx.random())));
    let call = cognate_triggers::Event { function, id: &id, body: &body, now: cx.clock.wall().seconds() };
    let running = cx.calls.begin(trigger);
    let answered = cx.functions.invoke(call).await.inspect_err(|_| running.failed());
    drop(running);
    let answered = answered.map_err(|error| failed(trigger, error))?;
    Answer::read(&event, &answered).map(Some).map_err(Into::into)
}

/// Whether a function is called when somebody has signed in.
pub(crate) fn hear_of_sign_ins(pool: &Pool) -> bool {
    [Trigger::PostAuthentication, Trigger::PreTokenGeneration].iter().any(|trigger| trigger.function(pool).is_some())
}

/// Whether an error is one of a function.
pub(crate) fn is_theirs(error: &Error) -> bool {
    let theirs = [Exception::UserLambdaValidation, Exception::UnexpectedLambda, Exception::InvalidLambdaResponse];
    matches!(error, Error::Refused(refusal) if theirs.contains(&refusal.exception))
}

/// Whether a function is the webhook of another pool, which is nobody else's.
pub(crate) fn is_foreign(pool: &Pool, function: &str) -> bool {
    let mut parts = function.splitn(6, ':');
    let is_webhook = function.starts_with("arn:cognate:webhook:");
    is_webhook && parts.nth(5).and_then(|place| place.split_once('/')).is_none_or(|(owner, _)| owner != pool.id())
}

fn failed(trigger: Trigger, error: InvokeError) -> Error {
    let name = trigger.name();
    match error {
        InvokeError::Function(said) => {
            let said: String = said.chars().take(LONGEST).collect();
            Error::refused(Exception::UserLambdaValidation, format!("{name} failed with error {said}."))
        }
        InvokeError::NotInvoked(reason) => {
            let reason: String = reason.chars().take(LONGEST).collect();
            let message = format!("{name} invocation failed due to error {reason}.");
            Error::refused(Exception::UnexpectedLambda, message)
        }
        InvokeError::TooLarge => Unrecognizable.into(),
    }
}

impl From<Unrecognizable> for Error {
    fn from(_: Unrecognizable) -> Self {
        Self::refused(Exception::InvalidLambdaResponse, "Unrecognizable lambda output")
    }
}
