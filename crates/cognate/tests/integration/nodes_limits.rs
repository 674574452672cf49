//! Limits hold for all nodes together: on how many things there may be, where several make them at the same moment, and
//! on how often may be asked.

use std::time::Duration;

use cognate::UserPools;
use cognate::model::{
    AdminAddUserToGroupRequest, AdminListGroupsForUserRequest, AdminListUserSessionsRequest, CreateGroupRequest,
    CreateUserPoolClientRequest, InitiateAuthRequest, ListGroupsRequest, SetUserPoolSessionConfigurationRequest,
};
use cognate_store::{DatabaseOptions, Store, groups};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::api::{create_pool, send};
use crate::http::Connection;
use crate::nodes::{Cluster, PASSWORD};
use crate::process::Program;
use crate::served::unsigned;

/// Makes all requests at once, one after the other at each node in turn; gives how many succeeded.
async fn succeed<R>(nodes: &[UserPools; 2], requests: Vec<Value>) -> usize
where
    R: cognate::Request + 'static,
    R::Response: 'static,
{
    let mut tasks = JoinSet::new();
    for (number, members) in requests.into_iter().enumerate() {
        let node = nodes[number % 2].clone();
        tasks.spawn(async move { send::<R>(&node, members).await.is_ok() });
    }
    tasks.join_all().await.into_iter().filter(|succeeded| *succeeded).count()
}

async fn create_user(node: &UserPools, pool: &str) {
    use cognate::model::{AdminCreateUserRequest, AdminSetUserPasswordRequest};
    let user = json!({"UserPoolId": pool, "Username": "maria", "MessageAction": "SUPPRESS"});
    send::<AdminCreateUserRequest>(node, user).await.unwrap();
    let password = json!({"UserPoolId": pool, "Username": "maria", "Password": PASSWORD, "Permanent": true});
    send::<AdminSetUserPasswordRequest>(node, password).await.unwrap();
}

/// Writes groups beside the nodes, many at once.
async fn write_groups(store: &Store, pool: &str, count: usize) {
    let pool = pool.to_owned();
    let group = move |number: usize| cognate::model::GroupType {
        group_name: Some(format!("group{number:05}")),
        user_pool_id: Some(pool.clone()),
        ..Default::default()
    };
    let written = store.write(move |tx| {
        (0..count).try_for_each(|number| {
            let group = group(number);
            groups::insert(tx, group.user_pool_id.as_deref().unwrap(), &group)
        })
    });
    written.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_user_is_in_a_hundred_groups_and_no_more() {
    let Some(cluster) = Cluster::new() else { return };
    let nodes = [cluster.open(), cluster.open()];
    let store = Store::connect(&cluster.url, DatabaseOptions::default()).unwrap();
    let pool = create_pool(&nodes[0], json!({})).await;
    create_user(&nodes[0], &pool).await;
    write_groups(&store, &pool, 140).await;
    let join =
        |number: usize| json!({"UserPoolId": pool, "Username": "maria", "GroupName": format!("group{number:05}")});
    let joined = succeed::<AdminAddUserToGroupRequest>(&nodes, (0..140).map(join).collect()).await;
    let members = json!({"UserPoolId": pool, "Username": "maria", "Limit": 60});
    let first = send::<AdminListGroupsForUserRequest>(&nodes[0], members.clone()).await.unwrap();
    let mut rest = members;
    rest["NextToken"] = json!(first.next_token.unwrap());
    let rest = send::<AdminListGroupsForUserRequest>(&nodes[0], rest).await.unwrap();
    assert_eq!((joined, first.groups.unwrap().len() + rest.groups.unwrap().len()), (100, 100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pool_has_ten_thousand_groups_and_no_more() {
    let Some(cluster) = Cluster::new() else { return };
    let nodes = [cluster.open(), cluster.open()];
    let store = Store::connect(&cluster.url, DatabaseOptions::default()).unwrap();
    let pool = create_pool(&nodes[0], json!({})).await;
    write_groups(&store, &pool, 9_990).await;
    // The nodes know the pool, so that nothing but the rows decides.
    for node in &nodes {
        send::<ListGroupsRequest>(node, json!({"UserPoolId": pool, "Limit": 1})).await.unwrap();
    }
    let create = |number| json!({"UserPoolId": pool, "GroupName": format!("late{number}")});
    assert_eq!(succeed::<CreateGroupRequest>(&nodes, (0..40).map(create).collect()).await, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_user_has_as_many_sessions_as_the_pool_says_and_no_more() {
    let Some(cluster) = Cluster::new() else { return };
    let nodes = [cluster.open(), cluster.open()];
    let pool = create_pool(&nodes[0], json!({})).await;
    create_user(&nodes[0], &pool).await;
    let config = json!({
        "UserPoolId": pool, "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 3},
    });
    send::<SetUserPoolSessionConfigurationRequest>(&nodes[0], config).await.unwrap();
    let client = json!({"UserPoolId": pool, "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]});
    let client = send::<CreateUserPoolClientRequest>(&nodes[0], client).await.unwrap();
    let client = client.user_pool_client.unwrap().client_id.unwrap();
    let parameters = json!({"USERNAME": "maria", "PASSWORD": PASSWORD});
    let sign_in = json!({"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters});
    assert_eq!(succeed::<InitiateAuthRequest>(&nodes, vec![sign_in; 24]).await, 24);
    let living = json!({"UserPoolId": pool, "Username": "maria"});
    let living = send::<AdminListUserSessionsRequest>(&nodes[1], living).await.unwrap();
    assert_eq!(living.sessions.unwrap_or_default().len(), 3);
}

/// Asks without a signature about a user; whether it was too often.
async fn is_too_often(node: &Program, client: &str) -> bool {
    let body = json!({
        "ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "none"},
    });
    let mut connection = Connection::open(node.address).await.unwrap();
    let answer = connection.send("POST /", &unsigned("InitiateAuth"), body.to_string().as_bytes()).await.unwrap();
    answer.exception().0 == "TooManyRequestsException"
}

#[tokio::test]
async fn what_one_node_admitted_is_missing_from_the_rate_at_another() {
    const BURST: usize = 60;
    let Some(cluster) = Cluster::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cognate.toml");
    std::fs::write(&config, format!("[limits]\nuser_per_second = 1\nuser_burst = {BURST}\n")).unwrap();
    let start = || cluster.start_at("127.0.0.1:0", &["--config", config.to_str().unwrap()]);
    let [here, there] = [start(), start()];
    let client = "0123456789abcdefghijklmnop";
    let mut admitted = 0;
    while !is_too_often(&here, client).await {
        admitted += 1;
    }
    assert!(admitted >= BURST, "{admitted}");
    // Half of what the other one would admit alone, until it has heard.
    for asked in 0.. {
        assert!(asked < BURST / 2, "the other node admitted {asked} more");
        if is_too_often(&there, client).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(!is_too_often(&there, "another").await, "others are admitted");
}
