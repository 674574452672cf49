//! Several `cognate serve` on one database are as one.

use std::net::SocketAddr;
use std::time::Duration;

use cognate::{Config, Database, DatabaseOptions, UserPools};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{Refusal, refused};
use crate::deliveries::Gateway;
use crate::http::{Connection, headers};
use crate::process::{Program, succeed_with};
use crate::served::{ROOT, ROOT_SECRET, Signer};

/// How long something that happens in the background may take.
pub const SOON: Duration = Duration::from_secs(30);
pub const PASSWORD: &str = "Correct-horse-1";
const MASTER_KEY: &str = "abababababababababababababababababababababababababababababababab";

/// A database, and the servers on it.
pub struct Cluster {
    pub url: String,
    folder: TempDir,
}

impl Cluster {
    /// None where there is no PostgreSQL.
    pub fn new() -> Option<Self> {
        Some(Self { url: crate::postgres::new_database()?, folder: tempfile::tempdir().unwrap() })
    }

    fn environment(&self) -> [(&str, &str); 4] {
        [
            ("COGNATE_DATABASE_URL", &self.url),
            ("COGNATE_MASTER_KEY", MASTER_KEY),
            ("COGNATE_ROOT_ACCESS_KEY_ID", ROOT),
            ("COGNATE_ROOT_SECRET_ACCESS_KEY", ROOT_SECRET),
        ]
    }

    fn data(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// A server of its own.
    pub fn start(&self) -> Program {
        self.start_at("127.0.0.1:0", &[])
    }

    /// The same at this address, with these arguments besides.
    pub fn start_at(&self, address: &str, arguments: &[&str]) -> Program {
        let data = self.data();
        Program::serve(&[&["--listen", address, "--data", &data], arguments].concat(), &self.environment())
    }

    /// Runs a command of the program beside the servers.
    fn run(&self, arguments: &[&str]) -> String {
        let data = self.data();
        succeed_with(&[arguments, &["--data", &data]].concat(), &self.environment())
    }

    /// A node in this process, with a clock that can be moved.
    pub fn open(&self) -> UserPools {
        self.open_with(DatabaseOptions::default())
    }

    /// The same, with these options.
    pub fn open_with(&self, options: DatabaseOptions) -> UserPools {
        let database = Some(Database { url: self.url.clone().into(), options });
        let master_key = Some(MASTER_KEY.to_owned());
        UserPools::open(Config { database, master_key, ..Config::development(self.folder.path()) }).unwrap()
    }
}

/// An administrator of a node. Each request has a connection of its own: servers close those that wait for long.
pub struct Admin {
    address: SocketAddr,
    signer: Signer,
}

impl Admin {
    pub fn of(node: &Program) -> Self {
        Self::at(node.address)
    }

    pub fn at(address: SocketAddr) -> Self {
        Self { address, signer: Signer::root() }
    }

    /// The answer, or the exception and its message.
    pub async fn call(&self, operation: &str, members: Value) -> Result<Value, Refusal> {
        let request = self.signer.sign(operation, &members);
        let mut connection = Connection::open(self.address).await.unwrap();
        let answer = connection.send("POST /", &request.headers, &request.body).await.unwrap();
        if answer.status == 200 { Ok(answer.json()) } else { Err(answer.exception()) }
    }

    /// Asks until the answer is as wanted: what another node changed is seen soon.
    pub async fn until(&self, operation: &str, members: Value, wanted: impl Fn(&Result<Value, Refusal>) -> bool) {
        let mut last = None;
        let reached = async {
            loop {
                let answer = self.call(operation, members.clone()).await;
                let is_over = wanted(&answer);
                last = Some(answer);
                if is_over {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let in_time = tokio::time::timeout(SOON, reached).await.is_ok();
        assert!(in_time, "{operation} goes on answering {last:?}");
    }

    async fn get(&self, path: &str) -> Value {
        let host = headers(&[("host", "localhost")]);
        let mut connection = Connection::open(self.address).await.unwrap();
        connection.send(&format!("GET {path}"), &host, b"").await.unwrap().json()
    }
}

/// A pool with an app client that signs in with passwords.
pub async fn create_pool(admin: &Admin, mut client: Value) -> (String, String) {
    let pool = admin.call("CreateUserPool", json!({"PoolName": "people"})).await.unwrap();
    let pool = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
    client["UserPoolId"] = json!(pool);
    client["ClientName"] = json!("web");
    let client = admin.call("CreateUserPoolClient", client).await.unwrap();
    (pool, client["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned())
}

pub async fn create_user(admin: &Admin, pool: &str, name: &str) {
    let user = json!({"UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS"});
    admin.call("AdminCreateUser", user).await.unwrap();
    let password = json!({"UserPoolId": pool, "Username": name, "Password": PASSWORD, "Permanent": true});
    admin.call("AdminSetUserPassword", password).await.unwrap();
}

pub fn flows() -> Value {
    json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]})
}

pub fn sign_in(client: &str, name: &str) -> Value {
    let parameters = json!({"USERNAME": name, "PASSWORD": PASSWORD});
    json!({"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters})
}

async fn tokens(admin: &Admin, client: &str, name: &str) -> Value {
    admin.call("InitiateAuth", sign_in(client, name)).await.unwrap()["AuthenticationResult"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_changes_the_others_see() {
    let Some(cluster) = Cluster::new() else { return };
    let nodes = [cluster.start(), cluster.start(), cluster.start()];
    let [one, two, three] = [Admin::of(&nodes[0]), Admin::of(&nodes[1]), Admin::of(&nodes[2])];
    let (pool, client) = create_pool(&one, json!({"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]})).await;
    create_user(&one, &pool, "maria").await;
    // What the others keep in memory from here on.
    let flow = refused("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client");
    for other in [&two, &three] {
        assert_eq!(other.call("InitiateAuth", sign_in(&client, "maria")).await, Err(flow.clone()));
    }

    let update = json!({"UserPoolId": pool, "ClientId": client, "ExplicitAuthFlows": flows()["ExplicitAuthFlows"]});
    one.call("UpdateUserPoolClient", update).await.unwrap();
    for other in [&two, &three] {
        other.until("InitiateAuth", sign_in(&client, "maria"), Result::is_ok).await;
    }

    let closed = json!({"UserPoolId": pool, "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}});
    two.call("UpdateUserPool", closed).await.unwrap();
    let sign_up = json!({"ClientId": client, "Username": "nina", "Password": "short"});
    let refusal = refused("NotAuthorizedException", "SignUp is not permitted for this user pool");
    for other in [&one, &three] {
        other.until("SignUp", sign_up.clone(), |answer| *answer == Err(refusal.clone())).await;
    }

    three.call("DeleteUserPoolClient", json!({"UserPoolId": pool, "ClientId": client})).await.unwrap();
    let is_gone =
        |answer: &Result<Value, Refusal>| answer.as_ref().is_err_and(|(name, _)| name == "ResourceNotFoundException");
    for other in [&one, &two] {
        other.until("InitiateAuth", sign_in(&client, "maria"), is_gone).await;
    }

    let nobody = json!({"UserPoolId": pool, "Username": "nobody"});
    for other in [&one, &three] {
        let answer = other.call("AdminGetUser", nobody.clone()).await;
        assert_eq!(answer, Err(refused("UserNotFoundException", "User does not exist.")));
    }
    two.call("DeleteUserPool", json!({"UserPoolId": pool})).await.unwrap();
    for other in [&one, &three] {
        other.until("AdminGetUser", nobody.clone(), is_gone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_one_node_signs_is_good_at_the_others_at_once() {
    let Some(cluster) = Cluster::new() else { return };
    let nodes = [cluster.start(), cluster.start()];
    let (one, two) = (Admin::of(&nodes[0]), Admin::of(&nodes[1]));
    let (pool, client) = create_pool(&one, flows()).await;
    create_user(&one, &pool, "maria").await;
    let jwks = format!("/{pool}/.well-known/jwks.json");
    let first = tokens(&one, &client, "maria").await["AccessToken"].clone();
    two.call("GetUser", json!({"AccessToken": first})).await.unwrap();
    let before = two.get(&jwks).await;
    let rotated: Value = serde_json::from_str(&cluster.run(&["keys", "rotate", "--ahead", "0"])).unwrap();
    let new = rotated[0]["AccessTokenKeyId"].as_str().unwrap();
    assert!(!before.to_string().contains(new));
    // Until the first node has noticed, and signs with the new key; the other has not been asked meanwhile.
    loop {
        let token = tokens(&one, &client, "maria").await["AccessToken"].clone();
        two.call("GetUser", json!({"AccessToken": token})).await.expect("a token of the other node is good");
        let header = token.as_str().unwrap().split('.').next().unwrap();
        let header = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).unwrap();
        if String::from_utf8(header).unwrap().contains(new) {
            break;
        }
    }
    assert!(two.get(&jwks).await.to_string().contains(new));
    two.call("GetUser", json!({"AccessToken": first})).await.expect("older tokens stay good");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_and_refresh_tokens_go_from_node_to_node_and_count_once() {
    let Some(cluster) = Cluster::new() else { return };
    let nodes = [cluster.start(), cluster.start()];
    let (one, two) = (Admin::of(&nodes[0]), Admin::of(&nodes[1]));
    let mut config = json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]});
    config["RefreshTokenRotation"] = json!({"Feature": "ENABLED", "RetryGracePeriodSeconds": 0});
    let (pool, client) = create_pool(&one, config).await;
    for round in 0..3 {
        let name = format!("user{round}");
        let user =
            json!({"UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD});
        one.call("AdminCreateUser", user).await.unwrap();
        // A challenge of one node, answered at both at once.
        let session = one.call("InitiateAuth", sign_in(&client, &name)).await.unwrap()["Session"].clone();
        let answer = |password: &str| {
            let responses = json!({"USERNAME": name, "NEW_PASSWORD": password});
            json!({"ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeResponses": responses})
        };
        let (first, second) = tokio::join!(
            one.call("RespondToAuthChallenge", answer("First-horse-1")),
            two.call("RespondToAuthChallenge", answer("Second-horse-2")),
        );
        let won: Vec<_> = [&first, &second].into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "{first:?} {second:?}");
        // Its refresh token, exchanged at both at once.
        let result = won[0]["AuthenticationResult"].clone();
        let refresh = json!({"ClientId": client, "RefreshToken": result["RefreshToken"]});
        let (first, second) = tokio::join!(
            one.call("GetTokensFromRefreshToken", refresh.clone()),
            two.call("GetTokensFromRefreshToken", refresh.clone()),
        );
        assert_eq!([&first, &second].into_iter().flatten().count(), 1, "{first:?} {second:?}");
        let (name, _) = first.err().or(second.err()).unwrap();
        assert_eq!(name, "RefreshTokenReuseException");
        // Which ended the sign-in, everywhere and at once.
        let token = json!({"AccessToken": result["AccessToken"]});
        let revoked = refused("NotAuthorizedException", "Access Token has been revoked");
        assert_eq!(one.call("GetUser", token.clone()).await, Err(revoked.clone()));
        assert_eq!(two.call("GetUser", token).await, Err(revoked));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_at_one_node_is_signed_out_at_the_others_at_once() {
    let Some(cluster) = Cluster::new() else { return };
    let nodes = [cluster.start(), cluster.start()];
    let (one, two) = (Admin::of(&nodes[0]), Admin::of(&nodes[1]));
    let (pool, client) = create_pool(&one, flows()).await;
    create_user(&two, &pool, "maria").await;
    let result = tokens(&one, &client, "maria").await;
    let token = json!({"AccessToken": result["AccessToken"]});
    two.call("GetUser", token.clone()).await.unwrap();
    one.call("GlobalSignOut", token.clone()).await.unwrap();
    let revoked = refused("NotAuthorizedException", "Access Token has been revoked");
    assert_eq!(two.call("GetUser", token).await, Err(revoked));
    let refresh = json!({"REFRESH_TOKEN": result["RefreshToken"]});
    let refresh = json!({"ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": refresh});
    let revoked = refused("NotAuthorizedException", "Refresh Token has been revoked");
    assert_eq!(two.call("InitiateAuth", refresh).await, Err(revoked));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_key_works_at_every_node_until_it_is_deleted() {
    let Some(cluster) = Cluster::new() else { return };
    let nodes = [cluster.start(), cluster.start()];
    let policy = cluster.folder.path().join("policy.json");
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"}]});
    std::fs::write(&policy, text.to_string()).unwrap();
    let key = cluster.run(&["access-key", "create", "--policy", policy.to_str().unwrap()]);
    let key: Value = serde_json::from_str(&key).unwrap();
    let (id, secret) = (key["AccessKeyId"].as_str().unwrap(), key["SecretAccessKey"].as_str().unwrap());
    let mut admins = Vec::new();
    for node in &nodes {
        let admin = Admin { signer: Signer::new(id, secret), ..Admin::of(node) };
        admin.call("ListUserPools", json!({"MaxResults": 1})).await.unwrap();
        admins.push(admin);
    }
    cluster.run(&["access-key", "delete", id]);
    for admin in &admins {
        admin.until("ListUserPools", json!({"MaxResults": 1}), Result::is_err).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_workers_of_two_nodes_one_delivers_each_message() {
    let Some(cluster) = Cluster::new() else { return };
    let (gateway, url) = Gateway::start().await;
    let config = cluster.folder.path().join("cognate.toml");
    std::fs::write(&config, format!("[sms]\ngateway = \"{url}\"\n")).unwrap();
    let arguments = ["--config", config.to_str().unwrap()];
    let nodes = [cluster.start_at("127.0.0.1:0", &arguments), cluster.start_at("127.0.0.1:0", &arguments)];
    let admins = [Admin::of(&nodes[0]), Admin::of(&nodes[1])];
    let (pool, _) = create_pool(&admins[0], flows()).await;
    for number in 0..16 {
        let phone = json!([{"Name": "phone_number", "Value": format!("+120655501{number:02}")}]);
        let user = json!({
            "UserPoolId": pool, "Username": format!("user{number}"), "UserAttributes": phone,
            "DesiredDeliveryMediums": ["SMS"],
        });
        admins[number % 2].call("AdminCreateUser", user).await.unwrap();
    }
    let delivered = async {
        while gateway.count().await < 16 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, delivered).await.expect("every message is delivered");
    for node in nodes {
        assert!(node.terminate(), "what was on its way has ended");
    }
    let mut numbers: Vec<String> = gateway.texts.lock().await.iter().map(|text| text["to"].to_string()).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!((gateway.count().await, numbers.len()), (16, 16));
}

#[test]
fn of_servers_that_start_at_once_on_an_empty_database_one_lays_it_down() {
    let Some(cluster) = Cluster::new() else { return };
    let data = cluster.data();
    // Without a root key of the environment: one of them makes it.
    let environment = [("COGNATE_DATABASE_URL", cluster.url.as_str()), ("COGNATE_MASTER_KEY", MASTER_KEY)];
    let start = || Program::serve(&["--listen", "127.0.0.1:0", "--data", &data], &environment);
    let nodes: Vec<Program> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
        starting.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let shown = nodes.iter().filter(|node| node.greeting.contains("AWS_SECRET_ACCESS_KEY=")).count();
    assert_eq!(shown, 1, "one root key, shown by the server that made it");
}
