use std::time::UNIX_EPOCH;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::*;

fn call(url: &str) -> Call {
    Call {
        url: url.parse().unwrap(),
        headers: vec![(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body: Bytes::from_static(b"{}"),
        within: Duration::from_secs(5),
        most: 1_000,
    }
}

fn allowing(url: &str) -> Outbound {
    let outbound = Outbound::new([], None);
    outbound.allow(&url.parse().unwrap());
    outbound
}

/// Answers every connection with these bytes, or with silence.
async fn server(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4_096];
        let read = stream.read(&mut request).await.unwrap();
        request.truncate(read);
        stream.write_all(answer).await.unwrap();
        if answer.is_empty() {
            std::future::pending::<()>().await;
        }
        request
    });
    (url, task)
}

#[tokio::test]
async fn posts_and_reads_what_comes_back() {
    let (url, task) = server(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nx-a: b\r\n\r\nok").await;
    let answer = allowing(&url).post(call(&url)).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (201, &b"ok"[..]));
    assert_eq!(answer.headers["x-a"], "b");
    let request = String::from_utf8(task.await.unwrap()).unwrap();
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n") && request.ends_with("\r\n\r\n{}"), "{request}");
}

#[tokio::test]
async fn follows_no_redirect() {
    let (url, _task) =
        server(b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(allowing(&url).post(call(&url)).await.unwrap().status, 307);
}

#[tokio::test]
async fn tells_how_a_call_failed() {
    let (url, _task) = server(b"").await;
    let hurried = Call { within: Duration::from_millis(50), ..call(&url) };
    assert_eq!(allowing(&url).post(hurried).await.unwrap_err(), Failure::TimedOut);

    let (url, _task) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
    let small = Call { most: 4, ..call(&url) };
    assert_eq!(allowing(&url).post(small).await.unwrap_err(), Failure::TooLarge);

    let (url, _task) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello").await;
    assert!(matches!(allowing(&url).post(call(&url)).await.unwrap_err(), Failure::Broken(_)));

    let refused = allowing("http://127.0.0.1:1/").post(call("http://127.0.0.1:1/")).await.unwrap_err();
    assert!(matches!(refused, Failure::Unreachable(_)), "{refused:?}");
}

#[test]
fn only_named_hosts_are_called_and_only_this_machine_in_the_clear() {
    let outbound = Outbound::new(["inner.example.com:8080".to_owned()], None);
    for named in [
        "https://hooks.example.com/a",
        "http://Localhost:9001",
        "http://[::1]/",
        "http://inner.example.com:8080",
        "http://hooks.example.com:8080",
    ] {
        outbound.allow(&named.parse().unwrap());
    }
    let check = |url: &str| outbound.check(&url.parse().unwrap()).is_ok();
    assert!(check("https://hooks.example.com/b") && check("https://HOOKS.example.com:443/"));
    assert!(check("http://localhost:9001/") && check("http://[::1]:80/") && check("http://inner.example.com:8080/"));
    assert!(!check("http://localhost:9002/") && !check("https://hooks.example.com:8443/"), "another port");
    assert!(!check("http://hooks.example.com:8080/"), "in the clear");
    assert!(!check("https://example.com/") && !check("https://hooks.example.com.evil.test/"));
    assert!(!check("https://user@hooks.example.com/") && !check("https://hooks.example.com@evil.test/"));
    assert!(!check("ftp://hooks.example.com/") && !check("/hook"));
}

#[test]
fn authorities_that_cannot_be_read_are_told() {
    let error = client_config(Some(std::path::Path::new("/nowhere.pem"))).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere.pem: "), "{error}");
    assert!(client_config(None).is_ok());
}

#[test]
fn signs_as_the_official_sdk_does() {
    let mut signed = call("https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/a%3Ab/invocations?Qualifier=1");
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let credentials = AwsCredentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Zeroizing::new(secret.to_owned()),
        session_token: Some(Zeroizing::new("token/1=".to_owned())),
    };
    let now = 1_700_000_000;
    sign(&mut signed, &credentials, Scope { region: "eu-west-1", service: "lambda" }, now).unwrap();

    let token = Some("token/1=".to_owned());
    let identity = aws_credential_types::Credentials::new("AKIDEXAMPLE", secret, token, None, "test").into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("lambda")
        .time(UNIX_EPOCH + Duration::from_secs(now.unsigned_abs()))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let headers = [("content-type", "application/json")].into_iter();
    let body = SignableBody::Bytes(b"{}");
    let request = SignableRequest::new("POST", signed.url.to_string(), headers, body).unwrap();
    let (instructions, _) = aws_sigv4::http_request::sign(request, &parameters).unwrap().into_parts();
    let (expected, _) = instructions.into_parts();
    for header in expected {
        let ours = signed.headers.iter().find(|(name, _)| name.as_str() == header.name()).map(|(_, value)| value);
        assert_eq!(ours.and_then(|value| value.to_str().ok()), Some(header.value()), "{}", header.name());
    }
    assert!(!format!("{credentials:?}").contains("wJalr"));
}

#[test]
fn a_url_to_call_has_a_host_and_no_user() {
    for good in ["https://example.com", "http://127.0.0.1:3000/hook?x=1", "http://[::1]:1/"] {
        assert!(parse_url(good).is_ok(), "{good}");
    }
    for bad in
        ["", "example.com", "/hook", "ftp://example.com/", "https://a:b@example.com/", "https:///x", "https://a b/"]
    {
        assert_eq!(parse_url(bad), Err(UrlError), "{bad}");
    }
}
