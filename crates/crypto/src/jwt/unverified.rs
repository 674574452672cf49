//! Looking into a token before its signature is checked, to find out which key would check it.
//!
//! What comes out is whatever the caller wrote. Use it to choose, never to decide.

use serde::Deserialize;
use serde_json::Value;

use super::{decode, split};

/// The header members that matter. Unknown ones are ignored; a repeated one is an error.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) kid: Option<String>,
    pub(super) alg: Option<String>,
    pub(super) crit: Option<Value>,
}

/// The key id that a token claims to be signed with. **Not verified.**
pub fn peek_kid(token: &str) -> Option<String> {
    let header: Header = serde_json::from_slice(&decode(split(token).ok()?.header).ok()?).ok()?;
    header.kid
}

/// The claims that a token makes, if they are a JSON object. **Not verified.**
pub fn peek_claims(token: &str) -> Option<Value> {
    let claims: Value = serde_json::from_slice(&decode(split(token).ok()?.payload).ok()?).ok()?;
    claims.is_object().then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::MAX_TOKEN_LEN;
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.AAAA", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(payload.as_bytes()))
    }

    #[test]
    fn reads_header_and_claims_without_a_key() {
        let token = token(r#"{"kid":"one","alg":"none"}"#, r#"{"iss":"x"}"#);
        assert_eq!(peek_kid(&token).as_deref(), Some("one"));
        assert_eq!(peek_claims(&token).unwrap()["iss"], "x");
    }

    #[test]
    fn gives_nothing_for_other_shapes() {
        assert_eq!(peek_claims(&token("{}", "[1]")), None);
        assert_eq!(peek_kid(&token("{}", "{}")), None);
        assert_eq!(peek_kid(&token(r#"{"kid":"a","kid":"b"}"#, "{}")), None);
        assert_eq!(peek_claims(&token("{}", &format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_TOKEN_LEN)))), None);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,100}") {
            peek_kid(&text);
            peek_claims(&text);
        }
    }
}
