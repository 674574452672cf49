//! The front door of `serve`: who is let in, who is not, and what each of them hears.

use std::time::{Duration, Instant};

use cognate::model::{Authorization, OPERATIONS};
use cognate::{Door, Limits, NewKey, Policy, UserPools};
use serde_json::{Value, json};

use crate::api::create_pool;
use crate::http::{Connection, headers};
use crate::served::{ROOT, Served, Signed, Signer, assert_refused, unsigned};

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";
const UNRECOGNIZED: &str = "The security token included in the request is invalid.";

fn list_pools() -> Value {
    json!({"MaxResults": 10})
}

async fn assert_mismatch(request: &Signed) {
    let served = Served::serve().await;
    assert_refused(&served.send(request).await, "InvalidSignatureException", MISMATCH);
}

#[tokio::test]
async fn root_is_let_in() {
    let served = Served::serve().await;
    let answer = served.send(&Signer::root().sign("ListUserPools", &list_pools())).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"UserPools": []})));
}

#[tokio::test]
async fn a_clock_that_is_four_minutes_off_is_let_in() {
    let served = Served::serve().await;
    for signer in [Signer::root_ago(Duration::from_mins(4)), Signer::root_ahead(Duration::from_mins(4))] {
        assert_eq!(served.send(&signer.sign("ListUserPools", &list_pools())).await.status, 200);
    }
}

#[tokio::test]
async fn an_unsigned_request_is_refused() {
    let served = Served::serve().await;
    let answer = served.send_unsigned("ListUserPools", b"{\"MaxResults\": 10}").await;
    assert_refused(&answer, "MissingAuthenticationTokenException", "Missing Authentication Token");
}

#[tokio::test]
async fn a_bearer_token_is_refused() {
    let served = Served::serve().await;
    let mut request = Signer::root().sign("ListUserPools", &list_pools());
    "Bearer abc".clone_into(request.header("authorization"));
    let message = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
                   parameter. Authorization header requires 'SignedHeaders' parameter.";
    assert_refused(&served.send(&request).await, "IncompleteSignatureException", message);
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    assert_mismatch(&Signer::new(ROOT, "guessed").sign("ListUserPools", &list_pools())).await;
}

#[tokio::test]
async fn an_unknown_key_is_refused() {
    let served = Served::serve().await;
    let request = Signer::new("AKIAUNKNOWNEXAMPLE00", "secret").sign("ListUserPools", &list_pools());
    assert_refused(&served.send(&request).await, "UnrecognizedClientException", UNRECOGNIZED);
}

#[tokio::test]
async fn a_tampered_body_is_refused() {
    let mut request = Signer::root().sign("ListUserPools", &list_pools());
    request.body = br#"{"MaxResults":60}"#.to_vec();
    assert_mismatch(&request).await;
}

#[tokio::test]
async fn a_tampered_target_is_refused() {
    let mut request = Signer::root().sign("ListUserPools", &list_pools());
    *request.header("x-amz-target") = request.header("x-amz-target").replace("ListUserPools", "DeleteUserPool");
    assert_mismatch(&request).await;
}

#[tokio::test]
async fn a_tampered_date_is_refused() {
    let mut request = Signer::root_ago(Duration::from_mins(10)).sign("ListUserPools", &list_pools());
    let fresh = Signer::root().sign("ListUserPools", &list_pools()).header("x-amz-date").clone();
    let is_same_day = fresh[..8] == request.header("x-amz-date")[..8];
    *request.header("x-amz-date") = fresh;
    if is_same_day {
        assert_mismatch(&request).await;
    }
}

#[tokio::test]
async fn a_stale_signature_is_refused() {
    let served = Served::serve().await;
    let mut request = Signer::root_ago(Duration::from_mins(10)).sign("ListUserPools", &list_pools());
    let answer = served.send(&request).await;
    let (exception, message) = answer.exception();
    assert_eq!((answer.status, &*exception), (400, "InvalidSignatureException"));
    let start = format!("Signature expired: {} is now earlier than ", request.header("x-amz-date"));
    assert!(message.starts_with(&start) && message.ends_with(" - 5 min.)"), "{message}");
}

#[tokio::test]
async fn a_signature_from_the_future_is_refused() {
    let served = Served::serve().await;
    let mut request = Signer::root_ahead(Duration::from_mins(10)).sign("ListUserPools", &list_pools());
    let answer = served.send(&request).await;
    let (exception, message) = answer.exception();
    assert_eq!((answer.status, &*exception), (400, "InvalidSignatureException"));
    let start = format!("Signature not yet current: {} is still later than ", request.header("x-amz-date"));
    assert!(message.starts_with(&start) && message.ends_with(" + 5 min.)"), "{message}");
}

#[tokio::test]
async fn a_stale_request_with_a_wrong_secret_learns_nothing_of_the_clock() {
    let signer = Signer { secret: "guessed".to_owned(), ..Signer::root_ago(Duration::from_mins(10)) };
    assert_mismatch(&signer.sign("ListUserPools", &list_pools())).await;
}

#[tokio::test]
async fn a_signature_for_another_region_is_refused() {
    let served = Served::serve().await;
    let signer = Signer { region: "eu-west-1", ..Signer::root() };
    let message = "Credential should be scoped to a valid region.";
    let answer = served.send(&signer.sign("ListUserPools", &list_pools())).await;
    assert_refused(&answer, "InvalidSignatureException", message);
}

#[tokio::test]
async fn a_signature_for_another_service_is_refused() {
    let served = Served::serve().await;
    let signer = Signer { service: "cognito-identity", ..Signer::root() };
    let message = "Credential should be scoped to correct service: 'cognito-idp'.";
    let answer = served.send(&signer.sign("ListUserPools", &list_pools())).await;
    assert_refused(&answer, "InvalidSignatureException", message);
}

#[tokio::test]
async fn a_target_that_is_not_signed_is_refused() {
    let served = Served::serve().await;
    let (target, rest): (Vec<_>, Vec<_>) =
        unsigned("ListUserPools").into_iter().partition(|(name, _)| name == "x-amz-target");
    let mut request = Signer::root().sign_headers(rest, list_pools().to_string().into_bytes());
    request.headers.extend(target);
    let message = "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.";
    assert_refused(&served.send(&request).await, "InvalidSignatureException", message);
}

#[tokio::test]
async fn a_session_token_is_refused() {
    let served = Served::serve().await;
    let signer = Signer { session_token: Some("temporary"), ..Signer::root() };
    let answer = served.send(&signer.sign("ListUserPools", &list_pools())).await;
    assert_refused(&answer, "UnrecognizedClientException", UNRECOGNIZED);
}

#[tokio::test]
async fn two_targets_are_none() {
    let served = Served::serve().await;
    let request = Signer::root().sign("ListUserPools", &list_pools());
    for (target, again) in [("ListUserPools", "DeleteUserPool"), ("DeleteUserPool", "ListUserPools")] {
        let mut request = request.clone();
        *request.header("x-amz-target") = request.header("x-amz-target").replace("ListUserPools", target);
        let twice = format!("AWSCognitoIdentityProviderService.{again}");
        request.headers.extend(headers(&[("x-amz-target", &twice)]));
        assert_eq!(served.send(&request).await.exception().0, "UnknownOperationException");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let served = Served::serve().await;
    let mut request = Signer::root().sign("ListUserPools", &list_pools());
    let again = request.header("authorization").clone();
    request.headers.extend(headers(&[("authorization", &again)]));
    let message = "Authorization header is given more than once.";
    assert_refused(&served.send(&request).await, "IncompleteSignatureException", message);
}

#[tokio::test]
async fn all_operations_of_administrators_refuse_an_unsigned_request() {
    let served = Served::serve().await;
    let mut connection = served.connect().await;
    let of_administrators = OPERATIONS.iter().filter(|info| info.authorization == Authorization::Iam);
    let mut asked = 0;
    for info in of_administrators {
        let answer = connection.send("POST /", &unsigned(info.name), b"{}").await.unwrap();
        assert_refused(&answer, "MissingAuthenticationTokenException", "Missing Authentication Token");
        asked += 1;
    }
    assert_eq!(asked, 105);
}

#[tokio::test]
async fn the_other_operations_ask_for_no_signature() {
    let served = Served::serve().await;
    let mut connection = served.connect().await;
    let signed = [Authorization::Iam, Authorization::IamOrClient];
    let of_users = OPERATIONS.iter().filter(|info| !signed.contains(&info.authorization));
    let mut asked = 0;
    for info in of_users {
        // Neither without a signature nor with one that is wrong: it is ignored.
        let wrong = [unsigned(info.name), headers(&[("authorization", "Bearer abc")])].concat();
        for headers in [unsigned(info.name), wrong] {
            let answer = connection.send("POST /", &headers, b"{}").await.unwrap();
            let (exception, message) = answer.exception();
            // One operation has two members of which either will do, so that none is required.
            let names_one = message.contains("validation error") || message.starts_with("Missing required parameter");
            let is_about_members = exception == "InvalidParameterException" && names_one;
            let is_not_built = message == format!("{} is not supported by this version of Cognate.", info.name);
            assert!(is_about_members || is_not_built, "{}: {exception}: {message}", info.name);
        }
        asked += 1;
    }
    assert_eq!(asked, 35);
}

#[tokio::test]
async fn an_operation_for_both_takes_no_signature_but_none_that_is_wrong() {
    let served = Served::serve().await;
    let mut connection = served.connect().await;
    let answer = connection.send("POST /", &unsigned("GetDerivedToken"), b"{}").await.unwrap();
    let (exception, message) = answer.exception();
    assert_eq!(exception, "InvalidParameterException", "{message}");
    let wrong = [unsigned("GetDerivedToken"), headers(&[("authorization", "Bearer abc")])].concat();
    let answer = connection.send("POST /", &wrong, b"{}").await.unwrap();
    assert_eq!(answer.exception().0, "IncompleteSignatureException");
}

/// A server with a pool and a key that a policy bounds.
async fn with_key(effects: impl Fn(&str) -> Value) -> (Served, String, NewKey) {
    let served = Served::serve().await;
    let pool = create_pool(&served.pools, json!({})).await;
    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}");
    let policy = json!({"Version": "2012-10-17", "Statement": effects(&arn)});
    let policy = Policy::parse(&policy.to_string()).unwrap();
    let key = served.pools.create_access_key("billing", &policy).await.unwrap();
    (served, pool, key)
}

async fn ask(served: &Served, key: &NewKey, operation: &str, members: &Value) -> crate::http::Answer {
    served.send(&Signer::new(&key.id, &key.secret).sign(operation, members)).await
}

#[tokio::test]
async fn a_policy_allows_what_it_names_and_nothing_else() {
    let (served, pool, key) =
        with_key(|arn| json!({"Effect": "Allow", "Action": "cognito-idp:List*", "Resource": arn})).await;
    let members = json!({"UserPoolId": pool});
    let answer = ask(&served, &key, "ListUsers", &members).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"Users": []})));
    let message = format!(
        "User: arn:aws:iam::123456789012:user/billing is not authorized to perform: cognito-idp:DescribeUserPool on \
         resource: arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool} because no identity-based policy allows \
         the cognito-idp:DescribeUserPool action"
    );
    assert_refused(&ask(&served, &key, "DescribeUserPool", &members).await, "AccessDeniedException", &message);
    let neighbour = create_pool(&served.pools, json!({})).await;
    let (exception, _) = ask(&served, &key, "ListUsers", &json!({"UserPoolId": neighbour})).await.exception();
    assert_eq!(exception, "AccessDeniedException", "the neighbouring pool");
    let message = "User: arn:aws:iam::123456789012:user/billing is not authorized to perform: \
                   cognito-idp:ListUserPools on resource: * because no identity-based policy allows the \
                   cognito-idp:ListUserPools action";
    assert_refused(&ask(&served, &key, "ListUserPools", &list_pools()).await, "AccessDeniedException", message);
}

#[tokio::test]
async fn an_explicit_deny_wins_and_says_so() {
    let (served, pool, key) = with_key(|arn| {
        json!([
            {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "cognito-idp:DeleteUserPool", "Resource": arn},
        ])
    })
    .await;
    let message = format!(
        "User: arn:aws:iam::123456789012:user/billing is not authorized to perform: cognito-idp:DeleteUserPool on \
         resource: arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool} with an explicit deny in an \
         identity-based policy"
    );
    let members = json!({"UserPoolId": pool});
    assert_refused(&ask(&served, &key, "DeleteUserPool", &members).await, "AccessDeniedException", &message);
    assert_eq!(ask(&served, &key, "DescribeUserPool", &members).await.status, 200, "the pool is still there");
}

#[tokio::test]
async fn a_deny_of_a_pool_holds_however_its_arn_is_spelt() {
    let (served, pool, key) = with_key(|arn| {
        json!([
            {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "cognito-idp:TagResource", "Resource": arn},
        ])
    })
    .await;
    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}");
    let (exception, _) =
        ask(&served, &key, "TagResource", &json!({"ResourceArn": arn, "Tags": {"a": "b"}})).await.exception();
    assert_eq!(exception, "AccessDeniedException");
    for other in ["arn:aws-cn:", "arn:x:"] {
        let arn = arn.replace("arn:aws:", other);
        let answer = ask(&served, &key, "TagResource", &json!({"ResourceArn": arn, "Tags": {"a": "b"}})).await;
        let message = format!("User pool {pool} does not exist.");
        assert_refused(&answer, "ResourceNotFoundException", &message);
    }
}

#[tokio::test]
async fn a_key_with_a_policy_still_needs_its_secret() {
    let (served, pool, key) = with_key(|_| json!({"Effect": "Allow", "Action": "*", "Resource": "*"})).await;
    let request = Signer::new(&key.id, "guessed").sign("ListUsers", &json!({"UserPoolId": pool}));
    assert_refused(&served.send(&request).await, "InvalidSignatureException", MISMATCH);
}

#[tokio::test]
async fn a_deleted_key_is_refused_within_a_second() {
    let (served, pool, key) = with_key(|_| json!({"Effect": "Allow", "Action": "*", "Resource": "*"})).await;
    let members = json!({"UserPoolId": pool});
    assert_eq!(ask(&served, &key, "ListUsers", &members).await.status, 200);
    assert!(served.pools.delete_access_key(&key.id).await.unwrap());
    // The server may remember the key for a second; it is asked again until it does not.
    let deleted = Instant::now();
    let refusal = loop {
        let asked = Instant::now();
        let answer = ask(&served, &key, "ListUsers", &members).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(asked.duration_since(deleted) < Duration::from_millis(1_100), "the key still works");
    };
    assert_refused(&refusal, "UnrecognizedClientException", UNRECOGNIZED);
}

#[tokio::test]
async fn a_deleted_key_that_was_never_used_is_refused_at_once() {
    let (served, pool, key) = with_key(|_| json!({"Effect": "Allow", "Action": "*", "Resource": "*"})).await;
    served.pools.delete_access_key(&key.id).await.unwrap();
    let answer = ask(&served, &key, "ListUsers", &json!({"UserPoolId": pool})).await;
    assert_refused(&answer, "UnrecognizedClientException", UNRECOGNIZED);
}

#[tokio::test]
async fn serve_has_no_controls() {
    let served = Served::serve().await;
    for line in ["GET /_cognate/outbox", "POST /_cognate/clock", "POST /_cognate/reset"] {
        let answer = served.connect().await.send(line, &headers(&[("host", "localhost")]), b"{}").await.unwrap();
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("BadRequest")), "{line}");
    }
}

#[tokio::test]
async fn the_controls_of_dev_answer_this_machine_and_no_page_of_the_web() {
    let served = Served::dev().await;
    let ask = async |of: &[(&str, &str)]| {
        served.connect().await.send("GET /_cognate/outbox", &headers(of), b"").await.unwrap().status
    };
    assert_eq!(ask(&[("host", "localhost:9229")]).await, 200);
    assert_eq!(ask(&[("host", "127.0.0.1:9229")]).await, 200);
    assert_eq!(ask(&[("host", "rebound.example.com:9229")]).await, 400, "a name that was made to resolve to here");
    assert_eq!(ask(&[("host", "localhost:9229"), ("origin", "http://localhost:3000")]).await, 400);
}

#[tokio::test]
async fn this_machine_is_known_by_either_family_of_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let pools = UserPools::open(crate::engine::development(folder.path())).unwrap();
    // A machine without IPv6 has nothing to confuse.
    let Ok(listener) = tokio::net::TcpListener::bind("[::]:0").await else { return };
    let server = pools.serve(listener, &Door::Dev, Limits::default()).unwrap();
    let mut connection = Connection::open(([127, 0, 0, 1], server.address().port()).into()).await.unwrap();
    let answer = connection.send("GET /_cognate/outbox", &headers(&[("host", "localhost")]), b"").await.unwrap();
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_clock_goes_where_it_is_sent_and_nowhere_without_a_date() {
    let served = Served::dev().await;
    let send = async |body: Value| {
        let local = headers(&[("host", "localhost")]);
        let body = body.to_string();
        let answer = served.connect().await.send("POST /_cognate/clock", &local, body.as_bytes()).await.unwrap();
        (answer.status, answer.json()["now"].as_f64().unwrap_or_default())
    };
    let new_year = 1_893_456_000.0;
    for moment in [
        json!(1_893_456_000),
        json!(1_893_456_000.0),
        json!("2030-01-01T00:00:00Z"),
        json!("2030-01-01T01:00:00+01:00"),
        json!("2030-01-01T00:00:00.000Z"),
        json!("2030-01-01T00:00:00"),
        json!("2030-01-01"),
    ] {
        let (status, now) = send(json!({"setTo": moment})).await;
        assert!(status == 200 && (new_year..new_year + 60.0).contains(&now), "{moment}: {status} {now}");
    }
    let (_, now) = send(json!({"advanceSeconds": 600.5})).await;
    assert!((new_year + 600.5..new_year + 660.0).contains(&now), "{now}");
    for nowhere in [
        json!({"setTo": 1_893_456_000_000_u64}),
        json!({"setTo": -1}),
        json!({"setTo": "soon"}),
        json!({"advanceSeconds": 1e18}),
        json!({"advanceSeconds": -1e18}),
        json!({"advanceSeconds": "600"}),
        json!({"advanceSeconds": 1, "setTo": 1}),
        json!({}),
    ] {
        assert_eq!(send(nowhere.clone()).await.0, 400, "{nowhere}");
    }
    let (status, now) = send(json!({"advanceSeconds": 0})).await;
    assert!(status == 200 && (new_year + 600.0..new_year + 700.0).contains(&now), "{now}");
}

#[tokio::test]
async fn dev_takes_any_well_formed_credentials_and_no_others() {
    let served = Served::dev().await;
    let signer = Signer { region: "eu-west-1", ..Signer::new("AKIAANY", "any") };
    assert_eq!(served.send(&signer.sign("ListUserPools", &list_pools())).await.status, 200);
    let answer = served.send_unsigned("ListUserPools", b"{\"MaxResults\": 10}").await;
    assert_refused(&answer, "MissingAuthenticationTokenException", "Missing Authentication Token");
    let mut request = signer.sign("ListUserPools", &list_pools());
    "AWS4-HMAC-SHA256 Credential=AKIAANY, SignedHeaders=host, Signature=0".clone_into(request.header("authorization"));
    let message = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.";
    assert_refused(&served.send(&request).await, "IncompleteSignatureException", message);
}
