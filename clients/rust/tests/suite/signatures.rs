//! Signatures of the real SDK, verified as `cognate serve` verifies them.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use cognate_testkit::Cognate;
use cognate_testkit::aws_sdk_cognitoidentityprovider::Client;
use cognate_testkit::aws_sdk_cognitoidentityprovider::config::{Builder, Credentials, Region};
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::AuthFlowType;
use cognate_testkit::cognate::Policy;

use crate::engine;
use crate::refusals::{NO_CLIENT, refusal, refused};

const ROOT: &str = "AKIDROOTROOTROOTROOT";
const SECRET: &str = "the+root/secret/of+this+test+server/0000";
const MISMATCH: &str = "InvalidSignatureException: The request signature we calculated does not match the signature \
                        you provided. Check your AWS Secret Access Key and signing method. Consult the service \
                        documentation for details.";
const UNKNOWN_KEY: &str = "UnrecognizedClientException: The security token included in the request is invalid.";

async fn a_verifying_server() -> Cognate {
    engine::builder().verify_signatures(ROOT, SECRET).start().await.unwrap()
}

fn client_with(cognate: &Cognate, change: impl FnOnce(Builder) -> Builder) -> Client {
    Client::from_conf(change(cognate.sdk_config().to_builder()).build())
}

fn client_of(cognate: &Cognate, id: &str, secret: &str) -> Client {
    client_with(cognate, |config| config.credentials_provider(Credentials::new(id, secret, None, None, "test")))
}

/// A clock of the SDK's signer that is so many seconds off.
#[derive(Debug)]
struct Off(i64);

impl TimeSource for Off {
    fn now(&self) -> SystemTime {
        let off = Duration::from_secs(self.0.unsigned_abs());
        if self.0 < 0 { SystemTime::now() - off } else { SystemTime::now() + off }
    }
}

#[tokio::test]
async fn a_signature_of_the_root_key_is_let_in() {
    let cognate = a_verifying_server().await;
    let client = Client::from_conf(cognate.sdk_config());
    let created = client.create_user_pool().pool_name("employees").send().await.unwrap().user_pool.unwrap();
    client.describe_user_pool().set_user_pool_id(created.id).send().await.unwrap();
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let cognate = a_verifying_server().await;
    let impostor = client_of(&cognate, ROOT, "another secret");
    refused(impostor.list_user_pools().max_results(1).send().await, MISMATCH);
}

#[tokio::test]
async fn an_unknown_key_is_refused() {
    let cognate = a_verifying_server().await;
    let stranger = client_of(&cognate, "AKIDNOBODYNOBODYNOBO", SECRET);
    refused(stranger.list_user_pools().max_results(1).send().await, UNKNOWN_KEY);
}

#[tokio::test]
async fn temporary_credentials_of_somebody_else_are_refused() {
    let cognate = a_verifying_server().await;
    let borrowed = Credentials::new(ROOT, SECRET, Some("a session".to_owned()), None, "test");
    let client = client_with(&cognate, |config| config.credentials_provider(borrowed));
    refused(client.list_user_pools().max_results(1).send().await, UNKNOWN_KEY);
}

#[tokio::test]
async fn another_region_is_refused() {
    let cognate = a_verifying_server().await;
    let client = client_with(&cognate, |config| config.region(Region::new("eu-west-1")));
    refused(
        client.list_user_pools().max_results(1).send().await,
        "InvalidSignatureException: Credential should be scoped to a valid region.",
    );
}

#[tokio::test]
async fn a_clock_that_is_four_minutes_off_is_forgiven_and_six_are_not() {
    let cognate = a_verifying_server().await;
    let list = |off| client_with(&cognate, |config| config.time_source(Off(off))).list_user_pools().max_results(1);
    list(-240).send().await.unwrap();
    list(240).send().await.unwrap();
    let stale = refusal(list(-360).send().await);
    assert!(stale.starts_with("InvalidSignatureException: Signature expired: "), "{stale}");
    let early = refusal(list(360).send().await);
    assert!(early.starts_with("InvalidSignatureException: Signature not yet current: "), "{early}");
}

#[tokio::test]
async fn the_clock_of_the_pools_does_not_make_signatures_stale() {
    let cognate = a_verifying_server().await;
    cognate.clock().advance(86_400);
    Client::from_conf(cognate.sdk_config()).list_user_pools().max_results(1).send().await.unwrap();
}

#[tokio::test]
async fn the_public_operations_need_no_signature() {
    let cognate = a_verifying_server().await;
    let stranger = client_of(&cognate, "AKIDNOBODYNOBODYNOBO", "whatever");
    let request = stranger.initiate_auth().client_id("nosuchclient").auth_flow(AuthFlowType::UserPasswordAuth);
    refused(request.send().await, NO_CLIENT);
}

#[tokio::test]
async fn an_access_key_may_do_what_its_policy_allows_and_nothing_else() {
    let cognate = a_verifying_server().await;
    let pool = cognate.pool("employees").await.unwrap();
    pool.user("maria").await.unwrap();
    let policy = Policy::parse(
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["cognito-idp:AdminGet*", "cognito-idp:AdminDeleteUser"], "Resource": "*"},
            {"Effect": "Deny", "Action": "cognito-idp:AdminDeleteUser", "Resource": "*"}]}"#,
    );
    let key = cognate.user_pools().create_access_key("reader", &policy.unwrap()).await.unwrap();
    let reader = client_of(&cognate, &key.id, &key.secret);
    reader.admin_get_user().user_pool_id(pool.id()).username("maria").send().await.unwrap();
    let denied = refusal(reader.admin_delete_user().user_pool_id(pool.id()).username("maria").send().await);
    assert!(denied.starts_with("AccessDeniedException: User: arn:aws:iam::123456789012:"), "{denied}");
    assert!(
        denied.ends_with(&format!(
            "is not authorized to perform: cognito-idp:AdminDeleteUser on resource: {} with an explicit deny in an \
             identity-based policy",
            pool.arn()
        )),
        "{denied}"
    );
    let unspoken = refusal(reader.admin_enable_user().user_pool_id(pool.id()).username("maria").send().await);
    assert!(
        unspoken.ends_with("because no identity-based policy allows the cognito-idp:AdminEnableUser action"),
        "{unspoken}"
    );
}

#[tokio::test]
async fn a_deleted_access_key_is_refused_within_a_second() {
    let cognate = a_verifying_server().await;
    let policy = r#"{"Statement": {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"}}"#;
    let policy = Policy::parse(policy).unwrap();
    let key = cognate.user_pools().create_access_key("guest", &policy).await.unwrap();
    let guest = client_of(&cognate, &key.id, &key.secret);
    guest.list_user_pools().max_results(1).send().await.unwrap();
    assert!(cognate.user_pools().delete_access_key(&key.id).await.unwrap());
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    refused(guest.list_user_pools().max_results(1).send().await, UNKNOWN_KEY);
}
