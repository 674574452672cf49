//! The way of a request: envelope, signature, decoding, validation, policy, operation.

use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use cognate_crypto::random;
use cognate_model::{Authorization, DecodeError, Exception, Operation, decode, validate};
use cognate_operations::audit::Actor;
use cognate_operations::{Caller, Context, Error, Services, dispatch};
use http::{HeaderMap, Method, header};
use serde_json::Value;

use crate::access_keys::{AccessKeys, Principal};
use crate::answer::Answer;
use crate::authenticate::{AuthenticationError, authenticate, read_header};
use crate::envelope::{Envelope, Incoming};
use crate::policy::Decision;
use crate::rate_limit::{Limiter, Rates, Sharing};
use crate::resource::resource_of;
use crate::this_machine::names_this_machine;

/// Whom the front door believes.
pub enum Trust {
    /// `serve`: signatures are verified and policies evaluated.
    Verified(AccessKeys),
    /// `dev` on loopback: a well-formed `Authorization` header is enough.
    WellFormed,
}

/// An answer, and what is known about its request: for the metrics and the log.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// The operation, when the request got that far.
    pub operation: Option<Operation>,
    /// The id that the answer names; none for a page.
    pub request_id: Option<String>,
    /// The access key id that the request names, verified or not.
    pub key: Option<String>,
    /// The pool that the request names.
    pub pool: Option<String>,
    /// The app client that the request names.
    pub client: Option<String>,
}

impl Answered {
    /// An answer to what is no request of the API.
    pub fn page(answer: Answer) -> Self {
        Self { answer, operation: None, request_id: None, key: None, pool: None, client: None }
    }
}

/// What turns up about a request on its way.
#[derive(Default)]
struct Facts {
    key: Option<String>,
    pool: Option<String>,
    client: Option<String>,
}

/// Where requests of the API come in.
pub struct FrontDoor {
    services: Arc<Services>,
    trust: Trust,
    limiter: Arc<Limiter>,
    _sharing: Sharing,
}

impl FrontDoor {
    /// A front door. On a database that others may use as well, it has to be made within a runtime.
    pub fn new(services: Arc<Services>, trust: Trust, rates: Rates) -> Self {
        let (limiter, sharing) = Sharing::start(&services, rates);
        Self { services, trust, limiter, _sharing: sharing }
    }

    /// Whether an address may ask for something that needs no signature, as often as it has asked.
    pub fn admits(&self, address: Option<IpAddr>) -> bool {
        self.limiter.admits_address(address)
    }

    /// The services behind it.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Answers a request. Boxed, so that it is compiled here alone.
    pub fn answer<'a>(
        &'a self,
        request: Incoming<'a>,
        caller: Caller,
    ) -> Pin<Box<dyn Future<Output = Answered> + Send + 'a>> {
        Box::pin(self.answer_unboxed(request, caller))
    }

    async fn answer_unboxed(&self, request: Incoming<'_>, caller: Caller) -> Answered {
        let id = random::format_uuid(&random::uuid_v4(&*self.services.random));
        let mut facts = Facts::default();
        let (operation, answer) = match Envelope::read(&request) {
            Envelope::Answered(answer) => (None, answer),
            Envelope::Operation(operation) => {
                let answer = caught(self.run(operation, &request, caller, &id, &mut facts)).await;
                (Some(operation), answer.unwrap_or_else(|panic| refuse(operation, &Error::internal(panic), &id)))
            }
        };
        let answer = complete(answer, &id, request.method, request.headers);
        let Facts { key, pool, client } = facts;
        Answered { answer, operation, request_id: Some(id), key, pool, client }
    }

    /// Completes an answer to a request that did not come this far, so that SDKs and pages can read it too.
    pub fn finish(&self, answer: Answer, method: &Method, headers: &HeaderMap) -> Answer {
        let id = random::format_uuid(&random::uuid_v4(&*self.services.random));
        complete(answer, &id, method, headers)
    }

    async fn run(
        &self,
        operation: Operation,
        request: &Incoming<'_>,
        caller: Caller,
        id: &str,
        facts: &mut Facts,
    ) -> Answer {
        let info = operation.info();
        let is_signed = info.authorization == Authorization::Iam;
        if !is_signed && !self.limiter.admits_address(caller.address) {
            return refuse(operation, &Error::Busy, id);
        }
        facts.key = claimed_key(request.headers);
        let cx = Context::new(Arc::clone(&self.services), caller);
        let principal = match self.identify(operation, request).await {
            Ok(principal) => principal,
            Err(AuthenticationError::Refused(name, message)) => {
                let somebody = Actor::Unverified(facts.key.clone().unwrap_or_default());
                cx.acting_as(somebody, id).refuse(operation, None, name).await;
                return Answer::exception(name, 400, &message);
            }
            Err(AuthenticationError::Internal(error)) => return refuse(operation, &error, id),
        };
        let cx = cx.acting_as(self.actor(principal.as_deref(), facts.key.as_deref()), id);
        let input = match decode(request.body, info.input) {
            Ok(input) => input,
            Err(DecodeError::Malformed) => return Answer::serialization(None),
            Err(DecodeError::Mismatch(message)) => return Answer::serialization(Some(&message)),
        };
        if let Err(violations) = validate(&input, info.input) {
            return refuse(operation, &Error::invalid(violations.to_string()), id);
        }
        // Only what passed the validation is sure to be an id.
        let text = |member: &str| input.get(member).and_then(Value::as_str).map(str::to_owned);
        (facts.pool, facts.client) = (text("UserPoolId"), text("ClientId"));
        if !is_signed && !self.limiter.admits_user(&input) {
            return refuse(operation, &Error::Busy, id);
        }
        if let Some(principal) = principal {
            let resource = resource_of(&self.services.settings, operation, &input);
            if let Some(denial) = denial(&principal, info.name, &resource) {
                let denied = Exception::AccessDenied.name();
                cx.refuse(operation, Some(&input), denied).await;
                return Answer::exception(denied, 400, &denial);
            }
        }
        match dispatch(&cx, operation, input).await {
            Ok(reply) => Answer::success(reply),
            Err(error) => refuse(operation, &error, id),
        }
    }

    /// In whose name a request acts whose caller is known, as far as this door knows callers.
    fn actor(&self, principal: Option<&Principal>, key: Option<&str>) -> Actor {
        let key = key.unwrap_or_default().to_owned();
        match (principal, &self.trust) {
            (Some(principal), _) if principal.is_root() => Actor::Root(key),
            (Some(_), _) => Actor::AccessKey(key),
            (None, Trust::WellFormed) => Actor::Development(key),
            (None, Trust::Verified(_)) => Actor::Unverified(key),
        }
    }

    async fn identify(
        &self,
        operation: Operation,
        request: &Incoming<'_>,
    ) -> Result<Option<Arc<Principal>>, AuthenticationError> {
        match operation.info().authorization {
            Authorization::Iam => {}
            Authorization::IamOrClient if request.headers.contains_key(http::header::AUTHORIZATION) => {}
            // A signature sent to an operation that needs none is ignored, as the live service ignores it.
            _ => return Ok(None),
        }
        match &self.trust {
            Trust::Verified(keys) => authenticate(&self.services, keys, request).await.map(Some),
            Trust::WellFormed => {
                refuse_strange_origin(request.headers)?;
                read_header(request.headers).map(|_| None)
            }
        }
    }
}

/// The access key id of an `Authorization` header, as it stands there.
fn claimed_key(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = header.split_once("Credential=")?;
    let key = credential.split('/').next()?;
    let is_id = !key.is_empty() && key.len() <= 128 && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id.then(|| key.to_owned())
}

fn complete(answer: Answer, id: &str, method: &Method, headers: &HeaderMap) -> Answer {
    let answer = answer.request_id(id);
    let from_browser = headers.contains_key(header::ORIGIN) && method == Method::POST;
    if from_browser { answer.for_browsers() } else { answer }
}

/// Where any credentials will do, a page of some web site could send them too, from the browser of the developer: only
/// pages of this machine may call operations that need a signature.
fn refuse_strange_origin(headers: &HeaderMap) -> Result<(), AuthenticationError> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    if host.is_some_and(names_this_machine) {
        return Ok(());
    }
    let message = "In dev, pages of other origins may call only operations that need no signature.";
    Err(AuthenticationError::Refused("AccessDeniedException", message.to_owned()))
}

/// Runs to the end or to a panic, which is a defect of ours: it costs the request its answer, never the connection.
async fn caught<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = pin!(work);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Err(panic) => Poll::Ready(Err(match panic.downcast_ref::<&str>() {
            Some(message) => format!("a panic: {message}"),
            None => format!("a panic: {}", panic.downcast_ref::<String>().map_or("no message", String::as_str)),
        })),
    })
    .await
}

fn denial(principal: &Principal, operation: &str, resource: &str) -> Option<String> {
    let reason = match principal.decide(operation, resource) {
        Decision::Allowed => return None,
        Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        Decision::NotAllowed => {
            format!("because no identity-based policy allows the cognito-idp:{operation} action")
        }
    };
    let arn = &principal.arn;
    Some(format!("User: {arn} is not authorized to perform: cognito-idp:{operation} on resource: {resource} {reason}"))
}

fn refuse(operation: Operation, error: &Error, id: &str) -> Answer {
    if let Error::Internal(detail) = error {
        tracing::error!(request_id = id, operation = operation.name(), %detail, "an operation failed");
    }
    let (exception, message) = error.answer(operation);
    Answer::exception(exception.name(), exception.status(), &message)
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::caught;

    #[tokio::test]
    async fn a_panic_ends_one_request_with_its_message() {
        assert_eq!(caught(ready(7)).await, Ok(7));
        let panicking = async { [1].iter().find(|n| **n == 2).copied().expect("there is a 2") };
        assert_eq!(caught(panicking).await, Err("a panic: there is a 2".to_owned()));
    }
}
