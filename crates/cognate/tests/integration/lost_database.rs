//! A server whose database goes away under it: at any message of a request, and as a whole. What was answered is there,
//! nothing is there twice, and the server goes on by itself.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::api::{DevClient, Refusal};
use crate::moving_jobs;
use crate::process::Program;
use crate::proxy::{Cut, Proxy, When};

/// A PostgreSQL server of one test's own.
struct Database {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    url: String,
}

impl Database {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/postgres");
        let mut process = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut url = String::new();
        output.read_line(&mut url).unwrap();
        output.read_line(&mut String::new()).unwrap();
        assert!(!url.is_empty(), "the tests need PostgreSQL: `make packages` installs it");
        Self { input: process.stdin.take(), process, output, url: url.trim().to_owned() }
    }

    /// Ends all its processes at once, and starts it again.
    fn crash(&mut self) {
        writeln!(self.input.as_ref().unwrap(), "crash").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "restarted");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The end of its input stops it.
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

const PASSWORD: &str = "Sample-Pass-1!";

/// A pool through a server, and what must be in it.
struct House {
    client: DevClient,
    pool: String,
    app: String,
    users: u64,
}

impl House {
    async fn furnish(program: &Program) -> Self {
        let mut client = DevClient::connect(program.address).await.unwrap();
        let made = client.call("CreateUserPool", &json!({"PoolName": "employees"})).await.unwrap().unwrap();
        let pool = made["UserPool"]["Id"].as_str().unwrap().to_owned();
        let app = json!({"UserPoolId": pool, "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH"]});
        let app = client.call("CreateUserPoolClient", &app).await.unwrap().unwrap();
        let app = app["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
        let group = json!({"UserPoolId": pool, "GroupName": "readers"});
        client.call("CreateGroup", &group).await.unwrap().unwrap();
        Self { client, pool, app, users: 0 }
    }

    async fn call(&mut self, operation: &str, mut members: Value) -> Result<Value, Refusal> {
        members["UserPoolId"] = json!(self.pool);
        self.client.call(operation, &members).await.unwrap()
    }

    async fn count(&mut self) -> Value {
        self.call("DescribeUserPool", json!({})).await.unwrap()["UserPool"]["EstimatedNumberOfUsers"].clone()
    }

    /// One step of the life of a user: does it, and looks whether it was done once.
    async fn step(&mut self, step: usize, name: &str) {
        let user = json!({"Username": name});
        match step {
            0 => {
                let email = json!([{"Name": "email", "Value": format!("{name}@example.com")}]);
                let new = json!({"Username": name, "UserAttributes": email, "MessageAction": "SUPPRESS"});
                self.call("AdminCreateUser", new).await.unwrap();
                self.users += 1;
                assert_eq!(self.call("AdminGetUser", user).await.unwrap()["Username"], name);
            }
            1 => {
                let password = json!({"Username": name, "Password": PASSWORD, "Permanent": true});
                self.call("AdminSetUserPassword", password).await.unwrap();
                assert_eq!(self.call("AdminGetUser", user).await.unwrap()["UserStatus"], "CONFIRMED");
            }
            2 => {
                let member = json!({"Username": name, "GroupName": "readers"});
                self.call("AdminAddUserToGroup", member).await.unwrap();
                let groups = self.call("AdminListGroupsForUser", user).await.unwrap();
                assert_eq!(groups["Groups"].as_array().unwrap().len(), 1);
            }
            3 => {
                let sign_in = json!({"ClientId": self.app, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
                    "AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD}});
                let tokens = self.call("AdminInitiateAuth", sign_in).await.unwrap();
                let refresh = json!({"ClientId": self.app, "AuthFlow": "REFRESH_TOKEN_AUTH",
                    "AuthParameters": {"REFRESH_TOKEN": tokens["AuthenticationResult"]["RefreshToken"]}});
                self.call("AdminInitiateAuth", refresh).await.unwrap();
            }
            _ => {
                self.call("AdminDeleteUser", user.clone()).await.unwrap();
                self.users -= 1;
                assert_eq!(self.call("AdminGetUser", user).await.unwrap_err().0, "UserNotFoundException");
            }
        }
        assert_eq!(self.count().await, self.users, "step {step} of {name}");
    }
}

const STEPS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_at_any_message_of_a_request_is_noticed_by_nobody() {
    let database = Database::start();
    let proxy = Proxy::start(&database.url);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("settings.toml");
    // A connection that was left with a transaction open holds its locks for a third of this.
    std::fs::write(&config, "[database]\nconnections = 2\nstatement_seconds = 2\n").unwrap();
    let program = Program::start_on("dev", folder.path(), proxy.url(), &["--config", config.to_str().unwrap()]);
    let mut house = House::furnish(&program).await;
    // Once in peace, so that all is prepared and cached.
    for step in 0..STEPS {
        house.step(step, "first").await;
    }
    for how in [Cut::Before, Cut::After, Cut::AfterTheAnswer, Cut::Late, Cut::Held] {
        // A server that is left to wait holds its locks for a while: that is tried at the commits alone.
        let waits = matches!(how, Cut::Late | Cut::Held);
        for step in 0..STEPS {
            for message in 0.. {
                let name = format!("user-{how:?}-{step}-{message}").to_lowercase();
                for before in 0..step {
                    house.step(before, &name).await;
                }
                proxy.cut(if waits { When::Commit } else { When::Message(message) }, how);
                house.step(step, &name).await;
                if !proxy.has_cut() || waits {
                    break;
                }
                for after in step + 1..STEPS {
                    house.step(after, &name).await;
                }
            }
        }
    }
}

const WRITERS: u64 = 8;
/// How many creations are answered between two crashes.
const BETWEEN: u64 = 60;

/// Creates users until it is told to end; gives those that were acknowledged, and those of which nobody knows.
async fn create(program: Arc<Program>, pool: Arc<str>, writer: u64, tally: Arc<Tally>) -> (Vec<String>, Vec<String>) {
    let (mut acknowledged, mut unknown) = (Vec::new(), Vec::new());
    let mut client = DevClient::connect(program.address).await.unwrap();
    for number in 0_u64.. {
        if tally.is_over.load(Ordering::SeqCst) > 0 {
            break;
        }
        let name = format!("user-{writer}-{number}");
        let new = json!({"UserPoolId": &*pool, "Username": name, "MessageAction": "SUPPRESS"});
        match client.call("AdminCreateUser", &new).await.unwrap() {
            Ok(_) => {
                acknowledged.push(name);
                tally.count();
            }
            Err((exception, message)) => {
                let is_modelled = ["InternalErrorException", "TooManyRequestsException"].contains(&&*exception);
                assert!(is_modelled, "{name}: {exception}: {message}");
                unknown.push(name);
            }
        }
    }
    (acknowledged, unknown)
}

#[derive(Default)]
struct Tally {
    answered: AtomicU64,
    changed: Notify,
    is_over: AtomicU64,
}

impl Tally {
    fn count(&self) {
        self.answered.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
    }

    async fn reaches(&self, answered: u64) {
        while self.answered.load(Ordering::SeqCst) < answered {
            self.changed.notified().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_crashes_and_comes_back_costs_no_answered_write() {
    let mut database = Database::start();
    let folder = tempfile::tempdir().unwrap();
    let program = Arc::new(Program::start_on("dev", folder.path(), &database.url, &[]));
    let mut house = House::furnish(&program).await;
    let (tally, pool) = (Arc::new(Tally::default()), Arc::<str>::from(&*house.pool));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(create(Arc::clone(&program), Arc::clone(&pool), writer, Arc::clone(&tally)));
    }
    for crash in 1..=3 {
        tally.reaches(crash * BETWEEN).await;
        tokio::task::block_in_place(|| database.crash());
        // The next ones are answered by the server that has recovered.
        tally.reaches(tally.answered.load(Ordering::SeqCst) + BETWEEN).await;
    }
    tally.is_over.store(1, Ordering::SeqCst);
    let mut present = 0;
    for (acknowledged, unknown) in writers.join_all().await {
        for name in acknowledged {
            house.call("AdminGetUser", json!({"Username": name})).await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
            present += 1;
        }
        for name in unknown {
            present += u64::from(house.call("AdminGetUser", json!({"Username": name})).await.is_ok());
        }
    }
    assert_eq!(house.count().await, present, "the counter disagrees");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_and_comes_back_ends_no_import_job() {
    let mut database = Database::start();
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_on("dev", folder.path(), &database.url, &[]);
    let mut client = DevClient::connect(program.address).await.unwrap();
    let pool = json!({"PoolName": "employees", "AutoVerifiedAttributes": ["email"]});
    let pool = client.call("CreateUserPool", &pool).await.unwrap().unwrap();
    let pool = pool["UserPool"]["Id"].as_str().unwrap();
    let file = moving_jobs::csv(&mut client, pool, 4_000).await;
    let job = moving_jobs::create(&mut client, pool).await;
    assert_eq!(moving_jobs::upload(program.address, &job, &file, file.len()).as_deref(), Some("200"));
    let members = json!({"UserPoolId": pool, "JobId": job["JobId"]});
    client.call("StartUserImportJob", &members).await.unwrap().unwrap();
    let (mut crashes, mut before) = (0, 0);
    let begun = std::time::Instant::now();
    let over = loop {
        assert!(begun.elapsed().as_secs() < 120, "the job does not end");
        // While the database is away, nobody can be asked.
        let Ok(mut described) = client.call("DescribeUserImportJob", &members).await.unwrap() else { continue };
        let found = described["UserImportJob"].take();
        if !["Pending", "InProgress"].contains(&found["Status"].as_str().unwrap()) {
            break found;
        }
        let imported = found["ImportedUsers"].as_i64().unwrap();
        if crashes < 3 && imported > before {
            tokio::task::block_in_place(|| database.crash());
            (crashes, before) = (crashes + 1, imported);
        }
    };
    assert_eq!((over["Status"].as_str(), over["ImportedUsers"].as_i64()), (Some("Succeeded"), Some(4_000)), "{over}");
    assert!(crashes > 0, "it was over before the first crash");
    assert_eq!((over["SkippedUsers"].as_i64(), over["FailedUsers"].as_i64()), (Some(0), Some(0)), "{over}");
    let described = client.call("DescribeUserPool", &json!({"UserPoolId": pool})).await.unwrap().unwrap();
    assert_eq!(described["UserPool"]["EstimatedNumberOfUsers"], 4_000);
}
