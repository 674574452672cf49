//! Signatures for AWS endpoints: `Invoke` of Lambda, `Publish` of SNS.
//!
//! Source: the AWS page "Create a signed AWS API request"; the `aws-sigv4` crate is the oracle in the tests.

use cognate_crypto::digest::sha256_hex;
use cognate_crypto::sigv4::{self, Credential};
use data_encoding::HEXLOWER;
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use crate::Call;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Who calls.
#[derive(Clone)]
pub struct AwsCredentials {
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Zeroizing<String>,
    /// The token of temporary credentials.
    pub session_token: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsCredentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// What a signature is good for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The service, such as `lambda`.
    pub service: &'a str,
}

/// Signs a call: every header that it has, and the hash of its body. `now` is seconds since the epoch, of the real clock.
pub fn sign(call: &mut Call, credentials: &AwsCredentials, scope: Scope<'_>, now: i64) -> Result<(), Unsignable> {
    let time = sigv4::format_amz_date(now);
    let host = call.url.authority().ok_or(Unsignable)?.as_str().to_owned();
    call.headers.push((DATE, value(&time)?));
    if let Some(token) = &credentials.session_token {
        let mut token = value(token)?;
        token.set_sensitive(true);
        call.headers.push((TOKEN, token));
    }
    let mut signed: Vec<String> = call.headers.iter().map(|(name, _)| name.as_str().to_owned()).collect();
    signed.push(HOST.as_str().to_owned());
    signed.sort_unstable();
    signed.dedup();
    let headers = |name: &str| -> Vec<&str> {
        if name == HOST.as_str() {
            return vec![host.as_str()];
        }
        call.headers.iter().filter(|(known, _)| known == name).filter_map(|(_, value)| value.to_str().ok()).collect()
    };
    let credential = Credential {
        access_key_id: credentials.access_key_id.clone(),
        date: time.get(..8).unwrap_or_default().to_owned(),
        region: scope.region.to_owned(),
        service: scope.service.to_owned(),
    };
    let query = call.url.query().unwrap_or_default();
    let canonical = sigv4::canonical_request("POST", call.url.path(), query, headers, &signed, &sha256_hex(&call.body));
    let text = sigv4::string_to_sign(&time, &credential, &canonical);
    let key = sigv4::signing_key(&credentials.secret_access_key, &credential.date, scope.region, scope.service);
    let signature = HEXLOWER.encode(&sigv4::signature(&key, &text));
    let header = format!(
        "{} Credential={}/{}, SignedHeaders={}, Signature={signature}",
        sigv4::ALGORITHM,
        credential.access_key_id,
        credential.scope(),
        signed.join(";"),
    );
    call.headers.push((AUTHORIZATION, value(&header)?));
    Ok(())
}

/// A URL without a host, or a credential that no header can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call cannot be signed")]
pub struct Unsignable;

fn value(text: &str) -> Result<HeaderValue, Unsignable> {
    HeaderValue::from_str(text).map_err(|_| Unsignable)
}
