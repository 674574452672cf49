//! Data folders with users in them, written in-process: thousands of creations under way at once share fsyncs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::model::{
    AdminCreateUserRequest, AttributeType, CreateUserPoolClientRequest, CreateUserPoolRequest, ExplicitAuthFlowsType,
    MessageActionType,
};
use cognate::{Config, Database, DatabaseOptions, UserPools};
use tokio::task::JoinSet;

use crate::Failure;

/// How many users the small pool has.
pub const SMALL: usize = 1_000;
/// How many users a pool has at most: below the stride, and within seven digits.
pub const LARGEST: usize = 10_000_000;
/// How many creations are under way at once; the store's queue takes a few more.
const UNDER_WAY: usize = 2_000;
/// Users arrive in the order of multiples of this prime, so that no index has the luck of sorted keys.
pub const STRIDE: usize = 10_368_797;

/// A data folder with one pool.
#[derive(Clone)]
pub struct Seeded {
    /// The folder.
    pub folder: PathBuf,
    /// How many users were written.
    pub users: usize,
    /// The pool.
    pub pool: String,
    /// An app client that may sign users in.
    pub client: String,
}

/// The name of a user; seven digits, so that names and addresses share prefixes in tens.
pub fn username(number: usize) -> String {
    format!("user-{number:07}")
}

/// The attributes of a user by its name.
pub fn attributes(username: &str) -> Vec<AttributeType> {
    [("email", format!("{username}@example.com")), ("name", format!("Name of {username}"))]
        .map(|(name, value)| AttributeType { name: name.to_owned(), value: Some(value) })
        .into()
}

/// Writes a folder.
pub async fn write(folder: &Path, users: usize) -> Result<Seeded, Failure> {
    fill(Config::development(folder), folder, users).await
}

/// The same into a database; the folder has the master key.
pub async fn write_database(folder: &Path, url: &str, users: usize) -> Result<Seeded, Failure> {
    let database = Database { url: url.to_owned().into(), options: DatabaseOptions::default() };
    fill(Config { database: Some(database), ..Config::development(folder) }, folder, users).await
}

/// Writes the users into what this configuration names.
pub async fn fill(config: Config, folder: &Path, users: usize) -> Result<Seeded, Failure> {
    let pools = UserPools::open(config).map_err(|e| e.to_string())?;
    let request = CreateUserPoolRequest { pool_name: "bench".to_owned(), ..Default::default() };
    let pool = pools.send(request).await.map_err(|e| e.to_string())?.user_pool;
    let pool = pool.and_then(|pool| pool.id).ok_or("the pool has no id")?;
    let request = CreateUserPoolClientRequest {
        user_pool_id: pool.clone(),
        client_name: "bench".to_owned(),
        explicit_auth_flows: Some(vec![
            ExplicitAuthFlowsType::AllowAdminUserPasswordAuth,
            ExplicitAuthFlowsType::AllowRefreshTokenAuth,
            ExplicitAuthFlowsType::AllowUserSrpAuth,
        ]),
        ..Default::default()
    };
    let client = pools.send(request).await.map_err(|e| e.to_string())?.user_pool_client;
    let client = client.and_then(|client| client.client_id).ok_or("the client has no id")?;
    create_users(&pools, &pool, users).await?;
    Ok(Seeded { folder: folder.to_path_buf(), users, pool, client })
}

async fn create_users(pools: &UserPools, pool: &str, users: usize) -> Result<(), Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..UNDER_WAY.min(users) {
        let (pools, pool, next) = (pools.clone(), pool.to_owned(), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                if turn >= users {
                    return Ok::<_, Failure>(());
                }
                let username = username(turn * STRIDE % users);
                let request = AdminCreateUserRequest {
                    user_pool_id: pool.clone(),
                    user_attributes: Some(attributes(&username)),
                    username,
                    temporary_password: Some("Bench-Pass-1!".into()),
                    message_action: Some(MessageActionType::Suppress),
                    ..Default::default()
                };
                pools.send(request).await.map_err(|e| format!("seeding: {e}"))?;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(|e| e.to_string())??;
    }
    Ok(())
}
