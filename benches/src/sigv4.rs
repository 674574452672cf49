//! Requests as an AWS SDK sends them, signed by the bench so that the server's CPU time holds only its own part.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use cognate_crypto::digest::sha256_hex;
use cognate_crypto::sigv4::{self, Credential};
use data_encoding::HEXLOWER;

use crate::connection::Call;
use crate::process::Mode;

/// The access key with which `serve` is started.
pub const ROOT_ID: &str = "AKIACOGNATEBENCHROOT";
/// Its secret.
pub const ROOT_SECRET: &str = "bench/wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";

const REGION: &str = "us-east-1";
const SERVICE: &str = "cognito-idp";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const SIGNED: [&str; 4] = ["content-type", "host", "x-amz-date", "x-amz-target"];

/// A signing key is good for a day.
type DayKey = (String, [u8; 32]);

/// Writes requests for one server.
pub struct Writer {
    host: String,
    signs: bool,
    day_key: Mutex<Option<DayKey>>,
}

impl Writer {
    /// A writer; only `serve` looks at signatures, so only for it they are made anew for each request.
    pub fn new(host: String, mode: Mode) -> Self {
        Self { host, signs: mode == Mode::Serve, day_key: Mutex::default() }
    }

    /// The bytes of a request.
    pub fn write(&self, call: &Call) -> Vec<u8> {
        let target = format!("AWSCognitoIdentityProviderService.{}", call.operation);
        let date = sigv4::format_amz_date(now());
        let signature = if self.signs { self.signature(call, &target, &date) } else { "0".repeat(64) };
        let (day, host, length) = (&date[..8], &self.host, call.body.len());
        let signed = SIGNED.join(";");
        format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: {CONTENT_TYPE}\r\nx-amz-target: {target}\r\n\
             x-amz-date: {date}\r\nuser-agent: cognate-benches/0.1\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={ROOT_ID}/{day}/{REGION}/{SERVICE}/aws4_request, \
             SignedHeaders={signed}, Signature={signature}\r\ncontent-length: {length}\r\n\r\n{}",
            call.body
        )
        .into_bytes()
    }

    fn signature(&self, call: &Call, target: &str, date: &str) -> String {
        let values = |name: &str| {
            [match name {
                "content-type" => CONTENT_TYPE,
                "host" => self.host.as_str(),
                "x-amz-date" => date,
                _ => target,
            }]
        };
        let signed = SIGNED.map(String::from);
        let hash = sha256_hex(call.body.as_bytes());
        let canonical = sigv4::canonical_request("POST", "/", "", values, &signed, &hash);
        let credential = Credential {
            access_key_id: ROOT_ID.to_owned(),
            date: date[..8].to_owned(),
            region: REGION.to_owned(),
            service: SERVICE.to_owned(),
        };
        let text = sigv4::string_to_sign(date, &credential, &canonical);
        HEXLOWER.encode(&sigv4::signature(&self.key_of(&credential.date), &text))
    }

    fn key_of(&self, day: &str) -> [u8; 32] {
        let mut kept = self.day_key.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((known, key)) if known == day => *key,
            _ => {
                let key = *sigv4::signing_key(ROOT_SECRET, day, REGION, SERVICE);
                *kept = Some((day.to_owned(), key));
                key
            }
        }
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
