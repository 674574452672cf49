//! The audit trail: every change has its entry, what changed nothing has none, and no entry holds a secret.

use std::time::Duration;

use cognate::model::{
    AdminCreateUserRequest, AdminDeleteUserRequest, AdminGetUserRequest, AdminSetUserPasswordRequest,
    AdminUpdateUserAttributesRequest, CreateGroupRequest, CreateUserPoolClientRequest, DeleteUserPoolRequest,
    ListUsersRequest, SignUpRequest,
};
use cognate::{Actor, AuditEntry, AuditFilter, AuditOutcome, AuditRecord, Limits, Policy, Proxies, UserPools};
use serde_json::json;

use crate::api::{create_pool, send};
use crate::served::{ROOT, Served, Signer};

/// How long something that happens in the background may take.
const SOON: Duration = Duration::from_secs(20);

async fn entries(pools: &UserPools) -> Vec<AuditEntry> {
    pools.audit(&AuditFilter::default()).await.unwrap()
}

fn operations(entries: &[AuditEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.operation.as_str()).collect()
}

#[tokio::test]
async fn every_change_has_its_entry_and_what_changed_nothing_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let pools = UserPools::open(crate::engine::development(folder.path())).unwrap();
    let pool = create_pool(&pools, json!({})).await;
    let client = json!({"UserPoolId": pool, "ClientName": "web"});
    let client = send::<CreateUserPoolClientRequest>(&pools, client).await.unwrap().user_pool_client.unwrap();
    send::<CreateGroupRequest>(&pools, json!({"UserPoolId": pool, "GroupName": "queens"})).await.unwrap();
    let user = json!({"UserPoolId": pool, "Username": "zenobia"});
    let created = send::<AdminCreateUserRequest>(&pools, user.clone()).await.unwrap().user.unwrap();
    let sub = created.attributes.unwrap()[0].value.clone();

    // What is refused for what it is, and what only reads or is a user's own doing.
    send::<AdminCreateUserRequest>(&pools, user.clone()).await.unwrap_err();
    send::<AdminDeleteUserRequest>(&pools, json!({"UserPoolId": pool, "Username": "nobody"})).await.unwrap_err();
    send::<AdminGetUserRequest>(&pools, user.clone()).await.unwrap();
    send::<ListUsersRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap();
    let sign_up = json!({"ClientId": client.client_id, "Username": "odaenathus", "Password": "Palmyra272!"});
    send::<SignUpRequest>(&pools, sign_up).await.unwrap();
    // What is accepted and leaves everything as it was.
    let same = json!({"UserPoolId": pool, "Username": "zenobia", "UserAttributes": []});
    send::<AdminUpdateUserAttributesRequest>(&pools, same).await.unwrap();

    send::<AdminDeleteUserRequest>(&pools, user).await.unwrap();
    send::<DeleteUserPoolRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap();
    let found = entries(&pools).await;
    let expected = [
        "CreateUserPool",
        "CreateUserPoolClient",
        "CreateGroup",
        "AdminCreateUser",
        "AdminUpdateUserAttributes",
        "AdminDeleteUser",
        "DeleteUserPool",
    ];
    assert_eq!(operations(&found), expected);
    for entry in &found {
        assert_eq!(entry.pool.as_ref(), Some(&pool), "{entry:?}");
        assert_eq!((entry.record.outcome, &entry.record.actor), (AuditOutcome::Done, &Actor::Embedded), "{entry:?}");
    }
    assert_eq!(found[1].record.resource.get("ClientId"), client.client_id.as_ref());
    assert_eq!(found[2].record.resource["GroupName"], "queens");
    for about_user in &found[3..6] {
        assert_eq!(about_user.record.user, sub);
    }
    let of_user = AuditFilter { user: sub, ..AuditFilter::default() };
    assert_eq!(pools.audit(&of_user).await.unwrap(), found[3..6]);
    let newest = AuditFilter { limit: Some(2), ..AuditFilter::default() };
    assert_eq!(pools.audit(&newest).await.unwrap(), found[5..]);
    let one = AuditFilter { operation: Some("CreateGroup".to_owned()), pool: Some(pool), ..AuditFilter::default() };
    assert_eq!(pools.audit(&one).await.unwrap(), found[2..3]);
}

#[tokio::test]
async fn of_changes_made_at_once_each_has_one_entry() {
    let folder = tempfile::tempdir().unwrap();
    let pools = UserPools::open(crate::engine::development(folder.path())).unwrap();
    let pool = create_pool(&pools, json!({})).await;
    let tasks = (0..64).map(|number| {
        let (pools, pool) = (pools.clone(), pool.clone());
        tokio::spawn(async move {
            // Pairs want the same name: of each, one is created.
            let user = json!({"UserPoolId": pool, "Username": format!("user-{}", number / 2)});
            send::<AdminCreateUserRequest>(&pools, user).await.is_ok()
        })
    });
    let mut created = 0;
    for task in tasks.collect::<Vec<_>>() {
        created += usize::from(task.await.unwrap());
    }
    assert_eq!(created, 32);
    let only = AuditFilter { operation: Some("AdminCreateUser".to_owned()), ..AuditFilter::default() };
    assert_eq!(pools.audit(&only).await.unwrap().len(), created);
}

#[tokio::test]
async fn an_entry_tells_who_from_where_and_refusals_as_well() {
    let limits = Limits { trusted_proxies: Proxies::parse(&["127.0.0.0/8"]).unwrap(), ..Limits::default() };
    let served = Served::serve_within(limits).await;
    let pool = create_pool(&served.pools, json!({})).await;
    send::<AdminCreateUserRequest>(&served.pools, json!({"UserPoolId": pool, "Username": "zenobia"})).await.unwrap();
    let sub = served.pools.sub_of(&pool, "zenobia").await.unwrap();
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "cognito-idp:CreateGroup", "Resource": "*"}}"#;
    let key = served.pools.create_access_key("billing", &Policy::parse(policy).unwrap()).await.unwrap();
    let begun = served.pools.clock().now();

    let from_afar = |signer: &Signer, operation: &str, members: &serde_json::Value| {
        let mut request = signer.sign(operation, members);
        request.headers.push(("x-forwarded-for".to_owned(), "192.0.2.7".to_owned()));
        request.headers.push(("user-agent".to_owned(), "a console".to_owned()));
        request
    };
    let holder = Signer::new(&key.id, &key.secret);
    let group = json!({"UserPoolId": pool, "GroupName": "queens", "Description": "of the east"});
    let answered = served.send(&from_afar(&holder, "CreateGroup", &group)).await;
    assert_eq!(answered.status, 200);
    let id = answered.header("x-amzn-requestid").unwrap();
    let user = json!({"UserPoolId": pool, "Username": "zenobia"});
    let denied = served.send(&from_afar(&holder, "AdminDeleteUser", &user)).await;
    assert_eq!(denied.exception().0, "AccessDeniedException");
    // Reading is no change, denied or not.
    assert_eq!(served.send(&holder.sign("AdminGetUser", &user)).await.exception().0, "AccessDeniedException");
    let forger = Signer::new(&key.id, "another secret");
    assert_eq!(served.send(&forger.sign("DeleteGroup", &group)).await.exception().0, "InvalidSignatureException");
    assert_eq!(served.send(&Signer::root().sign("DeleteGroup", &group)).await.status, 200);

    let found = AuditFilter { since: Some(begun), ..AuditFilter::default() };
    let found = served.pools.audit(&found).await.unwrap();
    assert_eq!(operations(&found), ["CreateGroup", "AdminDeleteUser", "DeleteGroup", "DeleteGroup"]);
    let created = &found[0].record;
    assert_eq!((&created.actor, created.request_id.as_str()), (&Actor::AccessKey(key.id.clone()), id));
    assert_eq!(created.address.as_deref(), Some("192.0.2.7"));
    assert_eq!(created.agent.as_deref(), Some("a console"));
    assert_eq!(created.fields, ["Description", "GroupName"]);
    let refused = &found[1].record;
    assert_eq!((refused.outcome, refused.error.as_deref()), (AuditOutcome::Refused, Some("AccessDeniedException")));
    assert_eq!((&refused.user, &refused.actor), (&sub, &Actor::AccessKey(key.id.clone())));
    let badly_signed = &found[2].record;
    assert_eq!(
        (badly_signed.outcome, badly_signed.error.as_deref()),
        (AuditOutcome::Refused, Some("InvalidSignatureException"))
    );
    assert_eq!(badly_signed.actor, Actor::Unverified(key.id.clone()));
    assert_eq!(found[3].record.actor, Actor::Root(ROOT.to_owned()));
}

#[tokio::test]
async fn who_knocks_without_end_does_not_fill_the_trail() {
    let served = Served::serve().await;
    let mut connection = served.connect().await;
    for _ in 0..210 {
        let request = Signer::new("AKIANOBODY", "secret").sign("DeleteUserPool", &json!({"UserPoolId": "us-east-1_A"}));
        let answer = connection.send("POST /", &request.headers, &request.body).await.unwrap();
        assert_eq!(answer.exception().0, "UnrecognizedClientException");
    }
    let count = entries(&served.pools).await.len();
    assert!((200..205).contains(&count), "{count}");
}

#[tokio::test]
async fn an_entry_names_what_was_given_and_holds_none_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let pools = UserPools::open(crate::engine::development(folder.path())).unwrap();
    let pool = create_pool(&pools, json!({"UsernameAttributes": ["email"]})).await;
    let secrets =
        ["Temporary-272!", "Permanent-272!", "zenobia@palmyra.example", "Septimia", "metadata-272", "secret272"];
    let create = json!({
        "UserPoolId": pool, "Username": secrets[2], "TemporaryPassword": secrets[0], "DesiredDeliveryMediums": ["EMAIL"],
        "UserAttributes": [{"Name": "email", "Value": secrets[2]}, {"Name": "name", "Value": secrets[3]}],
        "ClientMetadata": {secrets[4]: secrets[4]}, "ValidationData": [{"Name": secrets[4], "Value": secrets[4]}],
    });
    send::<AdminCreateUserRequest>(&pools, create).await.unwrap();
    let password = json!({"UserPoolId": pool, "Username": secrets[2], "Password": secrets[1], "Permanent": true});
    send::<AdminSetUserPasswordRequest>(&pools, password).await.unwrap();
    let client = json!({"UserPoolId": pool, "ClientName": "web", "ClientSecret": secrets[5].repeat(4)});
    send::<CreateUserPoolClientRequest>(&pools, client).await.unwrap();
    let found = entries(&pools).await;
    let fields = [
        "ClientMetadata",
        "DesiredDeliveryMediums",
        "TemporaryPassword",
        "UserAttributes.email",
        "UserAttributes.name",
        "ValidationData",
    ];
    assert_eq!(found[1].record.fields, fields);
    assert_eq!(found[2].record.fields, ["Password", "Permanent"]);
    assert_eq!(found.len(), 4);
    let text = serde_json::to_string(&found).unwrap();
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[tokio::test]
async fn an_entry_goes_when_it_was_kept_for_long_enough() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = crate::engine::development(folder.path());
    config.settings.audit_days = 30;
    let pools = UserPools::open(config).unwrap();
    create_pool(&pools, json!({})).await;
    pools.clock().advance(29 * 86_400);
    create_pool(&pools, json!({})).await;
    let deliveries = pools.deliver();
    pools.clock().advance(2 * 86_400);
    let pruned = async {
        while entries(&pools).await.len() > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, pruned).await.expect("the older entry goes");
    assert_eq!(entries(&pools).await.len(), 1);
    deliveries.stop().await;
}

#[tokio::test]
async fn the_command_line_reads_the_trail_beside_a_server_and_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let program = crate::process::Program::start("dev", folder.path());
    let mut client = crate::api::DevClient::connect(program.address).await.unwrap();
    let created = client.call("CreateUserPool", &json!({"PoolName": "employees"})).await.unwrap().unwrap();
    let pool = created["UserPool"]["Id"].as_str().unwrap().to_owned();
    let user = json!({"UserPoolId": pool, "Username": "zenobia"});
    client.call("AdminCreateUser", &user).await.unwrap().unwrap();
    let policy = folder.path().join("policy.json");
    let allows = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    std::fs::write(&policy, allows).unwrap();
    let key = crate::process::succeed(&["access-key", "create", "--policy", policy.to_str().unwrap()], folder.path());
    let key: serde_json::Value = serde_json::from_str(&key).unwrap();

    let printed = crate::process::succeed(&["audit", "--json"], folder.path());
    let lines: Vec<serde_json::Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let operations: Vec<&str> = lines.iter().map(|line| line["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["CreateUserPool", "AdminCreateUser", "CreateAccessKey"]);
    assert_eq!(lines[0]["actor"], json!({"kind": "development", "id": "AKIDEXAMPLE"}));
    assert_eq!(lines[0]["address"], "127.0.0.1");
    assert_eq!(lines[2]["actor"]["kind"], "command-line");
    assert_eq!(lines[2]["resource"]["AccessKeyId"], key["AccessKeyId"]);
    assert!(!printed.contains(key["SecretAccessKey"].as_str().unwrap()));
    let arguments = ["audit", "--json", "--pool", &pool, "--user", "zenobia", "--since", "1h"];
    let printed = crate::process::succeed(&arguments, folder.path());
    assert_eq!((printed.lines().count(), printed.contains("AdminCreateUser")), (1, true), "{printed}");
    let unknown = crate::process::refusal(&["audit", "--pool", &pool, "--user", "nobody"], folder.path());
    assert!(unknown.contains("there is no user nobody in"), "{unknown}");
    let nowhere = crate::process::refusal(&["audit", "--user", "zenobia"], folder.path());
    assert!(nowhere.contains("zenobia is no sub: name the pool as well"), "{nowhere}");
    let gone = ["audit", "--json", "--user", "00000000-0000-7000-8000-000000000000"];
    assert_eq!(crate::process::succeed(&gone, folder.path()), "");
    let table = crate::process::succeed(&["audit", "--limit", "1"], folder.path());
    let users = folder.path().join("users.ndjson");
    std::fs::write(&users, r#"{"type":"user","username":"yara"}"#).unwrap();
    crate::process::succeed(&["import", users.to_str().unwrap(), "--into", &pool], folder.path());
    let printed = crate::process::succeed(&["audit", "--json", "--operation", "ImportUsers"], folder.path());
    assert!(printed.contains(r#""kind":"command-line""#), "{printed}");
    assert!(table.starts_with("TIME") && table.contains("cli:") && table.lines().count() == 2, "{table}");
    assert!(crate::process::refusal(&["audit", "--since", "yesterday"], folder.path()).contains("neither a date"));
}

#[tokio::test]
async fn a_reset_of_everything_is_recorded() {
    let served = Served::dev().await;
    served.pools.clock().advance(86_400);
    create_pool(&served.pools, json!({})).await;
    let local = crate::http::headers(&[("host", "localhost"), ("user-agent", "a suite")]);
    let answer = served.connect().await.send("POST /_cognate/reset", &local, b"").await.unwrap();
    assert_eq!(answer.status, 200);
    let found = entries(&served.pools).await;
    assert_eq!(operations(&found), ["CreateUserPool", "Reset"]);
    let AuditRecord { actor, address, agent, .. } = &found[1].record;
    assert_eq!(actor, &Actor::Development(String::new()));
    assert_eq!((address.as_deref(), agent.as_deref()), (Some("127.0.0.1"), Some("a suite")));
    assert_eq!(found[1].pool, None);
}

#[test]
fn the_making_of_the_root_key_is_recorded_once() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        assert!(crate::process::Program::start("serve", folder.path()).terminate());
    }
    let printed = crate::process::succeed(&["audit", "--json"], folder.path());
    let lines: Vec<serde_json::Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{printed}");
    assert_eq!(
        (&lines[0]["operation"], &lines[0]["actor"]["kind"]),
        (&json!("CreateRootAccessKey"), &json!("command-line"))
    );
    assert!(lines[0]["resource"]["AccessKeyId"].as_str().unwrap().starts_with("AKIA"), "{printed}");
}
