//! A plain HTTPS webhook, signed with a shared secret as Standard Webhooks 1.0.0 says (standardwebhooks.com), so that its
//! libraries verify what we send.

use std::time::Duration;

use bytes::Bytes;
use cognate_crypto::digest::hmac_sha256;
use cognate_outbound::{Answer, Call, UrlError, parse_url};
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, Uri};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{Again, Event, InvokeError, failure_of, post};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A webhook.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where it is.
    pub url: Uri,
    /// What its calls are signed with.
    pub secret: Secret,
}

/// A shared secret: `whsec_` and base64 of 24 to 64 bytes.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a webhook's secret is whsec_ followed by base64 of 24 to 64 bytes")]
pub struct SecretError;

/// Why there is no webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WebhookError {
    /// The URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl Secret {
    /// Reads a secret.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix("whsec_").ok_or(SecretError)?;
        let bytes = Zeroizing::new(BASE64.decode(encoded.as_bytes()).map_err(|_| SecretError)?);
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(SecretError) }
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut content = format!("{id}.{timestamp}.").into_bytes();
        content.extend_from_slice(body);
        format!("v1,{}", BASE64.encode(&hmac_sha256(&self.0, &content)))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Webhook {
    /// A webhook at this URL, with this secret.
    pub fn parse(url: &str, secret: &str) -> Result<Self, WebhookError> {
        Ok(Self { url: parse_url(url)?, secret: Secret::parse(secret)? })
    }

    pub(crate) fn call(&self, event: Event<'_>, within: Duration) -> Option<Call> {
        let mut call = post(self.url.clone(), event.body, within);
        let signature = self.secret.sign(event.id, event.now, event.body);
        call.headers.push((ID, HeaderValue::from_str(event.id).ok()?));
        call.headers.push((TIMESTAMP, HeaderValue::from(event.now)));
        call.headers.push((SIGNATURE, HeaderValue::from_str(&signature).ok()?));
        Some(call)
    }
}

pub(crate) fn read(answer: Answer) -> Result<Bytes, Again> {
    match (answer.status, failure_of(&answer)) {
        // A webhook vetoes with `{"errorMessage": "…"}`, whatever its status.
        (200..500, Some(said)) if answer.status != 429 => Err(Again::No(InvokeError::Function(said))),
        (200..300, None) => Ok(answer.body),
        (status, _) => Err(Again::by_status(status, format!("HTTP {status}"))),
    }
}
