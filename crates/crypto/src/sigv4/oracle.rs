//! The `aws-sigv4` crate, which the official SDK for Rust signs with, as the judge of our
//! arithmetic.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{Authorization, canonical_request, format_amz_date, signature, signing_key, string_to_sign, verify};
use crate::digest::sha256_hex;

const HOST: &str = "cognito-idp.eu-west-1.amazonaws.com";

#[derive(Clone, Debug)]
struct Request {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Any request that could reach a server: encoded paths and queries, headers repeated and full of
/// spaces.
fn any_request() -> impl Strategy<Value = Request> {
    let method = prop_oneof![Just("POST"), Just("GET"), Just("PUT")];
    let path = "(/(\\.|\\.\\.|[a-zA-Z0-9._~:@!$&'()*+,;=-]{0,6}|%[0-9A-F]{2}){0,3}){1,5}";
    let query = "([a-zA-Z0-9._~/?:@!$'()*+,;-]{0,5}(%(2[0-9A-F]|C3%A9))?=?[a-zA-Z0-9/=+ -]{0,4}&?){0,4}";
    let query = query.prop_map(|query| query.replace(' ', "%20"));
    let values = vec("[ -~]{0,3} {0,3}[!-~]{0,5} {0,2}", 1..3);
    let headers = btree_map("x-[a-z0-9-]{1,8}[a-z]", values, 0..4);
    (method, path, query, headers, vec(any::<u8>(), 0..100)).prop_map(|(method, path, query, headers, body)| {
        let headers = headers.into_iter().flat_map(|(name, values)| values.into_iter().map(move |v| (name.clone(), v)));
        Request { method, path, query, headers: headers.collect(), body }
    })
}

/// Signs as an SDK does and returns the headers to send along: `authorization` and `x-amz-date`.
fn sign_with_oracle(request: &Request, secret: &str, time: i64) -> Vec<(String, String)> {
    let identity = Credentials::new("AKIDEXAMPLE", secret, None, None, "test").into();
    let time = UNIX_EPOCH + Duration::from_secs(time.try_into().unwrap());
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("cognito-idp")
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let uri = format!("https://{HOST}{}?{}", request.path, request.query);
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let body = SignableBody::Bytes(&request.body);
    let signable = SignableRequest::new(request.method, uri, headers, body).unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    let (headers, _) = instructions.into_parts();
    headers.iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect()
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    &headers.iter().find(|(have, _)| have == name).unwrap().1
}

/// The server's side: what arrived, what was signed, and the secret on file.
fn verifies(request: &Request, authorization: &Authorization, amz_date: &str, secret: &str) -> bool {
    let values = |name: &str| {
        let name = name.to_owned();
        let fixed = [("host", HOST), ("x-amz-date", amz_date)];
        let sent = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        sent.chain(fixed).filter(move |(have, _)| *have == name).map(|(_, value)| value)
    };
    let hash = sha256_hex(&request.body);
    let signed = &authorization.signed_headers;
    let canonical = canonical_request(request.method, &request.path, &request.query, values, signed, &hash);
    let credential = &authorization.credential;
    let text = string_to_sign(amz_date, credential, &canonical);
    let key = signing_key(secret, &credential.date, &credential.region, &credential.service);
    verify(&signature(&key, &text), &authorization.signature)
}

proptest! {
    #[test]
    fn accepts_what_an_sdk_signed(
        request in any_request(),
        secret in "[!-~]{1,50}",
        time in 0..4_000_000_000_i64,
    ) {
        let sent = sign_with_oracle(&request, &secret, time);
        let amz_date = format_amz_date(time);
        prop_assert_eq!(header(&sent, "x-amz-date"), &amz_date);
        let authorization = Authorization::parse(header(&sent, "authorization")).unwrap();
        prop_assert_eq!(&authorization.credential.date, &amz_date[..8]);
        prop_assert!(authorization.signs("host") && authorization.signs("x-amz-date"));
        prop_assert!(verifies(&request, &authorization, &amz_date, &secret));
    }

    #[test]
    fn refuses_the_request_once_any_part_changed(request in any_request()) {
        let (secret, time) = ("secret", 1_700_000_000);
        let sent = sign_with_oracle(&request, secret, time);
        let authorization = Authorization::parse(header(&sent, "authorization")).unwrap();
        let date = format_amz_date(time);
        prop_assert!(verifies(&request, &authorization, &date, secret));

        prop_assert!(!verifies(&request, &authorization, &date, "Secret"));
        prop_assert!(!verifies(&request, &authorization, &format_amz_date(time + 1), secret));
        for change in changed_requests(&request) {
            prop_assert!(!verifies(&change, &authorization, &date, secret), "{change:?}");
        }
        for change in changed_authorizations(&authorization) {
            prop_assert!(!verifies(&request, &change, &date, secret), "{change:?}");
        }
    }
}

/// The request with one part changed each.
fn changed_requests(request: &Request) -> Vec<Request> {
    let mut changes = vec![
        Request { method: "DELETE", ..request.clone() },
        Request { path: format!("{}x", request.path), ..request.clone() },
        Request { query: format!("{}&zz=1", request.query), ..request.clone() },
        Request { body: [&request.body[..], b" "].concat(), ..request.clone() },
    ];
    if !request.headers.is_empty() {
        let mut change = request.clone();
        change.headers[0].1.push('x');
        changes.push(change);
    }
    changes
}

/// The header with one part changed each.
fn changed_authorizations(authorization: &Authorization) -> Vec<Authorization> {
    let mut changes = vec![authorization.clone(); 6];
    changes[0].credential.date = "20231113".into();
    changes[1].credential.region = "eu-west-2".into();
    changes[2].credential.service = "cognito-sync".into();
    changes[3].signed_headers.pop();
    changes[4].signed_headers.push("x-zz".into());
    changes[5].signature = format!("{:0>64}", &authorization.signature[1..]);
    changes.retain(|change| change != authorization);
    changes
}
