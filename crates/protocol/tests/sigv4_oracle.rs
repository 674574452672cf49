//! The `aws-sigv4` crate, with which the official SDK for Rust signs, as the judge of who is let in.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that trips here fails")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use cognate_crypto::seal::MasterKey;
use cognate_operations::{Services, Settings};
use cognate_protocol::{AccessKeys, AuthenticationError, Incoming, authenticate};
use cognate_store::Store;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use tempfile::TempDir;

const ROOT: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const HOST: &str = "127.0.0.1:9229";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

/// A request as it goes over the wire; the headers include what the signer added.
#[derive(Clone, Debug)]
struct Request {
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Any request of the API: bodies of any bytes, queries in any spelling, further headers repeated and full of spaces.
fn any_request() -> impl Strategy<Value = Request> {
    let path = prop_oneof![4 => Just("/".to_owned()), 1 => "(/(\\.\\.?|[a-zA-Z0-9._~-]{0,6}|%[0-9A-F]{2})){1,4}"];
    let query = "([a-zA-Z0-9._~/?:@!$'()*+,;-]{0,5}(%(2[0-9A-F]|C3%A9))?=?[a-zA-Z0-9/=+-]{0,4}&?){0,4}";
    let values = vec(" {0,2}[!-~]{0,4} {0,3}[!-~]{0,5} {0,2}", 1..3);
    let further = btree_map("x-[a-z0-9-]{1,8}[a-z]", values, 0..4);
    let target = select(vec!["AdminGetUser", "ListUsers", "AdminCreateUser"]);
    (path, query, further, target, vec(any::<u8>(), 0..200)).prop_map(|(path, query, further, target, body)| {
        let known = [
            ("host".to_owned(), HOST.to_owned()),
            ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target".to_owned(), format!("AWSCognitoIdentityProviderService.{target}")),
        ];
        let further =
            further.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
        Request { path, query, headers: known.into_iter().chain(further).collect(), body }
    })
}

/// The request with the headers that an SDK adds.
fn signed(mut request: Request, secret: &str, checksum: PayloadChecksumKind) -> Request {
    let identity = Credentials::new(ROOT, secret, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = checksum;
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("cognito-idp")
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let uri = format!("http://{HOST}{}?{}", request.path, request.query);
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new("POST", uri, headers, SignableBody::Bytes(&request.body)).unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    let (added, _) = instructions.into_parts();
    request.headers.extend(added.iter().map(|header| (header.name().to_owned(), header.value().to_owned())));
    request
}

fn as_an_sdk_signs(request: Request) -> Request {
    signed(request, SECRET, PayloadChecksumKind::NoHeader)
}

/// The server's side.
struct House {
    services: Services,
    keys: AccessKeys,
    _folder: TempDir,
}

impl House {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let services = Services::new(store, Settings::default(), MasterKey::from_bytes(&[7; 32]));
        let keys = AccessKeys::new(&services, ROOT, SECRET);
        Self { services, keys, _folder: folder }
    }

    /// The principal's ARN, or the exception and message of the refusal.
    fn asks(&self, request: &Request) -> Result<String, (&'static str, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let incoming = Incoming {
            method: &Method::POST,
            path: &request.path,
            query: &request.query,
            headers: &headers,
            body: &request.body,
        };
        match ready(authenticate(&self.services, &self.keys, &incoming)) {
            Ok(principal) => Ok(principal.arn.clone()),
            Err(AuthenticationError::Refused(name, message)) => Err((name, message)),
            Err(AuthenticationError::Internal(error)) => panic!("{error}"),
        }
    }
}

/// The outcome of a future that waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn check<C: std::fmt::Debug>(cases: &impl Strategy<Value = C>, case: impl Fn(&House, C) -> TestCaseResult) {
    let house = House::open();
    let config = Config { failure_persistence: None, ..Config::with_cases(192) };
    TestRunner::new(config).run(cases, |input| case(&house, input)).unwrap_or_else(|failure| panic!("{failure}"));
}

fn value_of<'a>(request: &'a mut Request, name: &str) -> &'a mut String {
    &mut request.headers.iter_mut().find(|(have, _)| have == name).expect("the header is there").1
}

/// The text with one character replaced by another printable one.
fn with_other_character(text: &str, at: Index, by: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = at.index(bytes.len());
    bytes[at] = if bytes[at] == by { b'~' ^ u8::from(by == b'~') } else { by };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn what_an_sdk_signed_is_let_in() {
    check(&any_request(), |house, request| {
        let answer = house.asks(&as_an_sdk_signs(request));
        prop_assert_eq!(answer, Ok("arn:aws:iam::123456789012:root".to_owned()));
        Ok(())
    });
}

#[test]
fn a_stated_body_hash_is_let_in_when_it_is_right() {
    check(&any_request(), |house, request| {
        let mut request = signed(request, SECRET, PayloadChecksumKind::XAmzSha256);
        prop_assert!(house.asks(&request).is_ok());
        value_of(&mut request, "x-amz-content-sha256").replace_range(..1, "z");
        prop_assert_eq!(house.asks(&request), Err(("InvalidSignatureException", MISMATCH.to_owned())));
        Ok(())
    });
}

#[test]
fn a_body_with_one_byte_changed_is_refused() {
    let cases = (any_request(), any::<Index>(), 1..=255_u8);
    check(&cases, |house, (request, at, change)| {
        let mut request = as_an_sdk_signs(request);
        if request.body.is_empty() {
            request.body.push(change);
        } else {
            let at = at.index(request.body.len());
            request.body[at] ^= change;
        }
        prop_assert_eq!(house.asks(&request), Err(("InvalidSignatureException", MISMATCH.to_owned())));
        Ok(())
    });
}

#[test]
fn a_body_with_a_byte_more_or_less_is_refused() {
    check(&any_request(), |house, request| {
        let request = as_an_sdk_signs(request);
        let longer = Request { body: [&request.body[..], b" "].concat(), ..request.clone() };
        prop_assert!(house.asks(&longer).is_err());
        if let Some((_, shorter)) = request.body.split_last() {
            let shorter = Request { body: shorter.to_vec(), ..request.clone() };
            prop_assert!(house.asks(&shorter).is_err());
        }
        Ok(())
    });
}

#[test]
fn a_signed_header_with_one_character_changed_is_refused() {
    let cases = (any_request(), any::<Index>(), any::<Index>(), b'!'..=b'~');
    check(&cases, |house, (request, which, at, by)| {
        let mut request = as_an_sdk_signs(request);
        let is_signed = |(name, value): &(String, String)| name != "authorization" && !value.is_empty();
        let signed: Vec<usize> = (0..request.headers.len()).filter(|n| is_signed(&request.headers[*n])).collect();
        let header = &mut request.headers[*which.get(&signed)].1;
        *header = with_other_character(header, at, by);
        prop_assert!(house.asks(&request).is_err(), "{request:?}");
        Ok(())
    });
}

#[test]
fn a_signed_header_given_twice_is_refused() {
    check(&(any_request(), any::<Index>()), |house, (request, which)| {
        let mut request = as_an_sdk_signs(request);
        let again = which.get(&request.headers).clone();
        request.headers.push(again);
        prop_assert!(house.asks(&request).is_err(), "{request:?}");
        Ok(())
    });
}

#[test]
fn a_signed_header_that_is_missing_is_refused() {
    check(&(any_request(), any::<Index>()), |house, (request, which)| {
        let mut request = as_an_sdk_signs(request);
        let gone = which.index(request.headers.len());
        // Without its last value a header counts as empty, which is what an empty one counts as anyway.
        prop_assume!(!request.headers[gone].1.trim().is_empty());
        request.headers.remove(gone);
        prop_assert!(house.asks(&request).is_err(), "{request:?}");
        Ok(())
    });
}

#[test]
fn a_signature_with_one_character_changed_is_refused() {
    let cases = (any_request(), 0..64_usize, b' '..=b'~');
    check(&cases, |house, (request, from_end, by)| {
        let mut request = as_an_sdk_signs(request);
        let header = value_of(&mut request, "authorization");
        let at = header.len() - 1 - from_end;
        prop_assume!(header.as_bytes()[at] != by);
        header.replace_range(at..=at, &char::from(by).to_string());
        let (exception, _) = house.asks(&request).expect_err("the signature is another");
        prop_assert!(["InvalidSignatureException", "IncompleteSignatureException"].contains(&exception));
        Ok(())
    });
}

#[test]
fn another_path_or_query_is_refused() {
    check(&any_request(), |house, request| {
        let request = as_an_sdk_signs(request);
        let path = Request { path: format!("{}x", request.path), ..request.clone() };
        let query = Request { query: format!("{}&zz=1", request.query), ..request.clone() };
        for changed in [path, query] {
            prop_assert_eq!(house.asks(&changed), Err(("InvalidSignatureException", MISMATCH.to_owned())));
        }
        Ok(())
    });
}

#[test]
fn another_secret_is_refused() {
    check(&(any_request(), "[!-~]{1,50}"), |house, (request, secret)| {
        prop_assume!(secret != SECRET);
        let request = signed(request, &secret, PayloadChecksumKind::NoHeader);
        prop_assert_eq!(house.asks(&request), Err(("InvalidSignatureException", MISMATCH.to_owned())));
        Ok(())
    });
}
