//! The envelope of awsJson1.1 on the wire: headers, empty bodies, browsers, and requests that are none.

use serde_json::json;

use crate::api::{DevClient, create_pool};
use crate::http::{Answer, headers};
use crate::served::Served;

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

async fn dev_client(served: &Served) -> DevClient {
    DevClient::connect(served.server.address()).await.unwrap()
}

#[tokio::test]
async fn a_success_carries_the_headers_of_the_protocol() {
    let served = Served::dev().await;
    let answer = dev_client(&served).await.post("ListUserPools", b"{\"MaxResults\": 10}").await.unwrap();
    assert_eq!((answer.status, answer.json()), (200, json!({"UserPools": []})));
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(answer.header("content-length"), Some("16"));
    assert!(is_uuid(answer.header("x-amzn-requestid").unwrap()));
    assert!(answer.header("date").unwrap().ends_with(" GMT"));
    assert_eq!((answer.header("x-amzn-errortype"), answer.header("x-amzn-errormessage")), (None, None));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn each_answer_has_a_request_id_of_its_own() {
    let served = Served::dev().await;
    let mut client = dev_client(&served).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = client.post("ListUserPools", b"{\"MaxResults\": 10}").await.unwrap();
        ids.push(answer.header("x-amzn-requestid").unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn an_operation_without_output_answers_an_empty_body() {
    let served = Served::dev().await;
    let pool = create_pool(&served.pools, json!({})).await;
    let mut client = dev_client(&served).await;
    let group = json!({"UserPoolId": pool, "GroupName": "admins"});
    client.call("CreateGroup", &group).await.unwrap().unwrap();
    let answer = client.post("DeleteGroup", group.to_string().as_bytes()).await.unwrap();
    assert_eq!((answer.status, answer.body.len(), answer.header("content-length")), (200, 0, Some("0")));
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
}

#[tokio::test]
async fn an_exception_is_told_in_body_and_headers() {
    let served = Served::dev().await;
    let body = json!({"UserPoolId": "us-east-1_Nobody"}).to_string();
    let answer = dev_client(&served).await.post("ListUsers", body.as_bytes()).await.unwrap();
    let message = "User pool us-east-1_Nobody does not exist.";
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json(), json!({"__type": "ResourceNotFoundException", "message": message}));
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(answer.header("x-amzn-errortype"), Some("ResourceNotFoundException:"));
    assert_eq!(answer.header("x-amzn-errormessage"), Some(message));
    assert!(is_uuid(answer.header("x-amzn-requestid").unwrap()));
}

#[tokio::test]
async fn an_unknown_operation_is_told_without_a_message() {
    let served = Served::dev().await;
    let answer = dev_client(&served).await.post("AdminPromoteUser", b"{}").await.unwrap();
    assert_eq!((answer.status, answer.json()), (400, json!({"__type": "UnknownOperationException"})));
    assert_eq!(answer.header("x-amzn-errortype"), Some("UnknownOperationException:"));
}

#[tokio::test]
async fn another_content_type_is_not_the_protocol() {
    let served = Served::dev().await;
    let plain = headers(&[
        ("host", "localhost"),
        ("content-type", "application/json"),
        ("x-amz-target", "AWSCognitoIdentityProviderService.ListUserPools"),
    ]);
    let answer = served.connect().await.send("POST /", &plain, b"{}").await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (404, &b"<UnknownOperationException/>"[..]));
}

#[tokio::test]
async fn a_path_that_the_api_does_not_have_is_a_bad_request() {
    let served = Served::dev().await;
    for line in ["GET /", "GET /admin", "PUT /", "POST /other"] {
        let answer = served.connect().await.send(line, &headers(&[("host", "localhost")]), b"").await.unwrap();
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("BadRequest")), "{line}");
    }
}

#[tokio::test]
async fn health_and_readiness_answer_anybody() {
    let served = Served::serve().await;
    for (path, body) in [("/health", "ok\n"), ("/ready", "ready\n")] {
        let line = format!("GET {path}");
        let answer = served.connect().await.send(&line, &headers(&[("host", "localhost")]), b"").await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, body.as_bytes()), "{path}");
    }
}

#[tokio::test]
async fn a_browser_may_ask_before_it_calls() {
    let served = Served::serve().await;
    let preflight = headers(&[
        ("host", "localhost"),
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,x-amz-target,x-amz-user-agent"),
    ]);
    let answer = served.connect().await.send("OPTIONS /", &preflight, b"").await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type,x-amz-target,x-amz-user-agent"),
        ("access-control-max-age", "172800"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
}

async fn from_a_browser(served: &Served, body: &[u8]) -> Answer {
    let headers = headers(&[
        ("host", "localhost"),
        ("origin", "https://app.example.com"),
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "AWSCognitoIdentityProviderService.GetUser"),
    ]);
    served.connect().await.send("POST /", &headers, body).await.unwrap()
}

#[tokio::test]
async fn a_browser_may_read_answers_and_errors() {
    let served = Served::serve().await;
    for body in [&br#"{"AccessToken": "abc"}"#[..], b"{", b"{}"] {
        let answer = from_a_browser(&served, body).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert_eq!(exposed, "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date");
    }
}
