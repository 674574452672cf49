//! What stays the same from one start to the next, and what is refused at the start.

use std::path::Path;

use cognate::model::{
    AdminDeleteUserRequest, AdminGetUserRequest, AdminInitiateAuthRequest, AdminListGroupsForUserRequest,
    AdminUpdateUserAttributesRequest, DescribeUserPoolClientRequest, DescribeUserPoolRequest, ListGroupsRequest,
    ListUsersRequest, UpdateGroupRequest, UpdateUserPoolRequest,
};
use cognate::{Config, DeclaredPools, MasterKeyError, OpenPoolsError, UserPools};
use serde_json::{Value, json};

use crate::api::{create_pool, send};
use crate::process::{Program, refusal, refusal_without_data, refused_start};

const POOL: &str = "us-east-1_declared1";
const CLIENT: &str = "declaredclient000000000001";
const SUB: &str = "5a3c1f70-9f3e-7c41-8d2b-6e0f4b7a9c15";
const POOLS: &str = r#"
    [[pools]]
    id = "us-east-1_declared1"
    name = "declared"

    [[pools.groups]]
    GroupName = "Employees"
    Description = "as declared"

    [[pools.clients]]
    id = "declaredclient000000000001"
    name = "web"
    [pools.clients.config]
    ExplicitAuthFlows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]

    [[pools.users]]
    username = "maria"
    sub = "5a3c1f70-9f3e-7c41-8d2b-6e0f4b7a9c15"
    password = "SamplePass123!"
    attributes = { name = "Maria" }
    groups = ["Employees"]

    [[pools.users]]
    username = "nina"
    temporary_password = "TempPass123!"
"#;

fn open(folder: &Path) -> UserPools {
    UserPools::open(crate::engine::development(folder)).unwrap()
}

fn open_error(config: Config) -> OpenPoolsError {
    UserPools::open(config).map(|_| ()).expect_err("the pools must not open")
}

fn with_key(folder: &Path, key: &str) -> Config {
    Config { master_key: Some(key.to_owned()), ..crate::engine::development(folder) }
}

#[tokio::test]
async fn the_root_key_is_made_once_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let pools = open(folder.path());
    let (first, is_new) = pools.root_key().await.unwrap();
    assert!(is_new);
    assert!(first.id.starts_with("AKIA") && first.id.len() == 20 && first.secret.len() == 40);
    let (again, is_new) = pools.root_key().await.unwrap();
    assert!(!is_new && (&again.id, &again.secret) == (&first.id, &first.secret));
    drop(pools);
    let (later, is_new) = open(folder.path()).root_key().await.unwrap();
    assert!(!is_new && (&later.id, &later.secret) == (&first.id, &first.secret));
}

#[tokio::test]
async fn two_installations_have_different_root_keys() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, _) = open(one.path()).root_key().await.unwrap();
    let (two, _) = open(two.path()).root_key().await.unwrap();
    assert!(one.id != two.id && one.secret != two.secret);
}

#[test]
fn serve_shows_its_root_key_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = Program::start("serve", folder.path());
    assert!(first.greeting.contains("AWS_ACCESS_KEY_ID=AKIA"), "{}", first.greeting);
    assert!(first.greeting.contains("AWS_SECRET_ACCESS_KEY="), "{}", first.greeting);
    first.kill();
    let second = Program::start("serve", folder.path());
    assert!(!second.greeting.contains("AWS_SECRET_ACCESS_KEY="), "{}", second.greeting);
}

#[test]
fn a_root_key_is_shown_even_if_the_server_cannot_start_after_all() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for arguments in [&["serve", "--listen", &address][..], &["dev", "--verify-signatures", "--listen", &address]] {
        let folder = tempfile::tempdir().unwrap();
        let (printed, said) = refused_start(arguments, folder.path());
        assert!(said.starts_with(&format!("cognate: cannot listen on {address}: ")), "{said}");
        assert!(printed.contains("AWS_ACCESS_KEY_ID=AKIA") && printed.contains("AWS_SECRET_ACCESS_KEY="), "{printed}");
    }
}

#[cfg(unix)]
#[test]
fn a_server_that_is_asked_to_stop_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Program::start("dev", folder.path()).terminate());
    let log = std::fs::metadata(folder.path().join("cognate.db-wal")).map_or(0, |metadata| metadata.len());
    assert_eq!(log, 0, "it leaves no log to replay");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_on_the_same_database_welcome() {
    let folder = tempfile::tempdir().unwrap();
    let first = Program::start("dev", folder.path());
    if crate::engine::is_postgres() {
        Program::start("serve", folder.path());
        return;
    }
    let said = refusal(&["serve", "--listen", "127.0.0.1:0"], folder.path());
    let expected = format!(
        "cognate: {} is in use by another cognate; stop it first, or give --data another folder\n",
        folder.path().display()
    );
    assert_eq!(said, expected);
    first.kill();
    Program::start("dev", folder.path());
}

#[test]
fn another_master_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(UserPools::open(with_key(folder.path(), &"ab".repeat(32))).unwrap());
    let refused = open_error(with_key(folder.path(), &"cd".repeat(32)));
    assert!(matches!(refused, OpenPoolsError::WrongMasterKey));
    assert_eq!(refused.to_string(), "this is not the master key that the data was sealed with");
    UserPools::open(with_key(folder.path(), &"ab".repeat(32))).unwrap();
}

#[test]
fn a_lost_master_key_file_is_not_replaced_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    std::fs::remove_file(folder.path().join("master.key")).unwrap();
    for _ in 0..2 {
        let refused = open_error(crate::engine::development(folder.path()));
        assert!(matches!(refused, OpenPoolsError::MasterKey(MasterKeyError::Lost(_))), "{refused}");
        assert!(!folder.path().join("master.key").exists(), "another key was made");
    }
}

#[test]
fn what_is_no_master_key_is_refused_without_being_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "correct horse battery staple", &"ab".repeat(31)] {
        let refused = open_error(with_key(folder.path(), text)).to_string();
        assert_eq!(refused, "the master key is not 64 hexadecimal digits or base64 of 32 bytes");
    }
}

#[cfg(unix)]
#[test]
fn the_master_key_file_is_private_or_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let file = folder.path().join("master.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o644, 0o610] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let path = file.display();
        let expected = format!("{path} can be read by others; make it private with: chmod 600 {path}");
        assert_eq!(open_error(crate::engine::development(folder.path())).to_string(), expected, "{mode:o}");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
    open(folder.path());
}

#[tokio::test]
async fn what_was_sealed_opens_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let pools = open(folder.path());
    let pool = create_pool(&pools, json!({})).await;
    drop(pools);
    let pools = open(folder.path());
    let listed = send::<ListUsersRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap();
    assert_eq!(listed.users, Some(Vec::new()));
}

/// Everything that a declaration brings about, as the API shows it.
async fn snapshot(pools: &UserPools) -> Value {
    let members = || json!({"UserPoolId": POOL});
    let client = json!({"UserPoolId": POOL, "ClientId": CLIENT});
    json!([
        send::<DescribeUserPoolRequest>(pools, members()).await.unwrap(),
        send::<DescribeUserPoolClientRequest>(pools, client).await.unwrap(),
        send::<ListGroupsRequest>(pools, members()).await.unwrap(),
        send::<ListUsersRequest>(pools, members()).await.unwrap(),
    ])
}

#[tokio::test]
async fn a_declaration_brings_about_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let pools = open(folder.path());
    pools.declare(&DeclaredPools::parse(POOLS).unwrap()).await.unwrap();
    let user = json!({"UserPoolId": POOL, "Username": SUB});
    let maria = send::<AdminGetUserRequest>(&pools, user.clone()).await.unwrap();
    assert_eq!((&*maria.username, maria.user_status.unwrap().as_str()), ("maria", "CONFIRMED"));
    let groups = send::<AdminListGroupsForUserRequest>(&pools, user).await.unwrap().groups.unwrap();
    assert_eq!(groups.into_iter().filter_map(|group| group.group_name).collect::<Vec<_>>(), ["Employees"]);
    let sign_in = json!({
        "UserPoolId": POOL, "ClientId": CLIENT, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "maria", "PASSWORD": "SamplePass123!"},
    });
    let answer = send::<AdminInitiateAuthRequest>(&pools, sign_in).await.unwrap();
    assert!(answer.authentication_result.is_some());
}

#[tokio::test]
async fn declaring_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let declared = DeclaredPools::parse(POOLS).unwrap();
    let pools = open(folder.path());
    pools.declare(&declared).await.unwrap();
    let first = snapshot(&pools).await;
    pools.declare(&declared).await.unwrap();
    assert_eq!(snapshot(&pools).await, first);
    drop(pools);
    let pools = open(folder.path());
    pools.declare(&declared).await.unwrap();
    assert_eq!(snapshot(&pools).await, first);
}

#[tokio::test]
async fn declaring_again_keeps_later_changes_and_brings_back_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let declared = DeclaredPools::parse(POOLS).unwrap();
    let pools = open(folder.path());
    pools.declare(&declared).await.unwrap();
    let rename = json!({"UserPoolId": POOL, "Username": "maria", "UserAttributes": [{"Name": "name", "Value": "M."}]});
    send::<AdminUpdateUserAttributesRequest>(&pools, rename).await.unwrap();
    let describe = json!({"UserPoolId": POOL, "GroupName": "Employees", "Description": "changed"});
    send::<UpdateGroupRequest>(&pools, describe).await.unwrap();
    let changed = snapshot(&pools).await;
    pools.declare(&declared).await.unwrap();
    assert_eq!(snapshot(&pools).await, changed);
    send::<AdminDeleteUserRequest>(&pools, json!({"UserPoolId": POOL, "Username": "nina"})).await.unwrap();
    pools.declare(&declared).await.unwrap();
    let nina = send::<AdminGetUserRequest>(&pools, json!({"UserPoolId": POOL, "Username": "nina"})).await.unwrap();
    assert_eq!(nina.user_status.unwrap().as_str(), "FORCE_CHANGE_PASSWORD");
    assert_eq!(snapshot(&pools).await[0]["UserPool"]["EstimatedNumberOfUsers"], 2);
}

#[tokio::test]
async fn a_declared_client_that_its_pool_outgrew_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let choice = POOLS.replace("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH");
    let declared = DeclaredPools::parse(&choice).unwrap();
    let pools = open(folder.path());
    pools.declare(&declared).await.unwrap();
    let lite = json!({"UserPoolId": POOL, "UserPoolTier": "LITE"});
    send::<UpdateUserPoolRequest>(&pools, lite).await.unwrap();
    let before = snapshot(&pools).await;
    pools.declare(&declared).await.unwrap();
    assert_eq!(snapshot(&pools).await, before);
}

#[test]
fn a_database_needs_a_master_key_that_its_servers_share() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://u@127.0.0.1:1/d";
    for command in [&["serve"][..], &["dev"], &["access-key", "list"], &["keys", "rotate"]] {
        let said = refusal_without_data(&[command, &["--database-url", url]].concat(), folder.path());
        assert!(said.starts_with("cognate: give the master key of the database: COGNATE_MASTER_KEY, or"), "{said}");
    }
    let said = refusal(&["serve", "--database-url", url], folder.path());
    assert!(said.starts_with("cognate: PostgreSQL at 127.0.0.1:1/d: "), "{said}");
    let said = refusal(&["serve", "--database-url", "postgres://u:secret@h/d?sslmode=prefer"], folder.path());
    assert_eq!(said, "cognate: the database URL has sslmode=prefer; say disable, require or verify-full\n");
}
