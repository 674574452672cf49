//! `GenerateDataKey` of AWS KMS, against any endpoint that speaks it: the keys under which codes go to custom senders.
//!
//! Source: "GenerateDataKey" (AWS KMS API Reference).

use std::time::Duration;

use cognate_outbound::{AwsCredentials, Outbound, Scope, sign};
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, Uri, header};
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use crate::{InvokeError, again, post};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Kms {
    /// The base URL, such as `https://kms.us-east-1.amazonaws.com`.
    pub endpoint: Uri,
    /// Who calls.
    pub credentials: AwsCredentials,
}

/// A data key.
pub struct DataKey {
    /// The key.
    pub plain: Zeroizing<[u8; 32]>,
    /// The same, encrypted.
    pub wrapped: Vec<u8>,
    /// The ARN of the key that it is encrypted under.
    pub key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Generated {
    plaintext: String,
    ciphertext_blob: String,
    key_id: String,
}

impl Kms {
    /// A new data key under this key.
    pub(crate) async fn data_key(
        &self,
        outbound: &Outbound,
        key: &str,
        now: i64,
        within: Duration,
    ) -> Result<DataKey, InvokeError> {
        let not_made = |name: &str| InvokeError::NotInvoked(name.to_owned());
        let body = serde_json::json!({ "KeyId": key, "KeySpec": "AES_256" }).to_string().into();
        let mut call = post(self.endpoint.clone(), &body, within);
        call.headers.retain(|(name, _)| name != header::CONTENT_TYPE);
        call.headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1")));
        call.headers.push((TARGET, HeaderValue::from_static("TrentService.GenerateDataKey")));
        let region = key.split(':').nth(3).filter(|region| !region.is_empty()).unwrap_or("us-east-1");
        let scope = Scope { region, service: "kms" };
        sign(&mut call, &self.credentials, scope, now).map_err(|_| not_made("InvalidSignatureException"))?;
        let answer = outbound.post(call).await.map_err(|failure| again(&failure).error())?;
        if answer.status != 200 {
            return Err(not_made(&format!("KMS answered {}", answer.status)));
        }
        let unreadable = || not_made("KMS answered what is no data key");
        let mut generated: Generated = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
        let plain = BASE64.decode(generated.plaintext.as_bytes()).map(Zeroizing::new);
        generated.plaintext.zeroize();
        let plain = plain.ok().and_then(|plain| <[u8; 32]>::try_from(plain.as_slice()).ok()).ok_or_else(unreadable)?;
        let wrapped = BASE64.decode(generated.ciphertext_blob.as_bytes()).map_err(|_| unreadable())?;
        Ok(DataKey { plain: Zeroizing::new(plain), wrapped, key: generated.key_id })
    }
}
