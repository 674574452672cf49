//! The `Invoke` API of AWS Lambda, against any endpoint that speaks it: Lambda itself, the Runtime Interface Emulator,
//! other local runners.
//!
//! Source: "Invoke" (AWS Lambda API Reference).

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use cognate_outbound::{Answer, AwsCredentials, Call, Scope, sign};
use http::{HeaderName, HeaderValue, Uri};

use crate::{Again, Event, InvokeError, failure_of, post};

const TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const LOG: HeaderName = HeaderName::from_static("x-amz-log-type");

/// What is asked of a function: an answer, or only to take the event.
pub(crate) const REQUEST: &str = "RequestResponse";
pub(crate) const EVENT: &str = "Event";

/// The region where an ARN names none.
const DEFAULT_REGION: &str = "us-east-1";

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Lambda {
    /// The base URL, such as `https://lambda.us-east-1.amazonaws.com`.
    pub endpoint: Uri,
    /// What the function is called there, if not by its ARN: runners for one function call it `function`.
    pub name: Option<String>,
    /// Who calls; nobody where the endpoint asks for no signature.
    pub credentials: Option<AwsCredentials>,
}

impl Lambda {
    pub(crate) fn call(&self, event: Event<'_>, kind: &'static str, within: Duration) -> Option<Call> {
        let base = self.endpoint.to_string();
        let name = encoded(self.name.as_deref().unwrap_or(event.function));
        let url = format!("{}/2015-03-31/functions/{name}/invocations", base.trim_end_matches('/'));
        let mut call = post(url.parse().ok()?, event.body, within);
        call.headers.push((TYPE, HeaderValue::from_static(kind)));
        call.headers.push((LOG, HeaderValue::from_static("None")));
        if let Some(credentials) = &self.credentials {
            let region = event.function.split(':').nth(3).filter(|region| !region.is_empty());
            let scope = Scope { region: region.unwrap_or(DEFAULT_REGION), service: "lambda" };
            sign(&mut call, credentials, scope, event.now).ok()?;
        }
        Some(call)
    }
}

/// A path segment.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

pub(crate) fn read(answer: Answer) -> Result<Bytes, Again> {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    if !(200..300).contains(&answer.status) {
        // `ResourceNotFoundException:http://internal.amazon.com/coral/…`
        let named = header("x-amzn-errortype").and_then(|name| name.split(':').next());
        let name = named.map_or_else(|| format!("HTTP {}", answer.status), str::to_owned);
        return Err(Again::by_status(answer.status, name));
    }
    // The Runtime Interface Emulator tells a failure by the payload alone.
    let failed = header("x-amz-function-error").is_some();
    match failure_of(&answer) {
        Some(said) => Err(Again::No(InvokeError::Function(said))),
        None if failed => Err(Again::No(InvokeError::Function("unknown error".to_owned()))),
        None => Ok(answer.body),
    }
}
