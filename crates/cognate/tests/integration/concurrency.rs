//! Many callers at once: one winner where there can be one, nothing lost where there is room for all.

use std::sync::Arc;

use cognate::UserPools;
use cognate::model::{
    AdminCreateUserRequest, AdminDeleteUserRequest, AdminGetUserRequest, AdminInitiateAuthRequest,
    AdminRespondToAuthChallengeRequest, AdminUpdateUserAttributesRequest, CreateUserPoolClientRequest,
    DeleteUserPoolRequest, DescribeUserPoolRequest, ListUsersRequest,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::api::{Refusal, create_pool, refused, send};

fn open() -> (UserPools, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (UserPools::open(crate::engine::development(folder.path())).unwrap(), folder)
}

/// Starts all requests at the same moment and gives their answers.
async fn all_at_once<R>(pools: &UserPools, requests: Vec<Value>) -> Vec<Result<R::Response, Refusal>>
where
    R: cognate::Request + 'static,
    R::Response: 'static,
{
    let start = Arc::new(Barrier::new(requests.len()));
    let mut tasks = JoinSet::new();
    for members in requests {
        let (pools, start) = (pools.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            send::<R>(&pools, members).await
        });
    }
    tasks.join_all().await
}

fn create(pool: &str, username: &str) -> Value {
    json!({"UserPoolId": pool, "Username": username, "MessageAction": "SUPPRESS"})
}

async fn attributes(pools: &UserPools, pool: &str, username: &str) -> Vec<(String, String)> {
    let user = send::<AdminGetUserRequest>(pools, json!({"UserPoolId": pool, "Username": username})).await.unwrap();
    user.user_attributes.unwrap().into_iter().map(|attribute| (attribute.name, attribute.value.unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_creates_of_one_name_one_succeeds() {
    let (pools, _folder) = open();
    let pool = create_pool(&pools, json!({})).await;
    let answers = all_at_once::<AdminCreateUserRequest>(&pools, vec![create(&pool, "maria"); 20]).await;
    let refusals: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    assert_eq!(refusals, vec![refused("UsernameExistsException", "User account already exists"); 19]);
    let listed = send::<ListUsersRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap();
    assert_eq!(listed.users.unwrap().len(), 1);
    let described = send::<DescribeUserPoolRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap();
    assert_eq!(described.user_pool.unwrap().estimated_number_of_users, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_deletions_of_one_user_one_succeeds() {
    let (pools, _folder) = open();
    let pool = create_pool(&pools, json!({})).await;
    send::<AdminCreateUserRequest>(&pools, create(&pool, "maria")).await.unwrap();
    let user = json!({"UserPoolId": pool, "Username": "maria"});
    let answers = all_at_once::<AdminDeleteUserRequest>(&pools, vec![user; 20]).await;
    let refusals: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    assert_eq!(refusals, vec![refused("UserNotFoundException", "User does not exist."); 19]);
    let described = send::<DescribeUserPoolRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap();
    assert_eq!(described.user_pool.unwrap().estimated_number_of_users, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_deletions_of_one_pool_one_succeeds() {
    let (pools, _folder) = open();
    let pool = create_pool(&pools, json!({})).await;
    let answers = all_at_once::<DeleteUserPoolRequest>(&pools, vec![json!({"UserPoolId": pool}); 20]).await;
    let refusals: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    let gone = refused("ResourceNotFoundException", &format!("User pool {pool} does not exist."));
    assert_eq!(refusals, vec![gone; 19]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_updates_of_different_attributes_lose_none() {
    const NAMES: [&str; 9] =
        ["name", "given_name", "family_name", "nickname", "profile", "website", "gender", "locale", "email"];
    let (pools, _folder) = open();
    let pool = create_pool(&pools, json!({})).await;
    send::<AdminCreateUserRequest>(&pools, create(&pool, "maria")).await.unwrap();
    for round in 0..5 {
        let value = format!("round{round}@example.com");
        let update = |name: &&str| json!({"UserPoolId": pool, "Username": "maria", "UserAttributes": [{"Name": name, "Value": value}]});
        let updates = NAMES.iter().map(update).collect();
        let answers = all_at_once::<AdminUpdateUserAttributesRequest>(&pools, updates).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        let found = attributes(&pools, &pool, "maria").await;
        for name in NAMES {
            assert!(found.contains(&(name.to_owned(), value.clone())), "{name} in round {round}: {found:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_claims_of_one_address_leave_one_owner() {
    const CLAIMANTS: usize = 12;
    let (pools, _folder) = open();
    let pool = create_pool(&pools, json!({"AliasAttributes": ["email"]})).await;
    for number in 0..CLAIMANTS {
        send::<AdminCreateUserRequest>(&pools, create(&pool, &format!("user{number}"))).await.unwrap();
    }
    let claim = |number| {
        json!({"UserPoolId": pool, "Username": format!("user{number}"), "UserAttributes": [
            {"Name": "email", "Value": "wanted@example.com"}, {"Name": "email_verified", "Value": "true"},
        ]})
    };
    let claims = (0..CLAIMANTS).map(claim).collect();
    let answers = all_at_once::<AdminUpdateUserAttributesRequest>(&pools, claims).await;
    assert!(answers.iter().all(Result::is_ok), "an administrator's claim moves the address: {answers:?}");
    let mut owners = Vec::new();
    for number in 0..CLAIMANTS {
        let username = format!("user{number}");
        let found = attributes(&pools, &pool, &username).await;
        assert!(found.contains(&("email".to_owned(), "wanted@example.com".to_owned())), "{username}: {found:?}");
        if found.contains(&("email_verified".to_owned(), "true".to_owned())) {
            owners.push(username);
        }
    }
    let by_address = json!({"UserPoolId": pool, "Username": "wanted@example.com"});
    let owner = send::<AdminGetUserRequest>(&pools, by_address).await.unwrap().username;
    assert_eq!(owners, [owner]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_parallel_creates_with_one_verified_address_one_succeeds() {
    let (pools, _folder) = open();
    let pool = create_pool(&pools, json!({"AliasAttributes": ["email"]})).await;
    let create = |number| {
        let mut members = create(&pool, &format!("user{number}"));
        members["UserAttributes"] = json!([
            {"Name": "email", "Value": "wanted@example.com"}, {"Name": "email_verified", "Value": "true"},
        ]);
        members
    };
    let answers = all_at_once::<AdminCreateUserRequest>(&pools, (0..12).map(create).collect()).await;
    let refusals: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    assert_eq!(refusals, vec![refused("UsernameExistsException", "An account with the email already exists."); 11]);
    let listed = send::<ListUsersRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap();
    assert_eq!(listed.users.unwrap().len(), 1, "the losers left nothing behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_answers_with_one_session_one_wins() {
    let (pools, _folder) = open();
    let pool = create_pool(&pools, json!({})).await;
    let client = json!({
        "UserPoolId": pool, "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    });
    let client = send::<CreateUserPoolClientRequest>(&pools, client).await.unwrap();
    let client = client.user_pool_client.unwrap().client_id.unwrap();
    for round in 0..5 {
        let username = format!("user{round}");
        let mut members = create(&pool, &username);
        members["TemporaryPassword"] = json!("TempPass123!");
        send::<AdminCreateUserRequest>(&pools, members).await.unwrap();
        let begin = json!({
            "UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": username, "PASSWORD": "TempPass123!"},
        });
        let session = send::<AdminInitiateAuthRequest>(&pools, begin).await.unwrap().session.unwrap();
        let answer = |password: &str| {
            json!({
                "UserPoolId": pool, "ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session,
                "ChallengeResponses": {"USERNAME": username, "NEW_PASSWORD": password},
            })
        };
        let answers = vec![answer("FirstPass123!"), answer("SecondPass123!")];
        let answers = all_at_once::<AdminRespondToAuthChallengeRequest>(&pools, answers).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert!(won.len() == 1 && won[0].as_ref().unwrap().authentication_result.is_some(), "round {round}: {won:?}");
        let (exception, message) = lost.into_iter().next().unwrap().unwrap_err();
        assert_eq!(exception, "NotAuthorizedException");
        assert!(message.starts_with("Invalid session for the user"), "{message}");
    }
}
