//! `cognate export` and `cognate import`: what is in one folder is in the other, and what cannot be taken is told.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cognate_crypto::totp;
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{DevClient, Refusal};
use crate::process::{Program, feed, refusal, run, succeed};

pub const PASSWORD: &str = "Correct-horse-1";

/// A data folder that no server uses.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub async fn serve(&self) -> (Program, DevClient) {
        let program = Program::start("dev", &self.data());
        let client = DevClient::connect(program.address).await.unwrap();
        (program, client)
    }

    pub fn export(&self, arguments: &[&str]) -> String {
        succeed(&[&["export"], arguments].concat(), &self.data())
    }

    /// What an import says it did, and what it complained of.
    pub fn import(&self, arguments: &[&str], file: &str) -> (Value, Result<(), String>) {
        let output = feed(&[&["import"], arguments].concat(), &self.data(), file);
        let said = String::from_utf8(output.stderr).unwrap();
        let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (report, if output.status.success() { Ok(()) } else { Err(said) })
    }

    /// A pool and a public client of it, made through the API.
    pub async fn with_pool() -> (Self, String, String) {
        let place = Self::new();
        let (program, mut client) = place.serve().await;
        let (pool, app) = create_pool(&mut client, json!({})).await;
        assert!(program.terminate());
        (place, pool, app)
    }
}

pub async fn call(client: &mut DevClient, operation: &str, members: Value) -> Result<Value, Refusal> {
    client.call(operation, &members).await.unwrap()
}

async fn create_pool(client: &mut DevClient, more: Value) -> (String, String) {
    let mut members = json!({"PoolName": "employees", "AliasAttributes": ["email"]});
    members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let pool = call(client, "CreateUserPool", members).await.unwrap();
    let pool = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
    let app = json!({
        "UserPoolId": pool, "ClientName": "app", "ExplicitAuthFlows":
        ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    });
    let app = call(client, "CreateUserPoolClient", app).await.unwrap();
    (pool, app["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned())
}

async fn create_user(client: &mut DevClient, pool: &str, username: &str) {
    let attributes = json!([
        {"Name": "email", "Value": format!("{username}@example.com")}, {"Name": "email_verified", "Value": "true"},
        {"Name": "custom:team", "Value": "blue"}, {"Name": "dev:custom:rank", "Value": "7"},
    ]);
    let user = json!({
        "UserPoolId": pool, "Username": username, "UserAttributes": attributes, "MessageAction": "SUPPRESS",
        "TemporaryPassword": "Temporary-1",
    });
    call(client, "AdminCreateUser", user).await.unwrap();
}

/// Signs in with a password; gives the answer.
pub async fn sign_in(client: &mut DevClient, app: &str, username: &str, password: &str) -> Result<Value, Refusal> {
    let members = json!({
        "ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": username, "PASSWORD": password},
    });
    call(client, "InitiateAuth", members).await
}

/// A pool with one of everything that moves, in a server that is stopped again.
async fn rich() -> (Place, String, String) {
    let place = Place::new();
    let (program, mut client) = place.serve().await;
    let more = json!({
        "MfaConfiguration": "OFF",
        "Schema": [
            {"Name": "team", "AttributeDataType": "String", "Mutable": true},
            {"Name": "rank", "AttributeDataType": "Number", "Mutable": true, "DeveloperOnlyAttribute": true},
        ],
    });
    let (pool, app) = create_pool(&mut client, more).await;
    let mfa =
        json!({"UserPoolId": pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    call(&mut client, "SetUserPoolMfaConfig", mfa).await.unwrap();
    let secret = json!({"UserPoolId": pool, "ClientName": "server", "GenerateSecret": true});
    call(&mut client, "CreateUserPoolClient", secret).await.unwrap();
    let group = json!({"UserPoolId": pool, "GroupName": "Engineering", "Precedence": 3, "Description": "who builds"});
    call(&mut client, "CreateGroup", group).await.unwrap();
    for username in ["maria", "jun", "amina"] {
        create_user(&mut client, &pool, username).await;
    }
    for username in ["maria", "jun"] {
        let password = json!({"UserPoolId": pool, "Username": username, "Password": PASSWORD, "Permanent": true});
        call(&mut client, "AdminSetUserPassword", password).await.unwrap();
    }
    let member = json!({"UserPoolId": pool, "Username": "maria", "GroupName": "Engineering"});
    call(&mut client, "AdminAddUserToGroup", member).await.unwrap();
    call(&mut client, "AdminDisableUser", json!({"UserPoolId": pool, "Username": "amina"})).await.unwrap();
    enrol(&mut client, &pool, &app, "jun").await;
    assert!(program.terminate());
    (place, pool, app)
}

async fn enrol(client: &mut DevClient, pool: &str, app: &str, username: &str) {
    let tokens = sign_in(client, app, username, PASSWORD).await.unwrap();
    let token = &tokens["AuthenticationResult"]["AccessToken"];
    let associated = call(client, "AssociateSoftwareToken", json!({"AccessToken": token})).await.unwrap();
    let code = code(associated["SecretCode"].as_str().unwrap());
    call(client, "VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code})).await.unwrap();
    let preference = json!({
        "UserPoolId": pool, "Username": username,
        "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true},
    });
    call(client, "AdminSetUserMFAPreference", preference).await.unwrap();
}

/// A code of half a minute from now: the one of now may have been used.
fn code(secret: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let secret = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    totp::totp(&secret, totp::step_at(i64::try_from(now).unwrap()))
}

/// The lines of a file but for its header, whose moment differs.
fn body(file: &str) -> Vec<Value> {
    file.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn user_line<'a>(lines: &'a [Value], username: &str) -> &'a Value {
    lines.iter().find(|line| line["type"] == "user" && line["username"] == username).unwrap()
}

#[tokio::test]
async fn what_is_exported_and_imported_is_exported_again_unchanged() {
    let (from, ..) = rich().await;
    let file = from.export(&[]);
    let to = Place::new();
    let (report, ended) = to.import(&[], &file);
    ended.unwrap();
    let expected = json!({"Pools": 1, "Clients": 2, "Groups": 1, "Users": 3, "PresentUsers": 0, "BadLines": 0});
    assert_eq!(report, expected);
    assert_eq!(body(&to.export(&[])), body(&file));
    let lines = body(&file);
    assert!(lines.iter().any(|line| line["type"] == "client" && line["secrets"][0]["secret"].is_string()));
    assert!(user_line(&lines, "maria")["password"]["srp"]["verifier"].is_string());
    assert!(user_line(&lines, "jun")["mfa"]["totp_secret"].is_string());
    assert_eq!(user_line(&lines, "amina")["enabled"], false);
    assert_eq!(lines.last().unwrap(), &json!({"type": "end", "users": 3}));
}

#[tokio::test]
async fn who_moved_signs_in_as_before() {
    let (from, pool, app) = rich().await;
    let to = Place::new();
    to.import(&[], &from.export(&[])).1.unwrap();
    let (_program, mut client) = to.serve().await;
    assert!(
        sign_in(&mut client, &app, "maria@example.com", PASSWORD).await.unwrap()["AuthenticationResult"].is_object()
    );
    assert!(crate::moving_hashes::sign_in_by_srp(&mut client, &pool, &app, "maria", PASSWORD).await.is_ok());
    let challenge = sign_in(&mut client, &app, "jun", PASSWORD).await.unwrap();
    assert_eq!(challenge["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let groups = json!({"UserPoolId": pool, "Username": "maria"});
    let groups = call(&mut client, "AdminListGroupsForUser", groups).await.unwrap();
    assert_eq!(groups["Groups"][0]["Precedence"], 3);
    let described = call(&mut client, "DescribeUserPool", json!({"UserPoolId": pool})).await.unwrap();
    assert_eq!(described["UserPool"]["EstimatedNumberOfUsers"], 3);
    let listed =
        call(&mut client, "ListUsers", json!({"UserPoolId": pool, "Filter": "email ^= \"mar\""})).await.unwrap();
    assert_eq!(listed["Users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_import_that_is_run_again_changes_nothing() {
    let (from, ..) = rich().await;
    let file = from.export(&[]);
    let (report, ended) = from.import(&[], &file);
    ended.unwrap();
    let expected = json!({"Pools": 0, "Clients": 0, "Groups": 0, "Users": 0, "PresentUsers": 3, "BadLines": 0});
    assert_eq!(report, expected);
    assert_eq!(body(&from.export(&[])), body(&file));
}

#[tokio::test]
async fn an_import_by_addresses_that_is_run_again_changes_nothing() {
    let place = Place::new();
    let (program, mut client) = place.serve().await;
    let by_address = json!({"AliasAttributes": [], "UsernameAttributes": ["email", "phone_number"]});
    let (pool, _) = create_pool(&mut client, by_address).await;
    assert!(program.terminate());
    let user = |name: &str, email: &str, phone: &str| {
        let attributes = json!({"email": email, "phone_number": phone});
        json!({"type": "user", "pool": pool, "username": name, "attributes": attributes}).to_string() + "\n"
    };
    let maria = user("maria@example.com", "maria@example.com", "+15550100");
    let jun = user("+15550101", "jun@example.com", "+15550101");
    let file = maria + &jun;
    assert_eq!(place.import(&[], &file).0["Users"], 2);
    let (report, ended) = place.import(&[], &file);
    ended.unwrap();
    assert_eq!((&report["Users"], &report["PresentUsers"]), (&json!(0), &json!(2)));
    // Who is called by another's address is another.
    let said = place.import(&[], &user("olga@example.com", "olga@example.com", "+15550101")).1.unwrap_err();
    assert!(said.contains("line 1: the phone_number belongs to another user"), "{said}");
}

#[tokio::test]
async fn a_file_that_was_cut_is_told_and_the_whole_one_goes_on_from_there() {
    let (from, ..) = rich().await;
    let file = from.export(&[]);
    let lines: Vec<&str> = file.lines().collect();
    let to = Place::new();
    let (report, ended) = to.import(&[], &lines[..lines.len() - 2].join("\n"));
    assert!(ended.unwrap_err().contains("the file has no line of type \"end\": it was cut"));
    assert_eq!(report["Users"], 2);
    let (report, ended) = to.import(&[], &file);
    ended.unwrap();
    assert_eq!((&report["Users"], &report["PresentUsers"]), (&json!(1), &json!(2)));
    assert_eq!(body(&to.export(&[])), body(&file));
    // Wherever it was cut.
    for bytes in [10, file.len() / 3, file.len() / 2, file.len() - 30, file.len() - 2] {
        let said = Place::new().import(&[], &file[..file.floor_char_boundary(bytes)]).1.unwrap_err();
        assert!(said.contains("it was cut") || said.contains("the line is not JSON"), "{bytes}: {said}");
    }
    // A line that is missing in the middle is missed as well.
    let holed = [&lines[..lines.len() - 2], &lines[lines.len() - 1..]].concat().join("\n");
    let said = Place::new().import(&[], &holed).1.unwrap_err();
    assert!(said.contains("the file says that it holds 3 users, and holds 2"), "{said}");
}

#[tokio::test]
async fn an_import_goes_on_from_a_line() {
    let (from, ..) = rich().await;
    let file = from.export(&[]);
    let first_user = file.lines().position(|line| line.starts_with("{\"type\":\"user\"")).unwrap() + 1;
    let to = Place::new();
    let (report, ended) = to.import(&["--from-line", &(first_user + 2).to_string()], &file);
    ended.unwrap();
    assert_eq!(report["Users"], 1);
}

#[tokio::test]
async fn without_secrets_nothing_to_guess_passwords_by_is_written() {
    let (from, ..) = rich().await;
    let whole = from.export(&[]);
    let file = from.export(&["--without-secrets"]);
    let lines = body(&whole);
    let maria = &user_line(&lines, "maria")["password"];
    for secret in [
        maria["hash"].as_str().unwrap(),
        maria["srp"]["verifier"].as_str().unwrap(),
        user_line(&lines, "jun")["mfa"]["totp_secret"].as_str().unwrap(),
        lines.iter().find_map(|line| line["secrets"][0]["secret"].as_str()).unwrap(),
    ] {
        assert!(whole.contains(secret) && !file.contains(secret));
    }
    let to = Place::new();
    to.import(&[], &file).1.unwrap();
    let lines = body(&to.export(&[]));
    assert_eq!(user_line(&lines, "maria")["status"], "RESET_REQUIRED");
    assert_eq!(user_line(&lines, "jun")["mfa"], Value::Null);
}

#[tokio::test]
async fn a_file_of_secrets_is_private_and_not_written_over() {
    let (from, ..) = rich().await;
    let file = from.folder.path().join("file.ndjson");
    let path = file.to_str().unwrap();
    let output = run(&["export", "--output", path], &from.data());
    assert!(output.status.success());
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(warned.contains("holds password hashes and secrets in clear"), "{warned}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let said = refusal(&["export", "--output", path], &from.data());
    assert!(said.contains("file.ndjson exists; exports are not written over"), "{said}");
    let said = refusal(&["export", "--pool", "us-east-1_nobody", "--output", &format!("{path}2")], &from.data());
    assert!(said.contains("User pool us-east-1_nobody does not exist."), "{said}");
    assert!(!Path::new(&format!("{path}2")).exists(), "half a file is left behind");
}

#[tokio::test]
async fn users_go_into_another_pool() {
    let (from, ..) = rich().await;
    let file: String =
        from.export(&[]).lines().filter(|line| !line.contains("\"type\":\"client\"")).collect::<Vec<_>>().join("\n");
    let to = Place::new();
    let (program, mut client) = to.serve().await;
    let schema = json!({"Schema": [
        {"Name": "team", "AttributeDataType": "String", "Mutable": true},
        {"Name": "rank", "AttributeDataType": "Number", "Mutable": true, "DeveloperOnlyAttribute": true},
    ]});
    let (pool, app) = create_pool(&mut client, schema).await;
    let (report, ended) = to.import(&["--into", &pool], &file);
    ended.unwrap();
    assert_eq!((&report["Pools"], &report["Groups"], &report["Users"]), (&json!(0), &json!(1), &json!(3)));
    // Beside a server that runs, which knows them at once. What SRP checks a password by held for the other pool.
    assert!(crate::moving_hashes::sign_in_by_srp(&mut client, &pool, &app, "maria", PASSWORD).await.is_err());
    sign_in(&mut client, &app, "maria", PASSWORD).await.unwrap();
    crate::moving_hashes::sign_in_by_srp(&mut client, &pool, &app, "maria", PASSWORD).await.unwrap();
    drop(program);
    let said = to.import(&["--into", "us-east-1_nobody"], &file).1.unwrap_err();
    assert!(said.contains("User pool us-east-1_nobody does not exist."), "{said}");
}

#[tokio::test]
async fn lines_of_a_batch_end_as_each_of_them_alone() {
    let (a, b, c) = (
        "018f0000-0000-7000-8000-00000000000a",
        "018f0000-0000-7000-8000-00000000000b",
        "018f0000-0000-7000-8000-00000000000c",
    );
    let user = |name: &str, email: &str, sub: Option<&str>, group: Option<&str>| {
        let mut line = json!({
            "type": "user", "username": name,
            "attributes": {"email": format!("{email}@example.com"), "email_verified": "true"},
        });
        line["groups"] = group.map_or_else(|| json!([]), |group| json!([group]));
        if let Some(sub) = sub {
            line["sub"] = json!(sub);
        }
        line.to_string()
    };
    let batches = [
        // Who loses a handle gives the others back, to whoever comes next.
        vec![
            user("one", "e1", None, None),
            user("one", "e2", None, None),
            user("two", "e1", None, None),
            user("three", "e2", None, None),
            user("four", "e2", None, None),
            user("two", "e5", None, None),
        ],
        // An unknown group, a sub twice, somebody under another's sub.
        vec![
            user("five", "e6", Some(a), Some("nowhere")),
            user("six", "e6", Some(a), None),
            user("seven", "e7", Some(a), None),
            user("eight", "e7", Some(b), None),
            user("eight", "e8", Some(b), None),
            user(b, "e9", Some(c), None),
            user("nine", "e9", None, None),
        ],
        // Once more, and one of them with another name.
        vec![user("six", "e6", Some(a), None), user("ten", "e10", Some(b), None), user("eight", "e10", Some(c), None)],
    ];
    let names = |place: &Place| {
        let lines = body(&place.export(&[]));
        let of = |line: &Value| (line["username"].clone(), line["attributes"]["email"].clone());
        let mut names: Vec<_> = lines.iter().filter(|line| line["type"] == "user").map(of).collect();
        names.sort_by_key(|(name, _)| name.to_string());
        names
    };
    let (together, pool, _) = Place::with_pool().await;
    let (alone, other, _) = Place::with_pool().await;
    for batch in batches {
        let (whole, _) = together.import(&["--keep-going", "--into", &pool], &batch.join("\n"));
        let mut sums = [0; 3];
        for line in &batch {
            let (report, _) = alone.import(&["--keep-going", "--into", &other], line);
            for (sum, name) in sums.iter_mut().zip(["Users", "PresentUsers", "BadLines"]) {
                *sum += report[name].as_u64().unwrap();
            }
        }
        assert_eq!(["Users", "PresentUsers", "BadLines"].map(|name| whole[name].as_u64().unwrap()), sums, "{batch:?}");
        assert_eq!(names(&together), names(&alone), "{batch:?}");
    }
    assert_eq!(crate::kill::orphans(&together.data()).await, []);
}
