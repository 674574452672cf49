//! `cognate doctor`: right and wrong settings are told apart, with what to do, and nothing is changed by looking.

use std::net::TcpListener;

use serde_json::Value;

use crate::process::{Program, run, succeed};

const KEY: &str = "5ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7";
const OTHER: &str = "0ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7";

/// What was found of one kind: its verdicts and its texts.
fn of(found: &Value, check: &str) -> Vec<(String, String)> {
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    let found = found.as_array().unwrap().iter().filter(|finding| finding["check"] == check);
    found.map(|finding| (text(finding, "verdict"), text(finding, "found"))).collect()
}

fn has(found: &Value, check: &str, verdict: &str, words: &str) -> bool {
    of(found, check).iter().any(|(have, text)| have == verdict && text.contains(words))
}

fn examine(arguments: &[&str], data: &std::path::Path) -> (bool, Value) {
    let output = run(&[&["doctor", "--json", "--listen", "127.0.0.1:0"][..], arguments].concat(), data);
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let found: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text} {said}"));
    let is_failing = |finding: &&Value| finding["verdict"] == "fail";
    assert_eq!(
        output.status.success(),
        !found.as_array().unwrap().iter().any(|finding| is_failing(&finding)),
        "{said}"
    );
    // The database server of the tests does not wait for its disk, and is told so.
    let is_known =
        |finding: &Value| crate::engine::is_postgres() && finding["found"].to_string().contains("fsync = off");
    let is_well = !found.as_array().unwrap().iter().filter(is_failing).any(|finding| !is_known(finding));
    (is_well, found)
}

#[test]
fn a_doctor_finds_what_is_wrong_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (is_well, found) = examine(&["--master-key", KEY], folder.path());
    assert!(is_well, "{found}");
    assert!(has(&found, "master key", "ok", "right form"), "{found}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "looking made a file");
    if !crate::engine::is_postgres() {
        assert!(has(&found, "schema", "ok", "nothing is stored yet"), "{found}");
        assert!(has(&found, "disk", "ok", "free") && !of(&found, "disk").is_empty(), "{found}");
    }

    succeed(
        &["access-key", "create", "--policy", policy(folder.path()).to_str().unwrap(), "--master-key", KEY],
        folder.path(),
    );
    let (is_well, found) = examine(&["--master-key", KEY], folder.path());
    assert!(is_well && has(&found, "master key", "ok", "opens the data"), "{found}");
    assert!(has(&found, "schema", "ok", "as this program writes it"), "{found}");
    let (is_well, found) = examine(&["--master-key", OTHER], folder.path());
    assert!(!is_well && has(&found, "master key", "fail", "not the key"), "{found}");
    let (is_well, found) = examine(&[], folder.path());
    assert!(!is_well && has(&found, "master key", "fail", "there is no"), "{found}");
}

/// A policy that allows everything.
fn policy(folder: &std::path::Path) -> std::path::PathBuf {
    let path = folder.join("policy.json");
    let allows = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    std::fs::write(&path, allows).unwrap();
    path
}

#[test]
fn a_doctor_tells_of_settings_that_are_unsafe_or_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = folder.path().join("cognate.toml");
    let text = format!(
        "[metrics]\naddress = \"{}\"\n[limits]\nuser_per_second = 0\ntrusted_proxies = [\"0.0.0.0/0\"]\n\
         [sms]\ngateway = \"http://{nobody}/\"\n[triggers]\nlambda_endpoint = \"http://{}\"\n",
        taken.local_addr().unwrap(),
        taken.local_addr().unwrap(),
    );
    std::fs::write(&config, text).unwrap();
    let (is_well, found) = examine(&["--reach", "--config", config.to_str().unwrap()], folder.path());
    assert!(!is_well && has(&found, "reach", "fail", "[sms] gateway"), "{found}");
    assert!(has(&found, "reach", "ok", "lambda_endpoint"), "{found}");
    assert!(has(&found, "listen", "warn", "in use") && has(&found, "listen", "ok", "free"), "{found}");
    assert!(
        has(&found, "safety", "warn", "user_per_second") && has(&found, "safety", "warn", "trusted_proxies"),
        "{found}"
    );
}

#[test]
fn a_doctor_tells_of_settings_that_cannot_be_used_like_of_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wrong.toml");
    for (text, told) in [
        (
            "[limits]\nconections = 3\n",
            ":2: limits.conections: there is no setting conections; did you mean connections?",
        ),
        ("\n[limits]\nrequests = 0\n", ":3: limits.requests: it does not lie between 1 and 1000000"),
        ("account = \"12\"\n", ":1: account: \"12\" does not have twelve digits"),
    ] {
        std::fs::write(&config, text).unwrap();
        let config = config.to_str().unwrap();
        let (is_well, found) = examine(&["--config", config], folder.path());
        assert!(!is_well && has(&found, "configuration", "fail", &format!("wrong.toml{told}")), "{found}");
        let said = crate::process::refusal(&["serve", "--config", config], folder.path());
        assert!(said.contains(&format!("wrong.toml{told}")), "{said}");
    }
}

#[test]
fn a_doctor_looks_at_everything_that_serve_starts_with() {
    let folder = tempfile::tempdir().unwrap();
    let pools = folder.path().join("pools.toml");
    let path = pools.to_str().unwrap();
    let (is_well, found) = examine(&["--pools", path], folder.path());
    assert!(!is_well && has(&found, "declared pools", "fail", "No such file"), "{found}");
    std::fs::write(&pools, "[[pools]]\nid = \"us-east-1_a\"\n[[pools.users]]\npasswrod = \"hunter2\"\n").unwrap();
    let (is_well, found) = examine(&["--pools", path], folder.path());
    assert!(!is_well && has(&found, "declared pools", "fail", "line 4: pools.users.passwrod"), "{found}");
    assert!(!found.to_string().contains("hunter2"), "{found}");
    // Nothing was made before the file was looked at, the root key least of all: it is shown only once.
    let said = crate::process::refusal(&["serve", "--listen", "127.0.0.1:0", "--pools", path], folder.path());
    assert!(said.contains("line 4: pools.users.passwrod") && !said.contains("hunter2"), "{said}");
    assert!(!folder.path().join("cognate.db").exists());
    std::fs::write(&pools, "[[pools]]\nid = \"us-east-1_a\"\n").unwrap();
    let (is_well, found) = examine(&["--pools", path, "--root-access-key-id", "ROOT"], folder.path());
    assert!(!is_well && has(&found, "root key", "fail", "give both"), "{found}");
    let key = ["--root-access-key-id", "ROOT", "--root-secret-access-key", "short"];
    let (is_well, found) = examine(&[&["--pools", path][..], &key].concat(), folder.path());
    assert!(is_well && has(&found, "declared pools", "ok", "can be read"), "{found}");
    assert!(has(&found, "root key", "warn", "fewer than 20 characters"), "{found}");
}

#[test]
fn a_doctor_looks_beside_a_server_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start("dev", folder.path());
    let listen = program.address.to_string();
    let output = run(&["serve", "--check", "--listen", &listen], folder.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() || crate::engine::is_postgres(), "{text}");
    assert!(text.contains(&format!("{listen} is in use")), "{text}");
    if !crate::engine::is_postgres() {
        assert!(text.contains("is in use by a server that runs"), "{text}");
    }
}
