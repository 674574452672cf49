//! `cognate import` killed in the middle of its work, and what it shows of it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use cognate_store::counters;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::DevClient;
use crate::kill::{orphans, rounds};
use crate::kill_ledger::Dice;
use crate::moving::Place;
use crate::process::{begin, succeed};

/// Enough for batches of 1,000, 2,000, 4,000 and a rest.
const USERS: usize = 7_500;

/// A file of users, each of whose names tells the line.
fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.ndjson");
    let hash = "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let line = |number: usize| {
        let email = format!("user-{number}@example.com");
        json!({
            "type": "user", "username": format!("user-{number}"), "password": {"hash": hash},
            "attributes": {"email": email, "email_verified": "true"},
        })
    };
    let lines: Vec<String> = (0..USERS).map(|number| line(number).to_string()).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    (folder, path)
}

/// How many users the pool counts.
async fn count(place: &Place, pool: &str) -> i64 {
    let store = crate::engine::store(&place.data());
    store.read(|tx| counters::users(tx, pool)).await.unwrap()
}

/// Everybody of an export.
fn usernames(place: &Place) -> Vec<String> {
    let lines = place.export(&["--without-secrets"]);
    let users = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    users.filter(|line| line["type"] == "user").map(|line| line["username"].as_str().unwrap().to_owned()).collect()
}

async fn killed_and_run_again(place: &Place, pool: &str, dice: &mut Dice) {
    let (_folder, path) = file();
    let arguments = ["import", "--into", pool];
    let mut import = begin(&arguments, &place.data(), File::open(&path).unwrap());
    while count(place, pool).await == 0 {
        assert!(import.try_wait().unwrap().is_none(), "it ended without a user");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // A moment that no batch marks.
    tokio::time::sleep(Duration::from_micros(dice.below(300_000))).await;
    import.kill().unwrap();
    import.wait().unwrap();
    assert_eq!(orphans(&place.data()).await, []);
    let there = usernames(place);
    let first: BTreeSet<String> = (0..there.len()).map(|number| format!("user-{number}")).collect();
    assert_eq!(there.iter().cloned().collect::<BTreeSet<_>>(), first, "batches are not in the order of the file");
    assert_eq!(i64::try_from(there.len()).unwrap(), count(place, pool).await);

    let said = succeed(&[&arguments[..], &[path.to_str().unwrap()]].concat(), &place.data());
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["PresentUsers"], there.len());
    assert_eq!(report["Users"], USERS - there.len());
    let all = usernames(place);
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (USERS, USERS));
    assert_eq!(orphans(&place.data()).await, []);
}

#[tokio::test]
async fn an_import_that_was_killed_goes_on_and_nothing_is_lost_or_twice() {
    let mut dice = Dice::new(13);
    for _ in 0..rounds() {
        let (place, pool, _) = Place::with_pool().await;
        killed_and_run_again(&place, &pool, &mut dice).await;
    }
}

#[tokio::test]
async fn so_does_one_beside_a_server() {
    let (place, pool, _) = Place::with_pool().await;
    let (program, _) = place.serve().await;
    killed_and_run_again(&place, &pool, &mut Dice::new(14)).await;
    let found = json!({"UserPoolId": pool, "Username": format!("user-{}@example.com", USERS - 1)});
    let mut client = DevClient::connect(program.address).await.unwrap();
    client.call("AdminGetUser", &found).await.unwrap().unwrap();
    assert!(program.terminate());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_terminal_shows_how_far_an_import_is() {
    let (place, pool, _) = Place::with_pool().await;
    let (_folder, path) = file();
    let arguments = ["import", "--into", &pool, path.to_str().unwrap()];
    let (shown, is_well) = crate::process::on_terminal(&arguments, &place.data());
    assert!(is_well, "{shown}");
    let drawn: Vec<&str> = shown.split("\r\u{1b}[2K").collect();
    assert!(
        drawn.iter().any(|line| line.starts_with("[##") && line.ends_with(" % 1000 users new, 0 there already")),
        "{shown:?}"
    );
    // The bar is gone at the end, and the report stays.
    assert!(drawn.last().unwrap().starts_with("{\"Pools\":0,"), "{shown:?}");
    let (shown, _) = crate::process::on_terminal(&["export", "--output", "/dev/null/nowhere"], &place.data());
    assert!(!shown.contains("users written"), "{shown}");
}
