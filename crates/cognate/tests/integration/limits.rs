//! Bounds on everything that a client decides, and bodies made to break a reader.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cognate::Limits;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::http::{Connection, headers};
use crate::served::{Served, Signer, assert_refused, unsigned};

fn small_bodies() -> Limits {
    Limits { body_bytes: 1_024, ..Limits::default() }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_by_its_length() {
    let served = Served::dev_within(small_bodies()).await;
    let answer = served.send_unsigned("GetUser", &[b' '; 1_025]).await;
    let told = ("RequestEntityTooLargeException".to_owned(), "The request is larger than 1024 bytes.".to_owned());
    assert_eq!((answer.status, answer.exception()), (413, told));
    let metrics = served.connect().await.send("GET /metrics", &headers(&[("host", "localhost")]), b"").await.unwrap();
    let metrics = String::from_utf8(metrics.body).unwrap();
    assert!(metrics.contains("cognate_requests_turned_away_total 1\n"), "{metrics}");
}

#[tokio::test]
async fn a_body_that_grows_over_the_limit_is_refused() {
    let served = Served::dev_within(small_bodies()).await;
    let mut connection = served.connect().await;
    connection.send_raw(b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
    for _ in 0..3 {
        connection.send_raw(&[b"200\r\n", &[b' '; 0x200][..], b"\r\n"].concat()).await.unwrap();
    }
    let answer = connection.read().await.unwrap();
    assert_eq!((answer.status, &*answer.exception().0), (413, "RequestEntityTooLargeException"));
}

#[tokio::test]
async fn a_body_within_the_limit_is_read() {
    let served = Served::dev_within(small_bodies()).await;
    let mut body = br#"{"AccessToken": "abc"}"#.to_vec();
    body.resize(1_024, b' ');
    let (exception, _) = served.send_unsigned("GetUser", &body).await.exception();
    assert_eq!(exception, "NotAuthorizedException");
}

#[tokio::test]
async fn what_is_no_json_object_is_refused_and_the_connection_goes_on() {
    let served = Served::serve().await;
    let mut connection = served.connect().await;
    for body in
        ["", "{", "{\"AccessToken\": \"abc", "{\"AccessToken\"}", "null", "\"text\"", "{} {}", "\u{0}", "{\u{1f}}"]
    {
        let answer = connection.send("POST /", &unsigned("GetUser"), body.as_bytes()).await.unwrap();
        let told = ("SerializationException".to_owned(), String::new());
        assert_eq!((answer.status, answer.exception()), (400, told), "{body:?}");
        assert_eq!(answer.header("x-amzn-errortype"), Some("SerializationException:"));
    }
    let answer =
        connection.send("POST /", &unsigned("GetUser"), &[b'{', b'"', 0xFF, b'"', b':', b'1', b'}']).await.unwrap();
    assert_eq!(answer.exception().0, "SerializationException", "a name that is not UTF-8");
}

#[tokio::test]
async fn a_body_that_is_three_thousand_deep_is_refused() {
    let served = Served::serve().await;
    let ask = async |operation: &str, body: String| {
        let request = Signer::root().sign_headers(unsigned(operation), body.into_bytes());
        served.send(&request).await.exception()
    };
    let lists = format!("{}{}", "[".repeat(3_000), "]".repeat(3_000));
    let maps = format!("{}1{}", "{\"a\":".repeat(3_000), "}".repeat(3_000));
    let told = ("SerializationException".to_owned(), "Start of list found where not expected".to_owned());
    assert_eq!(ask("AdminCreateUser", lists.clone()).await, told);
    assert_eq!(ask("AdminCreateUser", format!("{{\"UserAttributes\": {lists}}}")).await, told);
    // A member that the operation does not have is skipped, however deep.
    for body in [maps.clone(), format!("{{\"Nope\": {lists}}}")] {
        let (exception, message) = ask("AdminCreateUser", body).await;
        assert_eq!(exception, "InvalidParameterException");
        assert!(message.starts_with("2 validation errors detected: "), "{message}");
    }
    // A member that may hold any JSON.
    let settings = format!("{{\"UserPoolId\": \"us-east-1_A\", \"ClientId\": \"abc\", \"Settings\": {maps}}}");
    assert_eq!(ask("CreateManagedLoginBranding", settings).await.0, "SerializationException");
    let request = Signer::root().sign("ListUserPools", &json!({"MaxResults": 10}));
    assert_eq!(served.send(&request).await.status, 200, "the server goes on");
}

#[tokio::test]
async fn headers_that_come_too_slowly_are_cut() {
    let served = Served::dev_within(Limits { header_seconds: 1, ..Limits::default() }).await;
    let mut connection = served.connect().await;
    let begun = Instant::now();
    connection.send_raw(b"POST / HTTP/1.1\r\nhost: loc").await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(10), connection.read_to_end()).await;
    // Closed without an answer, or reset: either way nobody waits any more.
    assert!(end.expect("the connection is cut").unwrap_or_default().is_empty());
    assert!(begun.elapsed() >= Duration::from_millis(900), "cut after {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_cut() {
    let served = Served::dev_within(Limits { body_seconds: 1, ..Limits::default() }).await;
    let mut connection = served.connect().await;
    connection.send_raw(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(10), connection.read()).await.unwrap().unwrap();
    assert_eq!((answer.status, &*answer.exception().0), (408, "RequestTimeoutException"));
}

#[tokio::test]
async fn requests_over_the_limit_are_told_to_come_back() {
    let served = Served::dev_within(Limits { requests: 0, ..Limits::default() }).await;
    let answer = served.send_unsigned("GetUser", b"{}").await;
    assert_refused(&answer, "TooManyRequestsException", "Too many requests");
    // What asks whether the program lives is not told that it is busy.
    let local = headers(&[("host", "localhost")]);
    let asked =
        ["GET /health", "GET /ready"].map(async |line| served.connect().await.send(line, &local, b"").await.unwrap());
    let [health, ready] = asked;
    assert_eq!((health.await.status, ready.await.status), (200, 400));
}

/// A connection on which the server waits for the last byte of a body.
async fn half_sent(served: &Served) -> Connection {
    let mut connection = served.connect().await;
    let head = b"POST / HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    connection.send_raw(head).await.unwrap();
    assert_eq!(connection.read().await.unwrap().status, 100, "the server asks for the body");
    connection.send_raw(b"{").await.unwrap();
    connection
}

#[tokio::test]
async fn a_slow_body_takes_nobody_elses_place() {
    let served = Served::dev_within(Limits { requests: 1, ..Limits::default() }).await;
    let mut slow = half_sent(&served).await;
    for _ in 0..10 {
        assert_eq!(served.send_unsigned("GetUser", b"{}").await.exception().0, "InvalidParameterException");
    }
    slow.send_raw(b"}").await.unwrap();
    assert_eq!(slow.read().await.unwrap().status, 404, "the slow one is answered in the end");
}

#[tokio::test]
async fn answers_that_nobody_reads_do_not_keep_a_connection() {
    let limits = Limits { connections: 1, answer_seconds: 1, ..Limits::default() };
    let served = Served::dev_within(limits).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut deaf = socket.connect(served.server.address()).await.unwrap();
    let requests = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);
    // Until the server takes no more, because its answers lie unread.
    while let Ok(Ok(())) = tokio::time::timeout(Duration::from_millis(300), deaf.write_all(&requests)).await {}
    let next = tokio::time::timeout(Duration::from_secs(20), served.send_unsigned("GetUser", b"{}")).await;
    assert_eq!(next.expect("the place is free again").status, 400);
}

#[tokio::test]
async fn a_full_house_stops_too() {
    let served = Served::dev_within(Limits { connections: 1, ..Limits::default() }).await;
    let address = served.server.address();
    let mut connection = half_sent(&served).await;
    let Served { server, pools, .. } = served;
    let stopping = tokio::spawn(server.stop());
    let refuses = async { while Connection::open(address).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(5), refuses).await.expect("it listens no more");
    connection.send_raw(b"}").await.unwrap();
    assert_eq!(connection.read().await.unwrap().status, 404);
    stopping.await.unwrap();
    drop(pools);
}

#[tokio::test]
async fn what_is_turned_away_at_the_door_can_be_read_by_sdks_and_pages() {
    let from_a_page = |operation| [unsigned(operation), headers(&[("origin", "https://app.example.com")])].concat();
    let crowded = Served::dev_within(Limits { requests: 0, ..Limits::default() }).await;
    let narrow = Served::dev_within(small_bodies()).await;
    for (served, body) in [(&crowded, 2), (&narrow, 1_025)] {
        let body = vec![b' '; body];
        let answer = served.connect().await.send("POST /", &from_a_page("GetUser"), &body).await.unwrap();
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{}", answer.status);
        assert_eq!(answer.header("x-amzn-requestid").map(str::len), Some(36), "{}", answer.status);
    }
}

#[tokio::test]
async fn a_header_block_without_end_is_refused() {
    let served = Served::dev().await;
    let mut connection = served.connect().await;
    let endless = headers(&[("host", "localhost"), ("x-endless", &"a".repeat(100_000))]);
    let status = connection.send("POST /", &endless, b"").await.map(|answer| answer.status);
    assert!(matches!(status, Ok(431) | Err(_)), "{status:?}");
    assert_eq!(served.send_unsigned("GetUser", b"{}").await.status, 400, "the server goes on");
}

#[tokio::test]
async fn a_stopping_server_finishes_what_it_began() {
    let served = Served::dev().await;
    let address = served.server.address();
    let mut connection = half_sent(&served).await;
    let Served { server, pools, .. } = served;
    let stopping = tokio::spawn(server.stop());
    while Connection::open(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    connection.send_raw(b"}").await.unwrap();
    assert_eq!(connection.read().await.unwrap().status, 404);
    stopping.await.unwrap();
    drop(pools);
}

/// Hardly any requests: after the burst the next comes in a second.
fn of_address(burst: u32) -> Limits {
    Limits { address_per_second: 1, address_burst: burst, ..Limits::default() }
}

fn of_user(burst: u32) -> Limits {
    Limits { user_per_second: 1, user_burst: burst, ..Limits::default() }
}

const TOO_MANY: &str = "TooManyRequestsException";
const INVALID: &str = "InvalidParameterException";

/// The exceptions of a scenario with fresh buckets, before the first of them gets another token.
async fn at_one_go(scenario: impl AsyncFn() -> Vec<String>) -> Vec<String> {
    for _ in 0..20 {
        let begun = Instant::now();
        let seen = scenario().await;
        if begun.elapsed() < Duration::from_millis(900) {
            return seen;
        }
    }
    panic!("this machine is too slow to ask often");
}

async fn told(served: &Served, operation: &str, from: Option<&str>, body: &serde_json::Value) -> String {
    let mut headers = unsigned(operation);
    headers.extend(from.map(|from| ("x-forwarded-for".to_owned(), from.to_owned())));
    let mut connection = served.connect().await;
    connection.send("POST /", &headers, body.to_string().as_bytes()).await.unwrap().exception().0
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_to_come_back() {
    let seen = at_one_go(async || {
        let served = Served::dev_within(of_address(2)).await;
        let mut seen = Vec::new();
        for operation in ["GetUser", "InitiateAuth", "GetUser", "RespondToAuthChallenge", "SignUp", "RevokeToken"] {
            seen.push(told(&served, operation, None, &json!({})).await);
        }
        seen
    });
    assert_eq!(seen.await, [INVALID, INVALID, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY]);
}

#[tokio::test]
async fn who_signs_is_not_counted() {
    let served = Served::serve_within(Limits { address_burst: 0, user_burst: 0, ..of_address(0) }).await;
    let answer = served.send_unsigned("GetUser", b"{}").await;
    assert_refused(&answer, TOO_MANY, "Too many requests");
    for _ in 0..5 {
        let request = Signer::root().sign("ListUserPools", &json!({"MaxResults": 10}));
        assert_eq!(served.send(&request).await.status, 200);
    }
}

#[tokio::test]
async fn a_user_who_is_asked_for_too_often_is_told_to_come_back_and_nobody_else() {
    let initiate = |name: &str| {
        json!({"ClientId": "nosuchclient", "AuthFlow": "USER_PASSWORD_AUTH",
               "AuthParameters": {"USERNAME": name, "PASSWORD": "x"}})
    };
    let forgot = json!({"ClientId": "nosuchclient", "Username": "maria"});
    let seen = at_one_go(async || {
        let served = Served::dev_within(of_user(2)).await;
        let mut seen = Vec::new();
        for (operation, body) in [
            ("InitiateAuth", initiate("maria")),
            ("InitiateAuth", initiate("MARIA")),
            ("InitiateAuth", initiate("maria")),
            ("ForgotPassword", forgot.clone()),
            ("InitiateAuth", initiate("john")),
        ] {
            seen.push(told(&served, operation, None, &body).await);
        }
        for _ in 0..3 {
            seen.push(told(&served, "GetUser", None, &json!({"AccessToken": "abc"})).await);
        }
        seen
    });
    let (unknown, refused) = ("ResourceNotFoundException", "NotAuthorizedException");
    assert_eq!(seen.await, [unknown, unknown, TOO_MANY, TOO_MANY, unknown, refused, refused, TOO_MANY]);
}

#[tokio::test]
async fn a_parallel_crowd_gets_no_more_than_the_burst() {
    let seen = at_one_go(async || {
        let served = Arc::new(Served::dev_within(of_address(20)).await);
        let asking: Vec<_> = (0..60)
            .map(|_| {
                let served = Arc::clone(&served);
                tokio::spawn(async move { told(&served, "GetUser", None, &json!({})).await })
            })
            .collect();
        let mut seen = Vec::new();
        for answer in asking {
            seen.push(answer.await.unwrap());
        }
        seen
    });
    assert_eq!(seen.await.iter().filter(|exception| *exception != TOO_MANY).count(), 20);
}

#[tokio::test]
async fn a_trusted_proxy_says_who_asks() {
    let seen = at_one_go(async || {
        let trusted_proxies = cognate::Proxies::parse(&["127.0.0.0/8"]).unwrap();
        let served = Served::dev_within(Limits { trusted_proxies, ..of_address(1) }).await;
        let mut seen = Vec::new();
        // In the last, what stands before the address that the proxy saw may be made up.
        for from in ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3, 192.0.2.2"] {
            seen.push(told(&served, "GetUser", Some(from), &json!({})).await);
        }
        seen
    });
    assert_eq!(seen.await, [INVALID, TOO_MANY, INVALID, TOO_MANY]);
}

#[tokio::test]
async fn nobody_else_says_who_asks() {
    let seen = at_one_go(async || {
        let served = Served::dev_within(of_address(1)).await;
        let first = told(&served, "GetUser", Some("192.0.2.1"), &json!({})).await;
        vec![first, told(&served, "GetUser", Some("192.0.2.2"), &json!({})).await]
    });
    assert_eq!(seen.await, [INVALID, TOO_MANY]);
}
