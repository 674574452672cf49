//! The same operations in-process: what `UserPools::send` answers is what the wire answers.

use cognate_testkit::aws_sdk_cognitoidentityprovider::Client;
use cognate_testkit::cognate::model::{
    AdminCreateUserRequest, AdminGetUserRequest, AdminInitiateAuthRequest, AdminSetUserPasswordRequest, AttributeType,
    AuthFlowType, CreateUserPoolRequest, ListUserPoolsRequest, ListUsersRequest, UserStatusType,
};
use cognate_testkit::cognate::{Config, Error, Request, UserPools};

use crate::engine;
use crate::fixtures::{PASSWORD, Pool, a_pool, attribute};
use crate::refusals::refusal;

/// `<Exception>: <message>` of a call in-process.
async fn said(pools: &UserPools, request: impl Request) -> String {
    match pools.send(request).await {
        Err(Error::Refused(refusal)) => refusal.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("this should have been refused"),
    }
}

fn maria(pool: &Pool) -> AdminCreateUserRequest {
    AdminCreateUserRequest { user_pool_id: pool.id.clone(), username: "maria".into(), ..Default::default() }
}

#[tokio::test]
async fn user_pools_open_send_and_open_again() {
    let folder = std::env::temp_dir().join(format!("cognate-embedding-{}", std::process::id()));
    let pools = UserPools::open(Config::development(&folder)).unwrap();
    let request = CreateUserPoolRequest { pool_name: "employees".into(), ..Default::default() };
    let id = Box::pin(pools.send(request)).await.unwrap().user_pool.unwrap().id.unwrap();
    let user = AdminCreateUserRequest { user_pool_id: id.clone(), username: "maria".into(), ..Default::default() };
    assert_eq!(pools.send(user).await.unwrap().user.unwrap().user_status, Some(UserStatusType::ForceChangePassword));
    drop(pools);
    let pools = UserPools::open(Config::development(&folder)).unwrap();
    let maria = AdminGetUserRequest { user_pool_id: id, username: "maria".into() };
    assert_eq!(pools.send(maria).await.unwrap().username, "maria");
    drop(pools);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_data_folder_has_one_owner() {
    let folder = std::env::temp_dir().join(format!("cognate-owner-{}", std::process::id()));
    let pools = UserPools::open(Config::development(&folder)).unwrap();
    assert!(UserPools::open(Config::development(&folder)).is_err());
    drop(pools);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn what_is_written_in_process_is_read_over_the_wire() {
    let cognate = engine::builder().start().await.unwrap();
    let pool = cognate.pool("employees").await.unwrap();
    pool.user("maria").with_attribute("name", "Maria").await.unwrap();
    let client = Client::from_conf(cognate.sdk_config());
    let maria = client.admin_get_user().user_pool_id(pool.id()).username("maria").send().await.unwrap();
    assert_eq!(crate::fixtures::map(maria.user_attributes())["name"], "Maria");
}

#[tokio::test]
async fn a_violated_constraint_reads_the_same() {
    let pool = a_pool().await;
    let pools = pool.cognate.user_pools();
    let request = AdminGetUserRequest { user_pool_id: "nonsense!".into(), username: "two words".into() };
    let wire = pool.sdk.admin_get_user().user_pool_id("nonsense!").username("two words");
    assert_eq!(said(pools, request).await, refusal(wire.send().await));
    let request = ListUserPoolsRequest { max_results: 61, ..Default::default() };
    assert_eq!(said(pools, request).await, refusal(pool.sdk.list_user_pools().max_results(61).send().await));
    let long = "x".repeat(33);
    let attributes = vec![AttributeType { name: long.clone(), value: Some("y".into()) }];
    let request = AdminCreateUserRequest { user_attributes: Some(attributes), ..maria(&pool) };
    let wire = pool.admin_create_user("maria").user_attributes(attribute(&long, "y"));
    let said = said(pools, request).await;
    assert_eq!(said, refusal(wire.send().await));
    assert_eq!(
        said,
        format!(
            "InvalidParameterException: 1 validation error detected: Value '{long}' at 'userAttributes.1.member.name' \
             failed to satisfy constraint: Member must have length less than or equal to 32"
        )
    );
}

#[tokio::test]
async fn a_secret_that_violates_a_constraint_is_repeated_by_neither() {
    let pool = a_pool().await;
    let request = AdminSetUserPasswordRequest {
        user_pool_id: pool.id.clone(),
        username: "maria".into(),
        password: " Secret-1 ".into(),
        permanent: None,
    };
    let said = said(pool.cognate.user_pools(), request).await;
    assert!(!said.contains("Secret-1"), "{said}");
    assert_eq!(said, refusal(pool.admin_set_user_password("maria").password(" Secret-1 ").send().await));
}

#[tokio::test]
async fn a_refusal_reads_the_same() {
    let pool = a_pool().await;
    pool.user("john").await;
    let pools = pool.cognate.user_pools();
    let nobody = AdminGetUserRequest { user_pool_id: pool.id.clone(), username: "nobody".into() };
    assert_eq!(said(pools, nobody).await, refusal(pool.admin_get_user("nobody").send().await));
    let nowhere = pool.nowhere();
    let request = ListUsersRequest { user_pool_id: nowhere.id.clone(), ..Default::default() };
    assert_eq!(said(pools, request).await, refusal(nowhere.list_users().send().await));
    let request =
        ListUsersRequest { user_pool_id: pool.id.clone(), filter: Some("nonsense".into()), ..Default::default() };
    assert_eq!(said(pools, request).await, refusal(pool.list_users().filter("nonsense").send().await));
    let attributes = vec![AttributeType { name: "team".into(), value: Some("blue".into()) }];
    let request = AdminCreateUserRequest { user_attributes: Some(attributes), ..maria(&pool) };
    let wire = pool.admin_create_user("maria").user_attributes(attribute("team", "blue"));
    assert_eq!(said(pools, request).await, refusal(wire.send().await));
    let request = AdminCreateUserRequest { temporary_password: Some("weak".into()), ..maria(&pool) };
    let wire = pool.admin_create_user("maria").temporary_password("weak");
    assert_eq!(said(pools, request).await, refusal(wire.send().await));
    let request = AdminCreateUserRequest { username: "john".into(), ..maria(&pool) };
    assert_eq!(said(pools, request).await, refusal(pool.admin_create_user("john").send().await));
}

#[tokio::test]
async fn a_sign_in_works_in_process_too() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let parameters = [("USERNAME", "maria"), ("PASSWORD", PASSWORD)];
    let request = AdminInitiateAuthRequest {
        user_pool_id: pool.id.clone(),
        client_id: pool.client.as_str().into(),
        auth_flow: AuthFlowType::AdminUserPasswordAuth,
        auth_parameters: Some(parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
        ..Default::default()
    };
    let result = pool.cognate.user_pools().send(request).await.unwrap().authentication_result.unwrap();
    let access = result.access_token.unwrap();
    assert_eq!(pool.get_user(access.expose()).send().await.unwrap().username(), "maria");
}
