//! The envelope: which operation a request asks for.

use cognate_model::{Operation, TARGET_PREFIX};
use http::header::AsHeaderName;
use http::{HeaderMap, Method, header};

use crate::Answer;

/// The longest `X-Amz-Target` that is looked at.
pub const MAX_TARGET: usize = 128;

/// A request as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, undecoded.
    pub path: &'a str,
    /// The query behind `?`, empty without one.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// What the envelope asks for.
#[derive(Debug)]
pub enum Envelope {
    /// An operation.
    Operation(Operation),
    /// Nothing that an operation could answer.
    Answered(Answer),
}

impl Envelope {
    /// Reads method, path, content type and target.
    pub fn read(request: &Incoming<'_>) -> Self {
        if request.method == Method::OPTIONS {
            return Self::Answered(Answer::preflight(request.headers));
        }
        if request.method != Method::POST || request.path != "/" {
            return Self::Answered(Answer::bad_request());
        }
        if !speaks_aws_json(request.headers) {
            return Self::Answered(Answer::wrong_content_type());
        }
        let target = only(request.headers, "x-amz-target");
        let operation = target
            .filter(|target| target.len() <= MAX_TARGET)
            .and_then(|target| target.strip_prefix(TARGET_PREFIX)?.strip_prefix('.'))
            .and_then(Operation::from_name);
        operation.map_or_else(|| Self::Answered(Answer::unknown_operation()), Self::Operation)
    }
}

/// A header that is there once. Of two, a proxy in front of the server may have looked at the other one.
fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    value.to_str().ok()
}

fn speaks_aws_json(headers: &HeaderMap) -> bool {
    only(headers, header::CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-amz-json-1.1"))
}
