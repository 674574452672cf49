//! Signature Version 4, the verifying side.
//!
//! Source: "Create a signed AWS API request" (AWS General Reference). Names and texts of the failures follow the
//! common errors of AWS services.

use std::sync::Arc;

use cognate_crypto::digest::{constant_time_eq, sha256_hex};
use cognate_crypto::sigv4::{self, Authorization};
use cognate_operations::{Error, Services};
use http::{HeaderMap, header};

use crate::access_keys::{AccessKeys, Principal};
use crate::envelope::Incoming;

/// How far a request's date may lie from now, in seconds.
const SKEW: i64 = 300;
/// Headers that decide what a request does, and so must be signed.
const MUST_SIGN: [&str; 3] = ["host", "x-amz-date", "x-amz-target"];

/// A failure of authentication.
#[derive(Debug)]
pub enum AuthenticationError {
    /// The exception and message that the caller sees.
    Refused(&'static str, String),
    /// Ours.
    Internal(Error),
}

impl From<Error> for AuthenticationError {
    fn from(error: Error) -> Self {
        Self::Internal(error)
    }
}

fn refused<T>(name: &'static str, message: impl Into<String>) -> Result<T, AuthenticationError> {
    Err(AuthenticationError::Refused(name, message.into()))
}

/// The `Authorization` header, read but not verified.
pub fn read_header(headers: &HeaderMap) -> Result<Authorization, AuthenticationError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return refused("MissingAuthenticationTokenException", "Missing Authentication Token");
    };
    if values.next().is_some() {
        return refused("IncompleteSignatureException", "Authorization header is given more than once.");
    }
    let text = std::str::from_utf8(value.as_bytes()).unwrap_or_default();
    Authorization::parse(text).or_else(|error| refused("IncompleteSignatureException", error.to_string()))
}

/// Who signed a request. Everything that the signature covers has been checked when this answers.
pub async fn authenticate(
    services: &Services,
    keys: &AccessKeys,
    request: &Incoming<'_>,
) -> Result<Arc<Principal>, AuthenticationError> {
    let authorization = read_header(request.headers)?;
    let credential = &authorization.credential;
    let date = check_headers(request.headers, &authorization)?;
    if credential.service != "cognito-idp" {
        return refused("InvalidSignatureException", "Credential should be scoped to correct service: 'cognito-idp'.");
    }
    if credential.region != services.settings.region {
        return refused("InvalidSignatureException", "Credential should be scoped to a valid region.");
    }
    if request.headers.contains_key("x-amz-security-token") {
        // Cognate gives out no temporary credentials, so every session token is somebody else's.
        return refused("UnrecognizedClientException", "The security token included in the request is invalid.");
    }
    let Some(principal) = keys.find(services, &credential.access_key_id).await? else {
        return refused("UnrecognizedClientException", "The security token included in the request is invalid.");
    };
    let canonical = sigv4::canonical_request(
        request.method.as_str(),
        request.path,
        request.query,
        |name| {
            request
                .headers
                .get_all(name)
                .iter()
                .map(|value| std::str::from_utf8(value.as_bytes()).unwrap_or("\u{fffd}"))
        },
        &authorization.signed_headers,
        &sha256_hex(request.body),
    );
    let text = sigv4::string_to_sign(&date, credential, &canonical);
    let expected = sigv4::signature(&principal.signing_key(credential), &text);
    if !sigv4::verify(&expected, &authorization.signature) {
        return refused(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        );
    }
    // Only a request whose signature is right learns about the clock.
    check_skew(services.clock.wall().seconds(), &date)?;
    check_body_hash(request)?;
    Ok(principal)
}

/// The headers that must be there and signed; returns the request's date.
fn check_headers(headers: &HeaderMap, authorization: &Authorization) -> Result<String, AuthenticationError> {
    let mut dates = headers.get_all("x-amz-date").iter();
    let (Some(date), None) = (dates.next().and_then(|value| value.to_str().ok()), dates.next()) else {
        return refused(
            "IncompleteSignatureException",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        );
    };
    if sigv4::parse_amz_date(date).is_none() {
        return refused(
            "IncompleteSignatureException",
            "Date must be in ISO-8601 'basic format'. See http://en.wikipedia.org/wiki/ISO_8601",
        );
    }
    for name in MUST_SIGN {
        if !authorization.signs(name) {
            let message = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
            return refused("InvalidSignatureException", message);
        }
    }
    let day = date.get(..8).unwrap_or_default();
    if authorization.credential.date != day {
        let message = format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{date}'.",
            plain(&authorization.credential.date)
        );
        return refused("InvalidSignatureException", message);
    }
    Ok(date.to_owned())
}

fn check_skew(now: i64, date: &str) -> Result<(), AuthenticationError> {
    let Some(then) = sigv4::parse_amz_date(date) else {
        return refused("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'.");
    };
    let shown = sigv4::format_amz_date;
    if then < now - SKEW {
        let message =
            format!("Signature expired: {date} is now earlier than {} ({} - 5 min.)", shown(now - SKEW), shown(now));
        return refused("InvalidSignatureException", message);
    }
    if then > now + SKEW {
        let message = format!(
            "Signature not yet current: {date} is still later than {} ({} + 5 min.)",
            shown(now + SKEW),
            shown(now)
        );
        return refused("InvalidSignatureException", message);
    }
    Ok(())
}

/// A client that states the hash of its body must state the right one; the signature covers the real one anyway.
fn check_body_hash(request: &Incoming<'_>) -> Result<(), AuthenticationError> {
    match request.headers.get("x-amz-content-sha256") {
        Some(stated) if !constant_time_eq(stated.as_bytes(), sha256_hex(request.body).as_bytes()) => refused(
            "InvalidSignatureException",
            "The value of the 'x-amz-content-sha256' header does not match the hash of the body.",
        ),
        _ => Ok(()),
    }
}

/// What is echoed of a header: short and printable.
fn plain(text: &str) -> String {
    text.chars().take(64).filter(char::is_ascii_graphic).collect()
}
