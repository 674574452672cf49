//! Traces, as a collector gets them: whose child a span is, what it says, and that nobody waits for the collector.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::collector::{Collector, Span};
use crate::http::{Answer, Connection};
use crate::process::Program;
use crate::served::Signer;

const CALLER: (&str, &str) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
const PASSWORD: &str = "Secret-Of-Maria-1";

async fn send(program: &Program, operation: &str, members: &Value, traceparent: Option<String>) -> Answer {
    let mut request = Signer::root().sign(operation, members);
    request.headers.extend(traceparent.map(|value| ("traceparent".to_owned(), value)));
    let mut connection = Connection::open(program.address).await.unwrap();
    connection.send("POST /", &request.headers, &request.body).await.unwrap()
}

fn child<'a>(spans: &'a [Span], of: &Span, name: &str) -> &'a Span {
    let is_it = |span: &&Span| span.name == name && span.parent == of.id && span.trace == of.trace;
    spans.iter().find(is_it).unwrap_or_else(|| panic!("no {name} below {of:?}: {spans:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_with_what_it_did_below_it() {
    let (folder, collector) = (tempfile::tempdir().unwrap(), Collector::start());
    let url = collector.url();
    let config = folder.path().join("cognate.toml");
    std::fs::write(&config, format!("[traces]\nendpoint = \"{url}\"\nservice_name = \"people\"\n")).unwrap();
    let settings = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=identity"),
        ("COGNATE_LAMBDA_ENDPOINT", &url),
        ("COGNATE_SMTP_URL", "smtp://127.0.0.1:9"),
        ("COGNATE_MAIL_FROM", "a@example.com"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ];
    let program = Program::start_with(&["dev", "--config", config.to_str().unwrap()], folder.path(), &settings);

    let (trace, parent) = CALLER;
    let named = Some(format!("00-{trace}-{parent}-01"));
    let created = send(&program, "CreateUserPool", &json!({"PoolName": "p"}), named).await;
    let pool = created.json()["UserPool"]["Id"].as_str().unwrap().to_owned();
    let maria = json!({
        "UserPoolId": pool, "Username": "maria-of-the-test", "TemporaryPassword": PASSWORD,
        "DesiredDeliveryMediums": ["EMAIL"],
        "UserAttributes": [{"Name": "email", "Value": "maria-of-the-test@example.com"}],
    });
    assert_eq!(send(&program, "AdminCreateUser", &maria, None).await.status, 200);
    let client = json!({
        "UserPoolId": pool, "ClientName": "c", "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    });
    let client = send(&program, "CreateUserPoolClient", &client, None).await;
    let client = client.json()["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
    let known = json!({
        "UserPoolId": pool, "Username": "maria-of-the-test", "Password": PASSWORD, "Permanent": true,
    });
    assert_eq!(send(&program, "AdminSetUserPassword", &known, None).await.status, 200);
    let signing_in = json!({
        "UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "maria-of-the-test", "PASSWORD": PASSWORD},
    });
    assert_eq!(send(&program, "AdminInitiateAuth", &signing_in, None).await.status, 200);
    let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let hooked = json!({"UserPoolId": pool, "LambdaConfig": {"PreSignUp": function}});
    assert_eq!(send(&program, "UpdateUserPool", &hooked, None).await.status, 200);
    let refused = send(&program, "AdminCreateUser", &json!({"UserPoolId": pool, "Username": "other"}), None).await;
    assert_eq!(refused.exception().0, "InvalidLambdaResponseException", "{refused:?}");
    let not_sampled = Some(format!("00-{trace}-{parent}-00"));
    send(&program, "DescribeUserPool", &json!({"UserPoolId": pool}), not_sampled).await;
    let begun = Instant::now();
    while !["delivery", "trigger"].iter().all(|name| collector.spans().iter().any(|span| span.name == *name)) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:#?}", collector.spans());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whatever is left is sent at the end.
    assert!(program.terminate());

    let spans = collector.spans();
    let all = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let [created] = all("CreateUserPool")[..] else { panic!("{spans:#?}") };
    assert_eq!((created.trace.as_str(), created.parent.as_str()), (trace, parent));
    assert_eq!((created.attribute("rpc.method"), created.kind), ("CreateUserPool", 2));
    assert!(created.attribute("aws.request_id").len() == 36 && created.status == 0, "{created:?}");
    assert!(child(&spans, created, "store.write").took() <= created.took());
    assert!(all("DescribeUserPool").is_empty(), "the caller's choice not to sample is kept");

    let [maria, other] = all("AdminCreateUser")[..] else { panic!("{spans:#?}") };
    assert!(maria.parent.is_empty() && maria.trace != trace, "{maria:?}");
    assert_eq!((maria.attribute("cognate.pool"), maria.attribute("http.response.status_code")), (pool.as_str(), "200"));
    child(&spans, maria, "store.write");
    let [signed_in] = all("AdminInitiateAuth")[..] else { panic!("{spans:#?}") };
    child(&spans, child(&spans, signed_in, "work"), "work.wait");
    assert_eq!(other.attribute("error.type"), "InvalidLambdaResponseException");
    assert_eq!(child(&spans, other, "trigger").attribute("trigger"), "PreSignUp");
    let [delivery] = all("delivery")[..] else { panic!("{spans:#?}") };
    assert_eq!((delivery.attribute("outcome"), delivery.status), ("put-back", 2));
    child(&spans, delivery, "store.write");
    let is_below = |span: &&Span| !span.parent.is_empty() || span.name != "store.read" && span.name != "store.write";
    assert!(spans.iter().all(|span| is_below(&span)), "the server's own errands are not traced: {spans:#?}");

    let text = collector.text();
    assert!(text.contains("people") && text.contains("x-team: identity"), "{text}");
    for secret in ["maria-of-the-test", PASSWORD, "email"] {
        assert!(!text.contains(secret), "{secret} is in a trace");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_collector_that_does_not_answer() {
    let (folder, silent) = (tempfile::tempdir().unwrap(), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("http://{}", silent.local_addr().unwrap());
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "10")];
    let program = Program::start_with(&["dev"], folder.path(), &settings);
    let begun = Instant::now();
    // More spans than the queue holds.
    let mut connection = Connection::open(program.address).await.unwrap();
    for _ in 0..3_000 {
        let request = Signer::root().sign("ListUserPools", &json!({"MaxResults": 1}));
        assert_eq!(connection.send("POST /", &request.headers, &request.body).await.unwrap().status, 200);
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}: an export gives up after ten seconds");
    let begun = Instant::now();
    drop(connection);
    assert!(program.terminate());
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}: the end of a server waits two seconds at most");
    drop(silent);
}
