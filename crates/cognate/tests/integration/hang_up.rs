//! Callers who do not wait for the answer.

use std::time::Duration;

use cognate::model::{
    CreateUserPoolClientRequest, DeleteUserPoolClientRequest, DeleteUserPoolRequest, DescribeUserPoolClientRequest,
    DescribeUserPoolRequest, ListUserPoolsRequest, UpdateUserPoolClientRequest, UpdateUserPoolRequest,
};
use cognate::{Request, UserPools};
use serde_json::{Value, json};

use crate::api::{create_pool, send};
use crate::http::Connection;
use crate::served::Served;

/// Begins an operation and leaves when it first has to wait.
async fn send_and_leave<R: Request>(pools: &UserPools, members: Value) {
    tokio::select! {
        biased;
        _ = send::<R>(pools, members) => panic!("it was answered at once"),
        () = std::future::ready(()) => {}
    }
}

/// Asks until the answer is the wanted one: a write is under way.
async fn becomes<T>(mut ask: impl AsyncFnMut() -> T, wanted: impl Fn(&T) -> bool) {
    let asking = async {
        while !wanted(&ask().await) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asking).await.expect("what was committed shows");
}

async fn a_served_pool() -> (Served, String, Value) {
    let served = Served::dev().await;
    let pool = create_pool(&served.pools, json!({})).await;
    let client = json!({"UserPoolId": pool, "ClientName": "web"});
    let client = send::<CreateUserPoolClientRequest>(&served.pools, client).await.unwrap().user_pool_client.unwrap();
    let client = json!({"UserPoolId": pool, "ClientId": client.client_id});
    send::<DescribeUserPoolClientRequest>(&served.pools, client.clone()).await.unwrap();
    (served, pool, client)
}

#[tokio::test]
async fn a_change_shows_although_its_caller_left() {
    let (served, pool, client) = a_served_pool().await;
    let pools = &served.pools;
    send_and_leave::<UpdateUserPoolRequest>(pools, json!({"UserPoolId": pool, "PoolName": "renamed"})).await;
    let name = async || {
        let described = send::<DescribeUserPoolRequest>(pools, json!({"UserPoolId": pool})).await.unwrap();
        described.user_pool.unwrap().name
    };
    becomes(name, |name| name.as_deref() == Some("renamed")).await;
    let mut renamed = client.clone();
    renamed["ClientName"] = json!("renamed");
    send_and_leave::<UpdateUserPoolClientRequest>(pools, renamed).await;
    let name = async || {
        let described = send::<DescribeUserPoolClientRequest>(pools, client.clone()).await.unwrap();
        described.user_pool_client.unwrap().client_name
    };
    becomes(name, |name| name.as_deref() == Some("renamed")).await;
}

#[tokio::test]
async fn what_was_deleted_is_gone_although_the_caller_left() {
    let (served, pool, client) = a_served_pool().await;
    let pools = &served.pools;
    send_and_leave::<DeleteUserPoolClientRequest>(pools, client.clone()).await;
    becomes(async || send::<DescribeUserPoolClientRequest>(pools, client.clone()).await, Result::is_err).await;
    send_and_leave::<DeleteUserPoolRequest>(pools, json!({"UserPoolId": pool})).await;
    let describe = async || send::<DescribeUserPoolRequest>(pools, json!({"UserPoolId": pool})).await;
    becomes(describe, Result::is_err).await;
}

#[tokio::test]
async fn a_connection_that_closes_early_leaves_nothing_stale() {
    let (served, pool, _) = a_served_pool().await;
    for round in 0..10 {
        let name = format!("round {round}");
        let body = json!({"UserPoolId": pool, "PoolName": name}).to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\nx-amz-target: \
             AWSCognitoIdentityProviderService.UpdateUserPool\r\nx-amz-date: 20260101T000000Z\r\nauthorization: \
             {}\r\ncontent-length: {}\r\n\r\n",
            crate::api::AUTHORIZATION,
            body.len()
        );
        let mut connection = Connection::open(served.server.address()).await.unwrap();
        connection.send_raw(format!("{head}{body}").as_bytes()).await.unwrap();
        drop(connection);
        // Lists come from the store, descriptions from memory.
        let listed = async || {
            let listed = send::<ListUserPoolsRequest>(&served.pools, json!({"MaxResults": 60})).await.unwrap();
            listed.user_pools.unwrap().into_iter().next().unwrap().name
        };
        becomes(listed, |listed| listed.as_deref() == Some(&*name)).await;
        let described = async || {
            let described = send::<DescribeUserPoolRequest>(&served.pools, json!({"UserPoolId": pool})).await.unwrap();
            described.user_pool.unwrap().name
        };
        becomes(described, |described| described.as_deref() == Some(&*name)).await;
    }
}
