//! Answers: the status, the headers and the body of awsJson1.1.

use std::borrow::Cow;

use cognate_operations::Reply;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

/// The content type of every answer of the API.
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const ERROR_MESSAGE: HeaderName = HeaderName::from_static("x-amzn-errormessage");

/// An answer, whatever carries it.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers, without `Date` and `Content-Length`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A success of an operation.
    pub fn success(reply: Reply) -> Self {
        let body = match reply {
            Reply::Empty => Vec::new(),
            Reply::Json(body) => body,
        };
        Self::with(StatusCode::OK, JSON, body)
    }

    /// A modelled exception: `__type` is the bare name, `message` in lower case.
    pub fn exception(name: &str, status: u16, message: &str) -> Self {
        let body = json!({ "__type": name, "message": message }).to_string();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self::with(status, JSON, body.into_bytes()).error_headers(name, message)
    }

    /// A body that cannot be read. The member `Message` is capitalised, and absent when there is nothing to say.
    pub fn serialization(message: Option<&str>) -> Self {
        let name = "SerializationException";
        let body = match message {
            Some(message) => json!({ "__type": name, "Message": message }),
            None => json!({ "__type": name }),
        };
        let answer = Self::with(StatusCode::BAD_REQUEST, JSON, body.to_string().into_bytes());
        answer.error_headers(name, message.unwrap_or_default())
    }

    /// An operation that does not exist.
    pub fn unknown_operation() -> Self {
        let name = "UnknownOperationException";
        let body = json!({ "__type": name }).to_string();
        Self::with(StatusCode::BAD_REQUEST, JSON, body.into_bytes()).error_headers(name, "")
    }

    /// A request whose content type is not that of the protocol.
    pub fn wrong_content_type() -> Self {
        let xml = HeaderValue::from_static("application/xml");
        Self::with(StatusCode::NOT_FOUND, xml, b"<UnknownOperationException/>".to_vec())
    }

    /// A path or method that the API does not have, as recorded from the live service.
    pub fn bad_request() -> Self {
        let body = br#"{"code":"BadRequest","message":"The server did not understand the operation that was requested.","type":"client"}"#;
        Self::with(StatusCode::BAD_REQUEST, HeaderValue::from_static("application/json"), body.to_vec())
    }

    /// A body over the limit.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("The request is larger than {limit} bytes.");
        Self::exception("RequestEntityTooLargeException", 413, &message)
    }

    /// A JSON document for browsers and libraries.
    pub fn document(body: &serde_json::Value) -> Self {
        Self::with(StatusCode::OK, HeaderValue::from_static("application/json"), body.to_string().into_bytes())
    }

    /// A page for people.
    pub fn html(status: StatusCode, body: String) -> Self {
        let mut answer = Self::with(status, HeaderValue::from_static("text/html; charset=utf-8"), body.into_bytes());
        let headers = [
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        for (name, value) in headers {
            answer.headers.insert(name, HeaderValue::from_static(value));
        }
        answer
    }

    /// A short text.
    pub fn text(status: StatusCode, body: impl Into<Cow<'static, str>>) -> Self {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        Self::with(status, plain, body.into().into_owned().into_bytes())
    }

    fn with(status: StatusCode, content_type: HeaderValue, body: Vec<u8>) -> Self {
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(header::CONTENT_TYPE, content_type);
        Self { status, headers, body }
    }

    fn error_headers(mut self, name: &str, message: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(&format!("{name}:")) {
            self.headers.insert(ERROR_TYPE, value);
        }
        if !message.is_empty()
            && let Ok(value) = HeaderValue::from_str(&one_line(message))
        {
            self.headers.insert(ERROR_MESSAGE, value);
        }
        self
    }

    /// The exception that it is; none for a success, or for what is no answer of the API.
    pub fn error(&self) -> Option<&str> {
        self.headers.get(ERROR_TYPE)?.to_str().ok().map(|name| name.trim_end_matches(':'))
    }

    /// Names the request.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(id) {
            self.headers.insert(REQUEST_ID, value);
        }
        self
    }

    /// Lets a page of another origin read the answer.
    #[must_use]
    pub fn for_browsers(mut self) -> Self {
        self.headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        self.headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"),
        );
        self
    }

    /// The answer to a browser that asks before it calls.
    pub fn preflight(request: &HeaderMap) -> Self {
        let mut headers = HeaderMap::new();
        let echo = |name: HeaderName| request.get(name).cloned();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            echo(header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or(HeaderValue::from_static(ALLOWED_HEADERS)),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            echo(header::ACCESS_CONTROL_REQUEST_METHOD).unwrap_or(HeaderValue::from_static("POST")),
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("172800"));
        Self { status: StatusCode::OK, headers, body: Vec::new() }
    }
}

const ALLOWED_HEADERS: &str = "content-type,x-amz-target,x-amz-user-agent,cache-control,amz-sdk-invocation-id,amz-sdk-request,authorization,x-amz-date,x-amz-security-token";

/// A message as a header value: one line, printable ASCII.
fn one_line(message: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() { c } else { ' ' };
    let line: String = message.chars().take(1_024).map(plain).collect();
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_reads_as_recorded() {
        let answer = Answer::exception("NotAuthorizedException", 400, "Incorrect username or password.");
        assert_eq!(
            String::from_utf8(answer.body).unwrap(),
            r#"{"__type":"NotAuthorizedException","message":"Incorrect username or password."}"#
        );
        assert_eq!(answer.headers["x-amzn-errortype"], "NotAuthorizedException:");
        assert_eq!(answer.headers["x-amzn-errormessage"], "Incorrect username or password.");
    }

    #[test]
    fn a_message_never_breaks_out_of_its_header() {
        let answer = Answer::exception("InvalidParameterException", 400, "user.x: no.\r\nSet-Cookie: é\n");
        assert_eq!(answer.headers["x-amzn-errormessage"], "user.x: no.  Set-Cookie:");
    }
}
