//! The program killed in the middle of its work: what it acknowledged is there, and nothing is half done.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cognate_store::{DbError, Tx};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::api::{DevClient, refused};
use crate::kill_ledger::{Dice, Ledger, Present};
use crate::process::Program;

const WRITERS: u64 = 32;
/// User names of each writer: few, so that names are created, deleted and created again.
const NAMES: u64 = 6;

pub fn rounds() -> u32 {
    std::env::var("COGNATE_KILL_ROUNDS").map_or(3, |rounds| rounds.parse().expect("COGNATE_KILL_ROUNDS is a number"))
}

/// Lets the test know when so many requests were acknowledged.
struct Countdown {
    left: AtomicU64,
    over: Notify,
}

impl Countdown {
    fn count(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.over.notify_one();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_survives_a_kill_and_nothing_is_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start("dev", folder.path());
    let mut client = DevClient::connect(program.address).await.unwrap();
    let pool = json!({"PoolName": "employees", "AliasAttributes": ["email"]});
    let pool = client.call("CreateUserPool", &pool).await.unwrap().unwrap();
    let pool: Arc<str> = pool["UserPool"]["Id"].as_str().unwrap().into();
    let mut ledgers = vec![Ledger::default(); usize::try_from(WRITERS).unwrap()];
    let mut dice = Dice::new(0);
    for round in 1..=rounds() {
        let countdown = Arc::new(Countdown { left: AtomicU64::new(1 + dice.below(400)), over: Notify::new() });
        let mut writers = JoinSet::new();
        for (writer, ledger) in (0..).zip(std::mem::take(&mut ledgers)) {
            let (pool, countdown, address) = (Arc::clone(&pool), Arc::clone(&countdown), program.address);
            writers
                .spawn(async move { (writer, write_until_killed(address, &pool, writer, ledger, &countdown).await) });
        }
        tokio::select! {
            () = countdown.over.notified() => {}
            ended = writers.join_next() => panic!("a writer ended before the kill: {ended:?}"),
        }
        // A moment that no acknowledgement marks.
        tokio::time::sleep(Duration::from_micros(dice.below(20_000))).await;
        program.kill();
        let known: BTreeMap<u64, Ledger> = writers.join_all().await.into_iter().collect();
        ledgers = known.into_values().collect();
        assert_eq!(orphans(folder.path()).await, [], "round {round}");
        program = Program::start("dev", folder.path());
        verify(program.address, &pool, &mut ledgers).await;
    }
}

/// Creates, changes and deletes the writer's own users until the connection breaks.
async fn write_until_killed(
    address: SocketAddr,
    pool: &str,
    writer: u64,
    mut ledger: Ledger,
    countdown: &Countdown,
) -> Ledger {
    let mut dice = Dice::new(writer + 1);
    let Ok(mut client) = DevClient::connect(address).await else { return ledger };
    for entry in ledger.entries.values_mut() {
        entry.addresses = entry.acknowledged.iter().map(|present| present.email.clone()).collect();
    }
    loop {
        let username = format!("user-{writer}-{}", dice.below(NAMES));
        let (operation, wanted) = match &ledger.entry(&username).acknowledged {
            Some(_) if dice.below(3) == 0 => ("AdminDeleteUser", None),
            Some(_) => ("AdminUpdateUserAttributes", Some(anyone(&username, &mut dice))),
            None => ("AdminCreateUser", Some(anyone(&username, &mut dice))),
        };
        let members = members(operation, pool, &username, wanted.as_ref());
        ledger.ask(&username, wanted);
        match client.call(operation, &members).await {
            Err(_) => return ledger,
            Ok(answer) => {
                answer.unwrap_or_else(|refusal| panic!("{operation} of {username}: {refusal:?}"));
                ledger.acknowledge(&username);
                countdown.count();
            }
        }
    }
}

fn anyone(username: &str, dice: &mut Dice) -> Present {
    let serial = dice.below(1_000_000);
    Present { email: format!("{username}-{serial}@example.com"), name: format!("serial {serial}") }
}

fn members(operation: &str, pool: &str, username: &str, wanted: Option<&Present>) -> Value {
    let mut members = json!({"UserPoolId": pool, "Username": username});
    if let Some(Present { email, name }) = wanted {
        members["UserAttributes"] = json!([
            {"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"},
            {"Name": "name", "Value": name},
        ]);
    }
    if operation == "AdminCreateUser" {
        members["MessageAction"] = json!("SUPPRESS");
    }
    members
}

/// Compares the restarted server with what its writers know.
async fn verify(address: SocketAddr, pool: &str, ledgers: &mut [Ledger]) {
    let mut client = DevClient::connect(address).await.unwrap();
    let found = list(&mut client, pool, None).await;
    let described = client.call("DescribeUserPool", &json!({"UserPoolId": pool})).await.unwrap().unwrap();
    assert_eq!(described["UserPool"]["EstimatedNumberOfUsers"], found.len(), "the counter disagrees with the list");
    for ledger in &mut *ledgers {
        ledger.settle(&found);
    }
    let known: usize = ledgers.iter().flat_map(|ledger| ledger.entries.values()).flat_map(|e| &e.acknowledged).count();
    assert_eq!(known, found.len(), "somebody is there whom nobody created");
    for (username, entry) in ledgers.iter().flat_map(|ledger| &ledger.entries) {
        let held = entry.acknowledged.as_ref().map(|present| present.email.as_str());
        let by_name = get(&mut client, pool, username).await;
        assert_eq!(by_name.is_some(), held.is_some(), "{username} is listed but not found by name, or the reverse");
        for address in &entry.addresses {
            let expected = (held == Some(address)).then(|| username.clone());
            assert_eq!(get(&mut client, pool, address).await, expected, "by the alias {address}");
            let filter = format!("email = \"{address}\"");
            let listed = list(&mut client, pool, Some(&filter)).await;
            assert_eq!(listed.into_keys().next(), expected, "by the filter {filter}");
        }
    }
}

/// The user name of whoever is found under a name.
async fn get(client: &mut DevClient, pool: &str, typed: &str) -> Option<String> {
    match client.call("AdminGetUser", &json!({"UserPoolId": pool, "Username": typed})).await.unwrap() {
        Ok(user) => Some(user["Username"].as_str().unwrap().to_owned()),
        Err(refusal) => {
            assert_eq!(refusal, refused("UserNotFoundException", "User does not exist."));
            None
        }
    }
}

/// Everybody whom a filter finds, page by page.
async fn list(client: &mut DevClient, pool: &str, filter: Option<&str>) -> BTreeMap<String, Present> {
    let mut found = BTreeMap::new();
    let mut members = json!({"UserPoolId": pool, "Filter": filter});
    loop {
        let page = client.call("ListUsers", &members).await.unwrap().unwrap();
        for user in page["Users"].as_array().unwrap() {
            let attribute = |name: &str| {
                let of_name = |attribute: &&Value| attribute["Name"] == name;
                user["Attributes"].as_array().unwrap().iter().find(of_name).unwrap()["Value"].as_str().unwrap()
            };
            assert_eq!(attribute("email_verified"), "true");
            let present = Present { email: attribute("email").to_owned(), name: attribute("name").to_owned() };
            let earlier = found.insert(user["Username"].as_str().unwrap().to_owned(), present);
            assert_eq!(earlier, None, "a user is listed twice");
        }
        if page["PaginationToken"].is_null() {
            return found;
        }
        members["PaginationToken"] = page["PaginationToken"].clone();
    }
}

/// Rows of one table whose counterpart in another is missing, after whatever the log holds was taken in.
pub async fn orphans(folder: &Path) -> Vec<(&'static str, usize)> {
    const CHECKS: [(&str, &str); 4] = [
        (
            "handles of nobody",
            "SELECT 1 FROM user_aliases a WHERE NOT EXISTS \
             (SELECT 1 FROM users u WHERE u.pool = a.pool AND u.id = a.user_id)",
        ),
        (
            "search values of nobody",
            "SELECT 1 FROM user_attributes a WHERE NOT EXISTS \
             (SELECT 1 FROM users u WHERE u.pool = a.pool AND u.id = a.user_id)",
        ),
        (
            "users without a name or an address to find them by",
            "SELECT 1 FROM users u WHERE 2 <> \
             (SELECT COUNT(*) FROM user_aliases a WHERE a.pool = u.pool AND a.user_id = u.id)",
        ),
        (
            "pools with another count than users",
            "SELECT 1 FROM user_pools p WHERE (SELECT COALESCE(SUM(c.users), 0) FROM counters c WHERE c.pool = p.id) \
             <> (SELECT COUNT(*) FROM users u WHERE u.pool = p.id)",
        ),
    ];
    let store = crate::engine::store(folder);
    let count = |tx: &mut dyn Tx| {
        let mut found = Vec::new();
        for (what, query) in CHECKS {
            found.push((what, tx.query(query, &[])?.len()));
        }
        Ok::<_, DbError>(found)
    };
    let found = store.read(count).await.unwrap();
    found.into_iter().filter(|(_, rows)| *rows > 0).collect()
}
