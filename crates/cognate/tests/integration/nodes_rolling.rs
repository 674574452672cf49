//! Servers that are replaced one after the other, under load: a client that tries again as SDKs do notices nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cognate::DatabaseOptions;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::nodes::{Admin, Cluster, PASSWORD, create_pool, create_user, flows, sign_in};
use crate::process::Program;
use crate::served::Signer;

/// How often the SDKs try.
const ATTEMPTS: u32 = 3;
const CLIENTS: usize = 8;

/// A client with the addresses of all nodes. It goes on to the next where one does not answer, as a load balancer does.
struct Client {
    nodes: Arc<[SocketAddr]>,
    next: usize,
    connection: Option<Connection>,
    moved: Arc<AtomicU64>,
}

impl Client {
    async fn call(&mut self, operation: &str, members: &Value) -> Value {
        let mut failures = Vec::new();
        for attempt in 0..ATTEMPTS {
            match self.attempt(operation, members).await {
                Ok(answer) => return answer,
                Err(failure) => failures.push(failure),
            }
            self.connection = None;
            self.next += 1;
            self.moved.fetch_add(1, Ordering::Relaxed);
            // What the SDKs wait at most before the second and the third attempt.
            tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
        }
        panic!("{operation} failed, and trying again did not help: {failures:?}");
    }

    /// The answer; a failure that SDKs try again after.
    async fn attempt(&mut self, operation: &str, members: &Value) -> Result<Value, String> {
        let lost = |error: std::io::Error| error.to_string();
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(self.nodes[self.next % self.nodes.len()]).await.map_err(lost)?),
        };
        let request = Signer::root().sign(operation, members);
        let answer = connection.send("POST /", &request.headers, &request.body).await.map_err(lost)?;
        if answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            (self.connection, self.next) = (None, self.next + 1);
            self.moved.fetch_add(1, Ordering::Relaxed);
        }
        let (exception, message) = answer.exception();
        match answer.status {
            200 => Ok(answer.json()),
            status if status >= 500 || exception == "TooManyRequestsException" => {
                Err(format!("{exception}: {message}"))
            }
            status => panic!("{operation}: {status} {exception}: {message}"),
        }
    }
}

/// What clients do until they are told to stop.
struct Load {
    is_over: Arc<AtomicBool>,
    moved: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    clients: JoinSet<Vec<String>>,
    pool: String,
}

impl Load {
    async fn begin(nodes: &[SocketAddr]) -> Self {
        let admin = Admin::at(nodes[0]);
        let (pool, client) = create_pool(&admin, flows()).await;
        create_user(&admin, &pool, "maria").await;
        let (is_over, moved, written) = <(Arc<AtomicBool>, Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let connection = Client { nodes: nodes.into(), next: number, connection: None, moved: Arc::clone(&moved) };
            let (is_over, written) = (Arc::clone(&is_over), Arc::clone(&written));
            clients.spawn(work(connection, number, pool.clone(), client.clone(), is_over, written));
        }
        Self { is_over, moved, written, clients, pool }
    }

    /// Lets so many more users be written.
    async fn go_on(&mut self, more: u64) {
        let until = self.written.load(Ordering::SeqCst) + more;
        while self.written.load(Ordering::SeqCst) < until {
            if let Some(ended) = self.clients.try_join_next() {
                panic!("a client ended: {ended:?}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends the load; everything that was acknowledged is there, as a node sees it, and nothing else.
    async fn end(self, node: SocketAddr) -> u64 {
        self.is_over.store(true, Ordering::SeqCst);
        let mut names: Vec<String> = self.clients.join_all().await.into_iter().flatten().collect();
        names.push("maria".to_owned());
        names.sort();
        let admin = Admin::at(node);
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let mut members = json!({"UserPoolId": self.pool});
            if !token.is_null() {
                members["PaginationToken"] = token;
            }
            let page = admin.call("ListUsers", members).await.unwrap();
            found.extend(
                page["Users"].as_array().unwrap().iter().map(|user| user["Username"].as_str().unwrap().to_owned()),
            );
            token = page["PaginationToken"].clone();
            if token.is_null() {
                break;
            }
        }
        found.sort();
        assert_eq!(found, names);
        self.moved.load(Ordering::Relaxed)
    }
}

/// Creates users, reads them, signs in; gives the names that were acknowledged.
async fn work(
    mut client: Client,
    number: usize,
    pool: String,
    app: String,
    is_over: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
) -> Vec<String> {
    let mut names = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        let name = format!("user-{number}-{}", names.len());
        let user = json!({
            "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD,
        });
        client.call("AdminCreateUser", &user).await;
        written.fetch_add(1, Ordering::SeqCst);
        let read = client.call("AdminGetUser", &json!({"UserPoolId": pool, "Username": name})).await;
        assert_eq!(read["Username"], json!(name));
        names.push(name);
        if names.len() % 4 == 0 {
            let token = client.call("InitiateAuth", &sign_in(&app, "maria")).await;
            let token = &token["AuthenticationResult"]["AccessToken"];
            assert_eq!(client.call("GetUser", &json!({"AccessToken": token})).await["Username"], "maria");
        }
    }
    names
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_are_restarted_one_after_the_other_fail_no_request() {
    let Some(cluster) = Cluster::new() else { return };
    let mut nodes: Vec<Program> = vec![cluster.start(), cluster.start()];
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.address).collect();
    let mut load = Load::begin(&addresses).await;
    load.go_on(20).await;
    for round in 0..4 {
        let place = round % 2;
        let node = nodes.remove(place);
        let ended = tokio::task::spawn_blocking(move || node.terminate());
        assert!(ended.await.unwrap(), "it ends well");
        load.go_on(10).await;
        let node = tokio::task::block_in_place(|| cluster.start_at(&addresses[place].to_string(), &[]));
        nodes.insert(place, node);
        load.go_on(10).await;
    }
    let moved = load.end(addresses[1]).await;
    assert!(moved > 0, "some clients met a server that was going");
}

/// As a later release may change the schema: what this one does not know of has a default.
const NEXT_STEP: &str = "ALTER TABLE users ADD COLUMN later BIGINT NOT NULL DEFAULT 0;\n\
    ALTER TABLE refresh_tokens ADD COLUMN later TEXT NOT NULL DEFAULT '';\n\
    CREATE TABLE later_things (pool TEXT NOT NULL, value BIGINT NOT NULL, PRIMARY KEY (pool));\n\
    CREATE INDEX users_later ON users (pool, later);\n";

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_of_one_release_before_go_on_while_a_newer_one_changes_the_schema() {
    let Some(cluster) = Cluster::new() else { return };
    let old = [cluster.start(), cluster.start()];
    let addresses: Vec<SocketAddr> = old.iter().map(|node| node.address).collect();
    let mut load = Load::begin(&addresses).await;
    load.go_on(20).await;
    let options = DatabaseOptions { next_step: Some(NEXT_STEP), ..DatabaseOptions::default() };
    let new = tokio::task::block_in_place(|| cluster.open_with(options.clone()));
    load.go_on(40).await;
    // The newer one finds what the older ones write, and they what it writes.
    let pools = new.pool_ids().await.unwrap();
    assert_eq!(pools, [load.pool.clone()]);
    let admin = Admin::at(addresses[0]);
    let group = json!({"UserPoolId": load.pool, "GroupName": "new"});
    crate::api::send::<cognate::model::CreateGroupRequest>(&new, group.clone()).await.unwrap();
    admin.call("GetGroup", group).await.unwrap();
    load.end(addresses[1]).await;
    // Started anew, the older release refuses: it does not know what it finds.
    let refused = cognate_store::Store::connect(&cluster.url, DatabaseOptions::default()).map(|_| ()).unwrap_err();
    assert!(matches!(refused, cognate_store::OpenError::Newer { .. }), "{refused}");
    drop(cluster.open_with(options));
}
