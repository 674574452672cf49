//! AWS Signature Version 4, the verifying side, with the signature in the `Authorization` header.
//!
//! Sources: the AWS pages "Create a signed AWS API request", "Signature Version 4 signing process"
//! and the `SigV4` test suite; the `aws-sigv4` crate is the oracle in the tests. Knows no service:
//! region, service, clock skew, which headers must be signed and which keys exist are the caller's
//! rules.
//!
//! A caller checks a request in this order: [`Authorization::parse`], look up the secret,
//! [`canonical_request`] with a payload hash **computed from the body**, [`string_to_sign`],
//! [`signing_key`], [`signature`], [`verify`].

mod amz_date;
mod authorization;
mod authorization_error;
mod canonical;
#[cfg(test)]
mod oracle;

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

pub use amz_date::{format_amz_date, parse_amz_date};
pub use authorization::{Authorization, Credential};
pub use authorization_error::{AuthorizationError, MissingParts};
pub use canonical::canonical_request;

use crate::digest::{constant_time_eq, hmac_sha256, sha256_hex};

/// The one algorithm that is spoken.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The last element of every credential scope.
pub const TERMINATOR: &str = "aws4_request";

/// The text that is signed: algorithm, time, scope and the hash of the canonical request.
pub fn string_to_sign(amz_date: &str, credential: &Credential, canonical_request: &str) -> String {
    let (scope, hash) = (credential.scope(), sha256_hex(canonical_request.as_bytes()));
    format!("{ALGORITHM}\n{amz_date}\n{scope}\n{hash}")
}

/// The key for one day, region and service. It may be cached for the day; it signs for that scope
/// only.
pub fn signing_key(secret: &str, date: &str, region: &str, service: &str) -> Zeroizing<[u8; 32]> {
    let secret = Zeroizing::new(format!("AWS4{secret}"));
    let date_key = Zeroizing::new(hmac_sha256(secret.as_bytes(), date.as_bytes()));
    let region_key = Zeroizing::new(hmac_sha256(&*date_key, region.as_bytes()));
    let service_key = Zeroizing::new(hmac_sha256(&*region_key, service.as_bytes()));
    Zeroizing::new(hmac_sha256(&*service_key, TERMINATOR.as_bytes()))
}

/// The signature of a string to sign.
pub fn signature(signing_key: &[u8; 32], string_to_sign: &str) -> [u8; 32] {
    hmac_sha256(signing_key, string_to_sign.as_bytes())
}

/// Whether the signature that a request carries is the expected one, compared in constant time.
/// Lower-case hexadecimal only; any other text simply does not match, as at the live service.
pub fn verify(expected: &[u8; 32], given: &str) -> bool {
    constant_time_eq(HEXLOWER.encode(expected).as_bytes(), given.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn credential(service: &str) -> Credential {
        Credential {
            access_key_id: "AKIDEXAMPLE".into(),
            date: "20150830".into(),
            region: "us-east-1".into(),
            service: service.into(),
        }
    }

    #[test]
    fn the_signing_key_is_that_of_the_aws_documentation() {
        let key = signing_key(SECRET, "20150830", "us-east-1", "iam");
        let expected = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
        assert_eq!(HEXLOWER.encode(&*key), expected);
    }

    #[test]
    fn signs_the_list_users_example_of_the_aws_documentation() {
        let headers = |name: &str| match name {
            "content-type" => vec!["application/x-www-form-urlencoded; charset=utf-8"],
            "host" => vec!["iam.amazonaws.com"],
            "x-amz-date" => vec!["20150830T123600Z"],
            _ => vec![],
        };
        let signed = ["content-type", "host", "x-amz-date"].map(String::from);
        let query = "Action=ListUsers&Version=2010-05-08";
        let canonical = canonical_request("GET", "/", query, headers, &signed, &sha256_hex(b""));
        let hash = "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        assert_eq!(sha256_hex(canonical.as_bytes()), hash);
        let text = string_to_sign("20150830T123600Z", &credential("iam"), &canonical);
        let scope = "20150830/us-east-1/iam/aws4_request";
        assert_eq!(text, format!("AWS4-HMAC-SHA256\n20150830T123600Z\n{scope}\n{hash}"));
        let key = signing_key(SECRET, "20150830", "us-east-1", "iam");
        let expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert!(verify(&signature(&key, &text), expected));
    }

    /// Requests of the `SigV4` test suite: name, method, path, query, headers, body, signature.
    #[test]
    fn gives_the_signatures_of_the_test_suite() {
        type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);
        let date = ("x-amz-date", "20150830T123600Z");
        let host = ("host", "example.amazonaws.com");
        let form = ("content-type", "application/x-www-form-urlencoded");
        let cases: [Case<'_>; 9] = [
            (
                "get-vanilla",
                "GET",
                "/",
                "",
                &[host, date],
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "get-vanilla-query-order-key-case",
                "GET",
                "/",
                "Param2=value2&Param1=value1",
                &[host, date],
                "",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "get-unreserved",
                "GET",
                "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                "",
                &[host, date],
                "",
                "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
            ),
            (
                "get-slash-dot-slash",
                "GET",
                "/./",
                "",
                &[host, date],
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "get-relative-relative",
                "GET",
                "/example1/example2/../..",
                "",
                &[host, date],
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "get-slashes",
                "GET",
                "//example//",
                "",
                &[host, date],
                "",
                "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
            ),
            (
                "get-header-value-trim",
                "GET",
                "/",
                "",
                &[host, ("my-header1", " value1"), ("my-header2", " \"a   b   c\""), date],
                "",
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                "get-header-key-duplicate",
                "GET",
                "/",
                "",
                &[host, ("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1"), date],
                "",
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            ),
            (
                "post-x-www-form-urlencoded",
                "POST",
                "/",
                "",
                &[form, host, date],
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ];
        let key = signing_key(SECRET, "20150830", "us-east-1", "service");
        for (name, method, path, query, headers, body, expected) in cases {
            let mut signed: Vec<String> = headers.iter().map(|(name, _)| (*name).to_owned()).collect();
            signed.dedup();
            let values = |wanted: &str| {
                let wanted = wanted.to_owned();
                headers.iter().filter(move |(name, _)| *name == wanted).map(|(_, value)| *value)
            };
            let hash = sha256_hex(body.as_bytes());
            let canonical = canonical_request(method, path, query, values, &signed, &hash);
            let text = string_to_sign("20150830T123600Z", &credential("service"), &canonical);
            assert!(verify(&signature(&key, &text), expected), "{name}:\n{canonical}");
        }
    }

    #[test]
    fn a_signature_has_one_spelling() {
        let text = "ab".repeat(32);
        assert!(verify(&[0xab; 32], &text));
        assert!(!verify(&[0xab; 32], &text.to_uppercase()));
        assert!(!verify(&[0xab; 32], &text[..62]));
        assert!(!verify(&[0xab; 32], ""));
    }
}
