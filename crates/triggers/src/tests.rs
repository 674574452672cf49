use std::sync::atomic::{AtomicUsize, Ordering};

use cognate_outbound::AwsCredentials;
use data_encoding::BASE64;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A server that answers the n-th request with the n-th text, the last one again and again; an empty text is silence.
struct Server {
    url: String,
    seen: Arc<std::sync::Mutex<Vec<String>>>,
    count: Arc<AtomicUsize>,
}

async fn server(answers: &'static [&'static str]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (seen, count) = (Arc::<std::sync::Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
    let (noted, counted) = (Arc::clone(&seen), Arc::clone(&count));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let answer = answers[number.min(answers.len() - 1)];
            let noted = Arc::clone(&noted);
            tokio::spawn(async move {
                let mut request = vec![0; 65_536];
                let read = stream.read(&mut request).await.unwrap();
                noted.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    Server { url, seen, count }
}

const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
const BUSY: &str = "HTTP/1.1 429 Too Many\r\nconnection: close\r\n\
    x-amzn-errortype: TooManyRequestsException:http://internal/\r\ncontent-length: 0\r\n\r\n";
const GONE: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\
    x-amzn-errortype: ResourceNotFoundException\r\ncontent-length: 0\r\n\r\n";
const DOWN: &str = "HTTP/1.1 503 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const BOOM: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\nx-amz-function-error: Unhandled\r\n\
    content-length: 46\r\n\r\n{\"errorType\":\"Error\",\"errorMessage\":\"boom   \"}";
const VETO: &str = "HTTP/1.1 403 No\r\nconnection: close\r\ncontent-length: 23\r\n\r\n{\"errorMessage\":\"boom\"} ";

fn functions(target: Target) -> Functions {
    let outbound = Arc::new(Outbound::new([], None));
    Functions::new(outbound, BTreeMap::from([(ARN.to_owned(), target)]), None).within(Duration::from_millis(200))
}

fn lambda(url: &str) -> Target {
    let credentials = AwsCredentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: zeroize::Zeroizing::new("secret".to_owned()),
        session_token: None,
    };
    Target::Lambda(Lambda { endpoint: url.parse().unwrap(), name: None, credentials: Some(credentials) })
}

fn webhook(url: &str) -> Target {
    Target::Webhook(Webhook::parse(url, SECRET).unwrap())
}

async fn invoke(functions: &Functions) -> Result<Bytes, InvokeError> {
    let body = Bytes::from_static(b"{\"a\":1}");
    functions.invoke(Event { function: ARN, id: "msg_1", body: &body, now: 1_700_000_000 }).await
}

fn not_invoked(name: &str) -> InvokeError {
    InvokeError::NotInvoked(name.to_owned())
}

#[tokio::test]
async fn lambda_is_invoked_by_its_api() {
    let server = server(&[OK]).await;
    assert_eq!(invoke(&functions(lambda(&server.url))).await.unwrap(), "{}");
    let seen = server.seen.lock().unwrap().join("");
    let path =
        "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af/invocations HTTP/1.1";
    assert!(seen.starts_with(path), "{seen}");
    assert!(seen.contains("x-amz-invocation-type: RequestResponse"), "{seen}");
    assert!(seen.contains("/20231114/eu-west-1/lambda/aws4_request, SignedHeaders=content-type;host;"), "{seen}");
    assert!(seen.ends_with("{\"a\":1}"), "{seen}");
}

#[tokio::test]
async fn a_runner_knows_its_one_function_by_its_own_name() {
    let server = server(&[OK]).await;
    let name = Some("function".to_owned());
    let target = Target::Lambda(Lambda { endpoint: server.url.parse().unwrap(), name, credentials: None });
    invoke(&functions(target)).await.unwrap();
    let seen = server.seen.lock().unwrap().join("");
    assert!(seen.starts_with("POST /2015-03-31/functions/function/invocations HTTP/1.1"), "{seen}");
    assert!(!seen.contains("authorization:"), "{seen}");
}

#[tokio::test]
async fn a_webhook_is_signed_as_the_standard_says() {
    let server = server(&[OK]).await;
    invoke(&functions(webhook(&format!("{}/hook", server.url)))).await.unwrap();
    let seen = server.seen.lock().unwrap().join("");
    let header = |name: &str| {
        let line = seen.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {seen}")).to_owned()
    };
    assert!(seen.starts_with("POST /hook HTTP/1.1"), "{seen}");
    assert_eq!((header("webhook-id"), header("webhook-timestamp")), ("msg_1".to_owned(), "1700000000".to_owned()));
    let key = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let mac = cognate_crypto::digest::hmac_sha256(&key, b"msg_1.1700000000.{\"a\":1}");
    assert_eq!(header("webhook-signature"), format!("v1,{}", BASE64.encode(&mac)));
}

#[test]
fn a_signature_is_that_of_the_standards_example() {
    // "Standard Webhooks", the vector of its libraries.
    let secret = Secret::parse(SECRET).unwrap();
    let target = Webhook { url: "https://example.com".parse().unwrap(), secret };
    let body = Bytes::from_static(br#"{"test": 2432232314}"#);
    let event = Event { function: ARN, id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: &body, now: 1_614_265_330 };
    let call = target.call(event, LIMIT).unwrap();
    let signature = call.headers.iter().find(|(name, _)| name == "webhook-signature").unwrap().1.to_str().unwrap();
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[tokio::test]
async fn what_was_not_run_is_tried_three_times() {
    for (answers, expected, times) in [
        (&[BUSY, BUSY, OK][..], Ok("{}"), 3),
        (&[DOWN, OK][..], Ok("{}"), 2),
        (&[BUSY][..], Err(not_invoked("TooManyRequestsException")), 3),
        (&[DOWN][..], Err(not_invoked("HTTP 503")), 3),
        (&["", "", OK][..], Ok("{}"), 3),
        (&[""][..], Err(not_invoked("SocketTimeoutException")), 3),
        (&[GONE][..], Err(not_invoked("ResourceNotFoundException")), 1),
        (&[BOOM][..], Err(InvokeError::Function("boom   ".to_owned())), 1),
    ] {
        let server = server(answers).await;
        let outcome = invoke(&functions(lambda(&server.url))).await;
        assert_eq!(outcome, expected.map(Bytes::from), "{answers:?}");
        assert_eq!(server.count.load(Ordering::SeqCst), times, "{answers:?}");
    }
}

#[tokio::test]
async fn a_webhook_vetoes_with_its_reason() {
    let server = server(&[VETO]).await;
    assert_eq!(invoke(&functions(webhook(&server.url))).await, Err(InvokeError::Function("boom".to_owned())));
    assert_eq!(server.count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nobody_listens_and_nowhere_to_go() {
    assert_eq!(invoke(&functions(lambda("http://127.0.0.1:1"))).await, Err(not_invoked("ConnectException")));
    let nowhere = Functions::new(Arc::new(Outbound::new([], None)), BTreeMap::new(), None);
    assert_eq!(invoke(&nowhere).await, Err(not_invoked("ResourceNotFoundException")));
    assert!(!nowhere.knows(ARN));
    assert_eq!(invoke(&functions(webhook("http://example.com"))).await, Err(not_invoked("AccessDeniedException")));
}

#[test]
fn secrets_are_long_enough_and_stay_secret() {
    assert!(Secret::parse("whsec_c2hvcnQ=").is_err() && Secret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_err());
    let long = format!("whsec_{}", BASE64.encode(&[7; 65]));
    assert!(Secret::parse(&long).is_err());
    assert!(!format!("{:?}", webhook("https://example.com")).contains("MfKQ"));
}
