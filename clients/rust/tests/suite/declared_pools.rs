//! Pools of a file.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{AuthFlowType, UserStatusType};
use cognate_testkit::cognate::DeclaredPools;

use crate::engine;
use crate::fixtures::{Pool, a_declared_pool, secret_hash, tokens};

const FILE: &str = r#"
[[pools]]
id = "us-east-1_declared1"
name = "declared"

[pools.config]
AutoVerifiedAttributes = ["email"]

[[pools.groups]]
GroupName = "Employees"
Precedence = 7

[[pools.clients]]
id = "declaredclient000000000001"
secret = "declared_secret_of_the_client_1"

[pools.clients.config]
ExplicitAuthFlows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

[[pools.users]]
username = "member"
sub = "0d9a4c1e-52b7-7f03-9c6e-3b8f1a2d4e50"
password = "Permanent1!"
attributes = { email = "member@example.com", email_verified = "true" }
groups = ["Employees"]

[[pools.users]]
username = "newcomer"
temporary_password = "Temporary1!"

[[pools.users]]
username = "leaver"
password = "Permanent1!"
enabled = false
"#;

async fn the_pool() -> Pool {
    a_declared_pool(FILE, "us-east-1_declared1", "declaredclient000000000001").await
}

#[tokio::test]
async fn a_declared_user_has_the_declared_id_and_signs_in() {
    let pool = the_pool().await;
    let hash = secret_hash("member", &pool.client, "declared_secret_of_the_client_1");
    let request = pool.admin_sign_in("member", "Permanent1!").auth_parameters("SECRET_HASH", hash);
    let access = tokens(request.send().await.unwrap().authentication_result).access;
    assert_eq!(crate::fixtures::claims(&access)["sub"], "0d9a4c1e-52b7-7f03-9c6e-3b8f1a2d4e50");
    assert_eq!(crate::fixtures::claims(&access)["cognito:groups"], serde_json::json!(["Employees"]));
}

#[tokio::test]
async fn declared_states_are_kept() {
    let pool = the_pool().await;
    assert_eq!(pool.status_of("newcomer").await, UserStatusType::ForceChangePassword);
    assert!(!pool.admin_get_user("leaver").send().await.unwrap().enabled());
}

#[tokio::test]
async fn what_is_there_already_stays_as_it_is() {
    let pool = the_pool().await;
    let change = crate::fixtures::attribute("name", "Member");
    pool.admin_update_user_attributes("member").user_attributes(change).send().await.unwrap();
    pool.admin_delete_user("leaver").send().await.unwrap();
    pool.cognate.user_pools().declare(&DeclaredPools::parse(FILE).unwrap()).await.unwrap();
    assert_eq!(pool.attributes_of("member").await["name"], "Member");
    assert!(!pool.admin_get_user("leaver").send().await.unwrap().enabled());
}

#[tokio::test]
async fn a_flow_that_the_file_does_not_list_is_refused() {
    let pool = the_pool().await;
    let request = pool.initiate_auth().auth_flow(AuthFlowType::UserPasswordAuth);
    crate::refusals::refused(
        request.auth_parameters("USERNAME", "member").auth_parameters("PASSWORD", "Permanent1!").send().await,
        "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this client",
    );
}

#[tokio::test]
async fn a_file_with_a_mistake_is_refused_at_the_start() {
    let mistakes =
        ["[[pools]]\nid = \"us-east-1_a\"\n[pools.config]\nAutoVerifedAttributes = [\"email\"]", "pools = 1"];
    for mistake in mistakes {
        assert!(engine::builder().pools_toml(mistake).start().await.is_err(), "{mistake}");
    }
}
