//! Deleting a user who has everything that a user can have, and a pool while others fill it.

use std::path::Path;

use cognate::UserPools;
use cognate::model::{
    AdminAddUserToGroupRequest, AdminCreateUserRequest, AdminDeleteUserRequest, AdminGetUserRequest,
    AdminInitiateAuthRequest, AdminSetUserPasswordRequest, CompleteWebAuthnRegistrationRequest, CreateGroupRequest,
    CreateUserPoolClientRequest, DeleteUserPoolRequest, DescribeUserPoolRequest, ForgotPasswordRequest,
    ListUsersInGroupRequest, ListUsersRequest, SetUserPoolMfaConfigRequest, StartWebAuthnRegistrationRequest,
};
use cognate_crypto::testing::{Authenticator, Ceremony};
use cognate_store::{DbError, Param, Tx};
use serde_json::json;

use crate::api::{create_pool, refused, send};

/// The tables with a row that holds one of these texts or byte strings in some column.
async fn tables_that_mention(folder: &Path, needles: &[Vec<u8>]) -> Vec<String> {
    let store = crate::engine::store(folder);
    store.read(|tx| mentions(tx, needles)).await.unwrap()
}

/// Each table with a query for the rows that hold the parameter somewhere.
const TABLES: &str = "SELECT m.name, 'SELECT 1 FROM \"' || m.name || '\" WHERE ' || \
                      group_concat('instr(CAST(\"' || c.name || '\" AS BLOB), $1)', ' OR ') \
                      FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name";
const TABLES_ON_POSTGRES: &str = "SELECT table_name::text, 'SELECT 1 FROM ' || table_name || ' WHERE ' || \
     string_agg('position($1::bytea in ' || CASE data_type WHEN 'bytea' THEN column_name \
     ELSE 'convert_to(' || column_name || '::text, ''UTF8'')' END || ') > 0', ' OR ') \
     FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name ORDER BY table_name";

fn mentions(tx: &mut dyn Tx, needles: &[Vec<u8>]) -> Result<Vec<String>, DbError> {
    let tables = if crate::engine::is_postgres() { TABLES_ON_POSTGRES } else { TABLES };
    let mut found = Vec::new();
    for mut table in tx.query(tables, &[])? {
        let (name, query) = (table.text(0)?, table.text(1)?);
        // Statements are constants of a program; this one is made up once a table.
        let query: &'static str = Box::leak(query.into_boxed_str());
        for needle in needles {
            if tx.query_one(query, &[Param::Bytes(needle)])?.is_some() {
                found.push(name.clone());
                break;
            }
        }
    }
    Ok(found)
}

/// The sixteen bytes of a `sub`.
fn bytes_of(sub: &str) -> Vec<u8> {
    let digits: Vec<u8> = sub.bytes().filter(|byte| *byte != b'-').collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A passkey, and a registration that is not completed.
async fn register_passkey(pools: &UserPools, pool: &str, token: &str) {
    let config = json!({"UserPoolId": pool, "WebAuthnConfiguration": {"RelyingPartyId": "palmyra.example"}});
    send::<SetUserPoolMfaConfigRequest>(pools, config).await.unwrap();
    let start = json!({"AccessToken": token});
    let begun = send::<StartWebAuthnRegistrationRequest>(pools, start.clone()).await.unwrap();
    let challenge = begun.credential_creation_options["challenge"].as_str().unwrap().to_owned();
    let made = Authenticator::es256().register(&Ceremony::registration(&challenge, "palmyra.example"));
    let complete = json!({"AccessToken": token, "Credential": made});
    send::<CompleteWebAuthnRegistrationRequest>(pools, complete).await.unwrap();
    send::<StartWebAuthnRegistrationRequest>(pools, start).await.unwrap();
}

#[tokio::test]
async fn a_deleted_user_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let pools = UserPools::open(crate::engine::development(folder.path())).unwrap();
    let factors = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}});
    let pool = create_pool(&pools, json!({"AliasAttributes": ["email"], "Policies": factors})).await;
    let user = json!({"UserPoolId": pool, "Username": "zenobia"});
    let flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let client = json!({"UserPoolId": pool, "ClientName": "web", "ExplicitAuthFlows": flows});
    let client = send::<CreateUserPoolClientRequest>(&pools, client).await.unwrap();
    let client = client.user_pool_client.unwrap().client_id.unwrap();
    let sign_in = |password: &str| {
        json!({"UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
               "AuthParameters": {"USERNAME": "zenobia", "PASSWORD": password}})
    };
    let create = json!({
        "UserPoolId": pool, "Username": "zenobia", "DesiredDeliveryMediums": ["EMAIL"], "UserAttributes": [
            {"Name": "email", "Value": "zenobia@palmyra.example"}, {"Name": "email_verified", "Value": "true"},
            {"Name": "name", "Value": "Septimia Zenobia"},
        ],
    });
    send::<CreateGroupRequest>(&pools, json!({"UserPoolId": pool, "GroupName": "queens"})).await.unwrap();
    send::<AdminCreateUserRequest>(&pools, create).await.unwrap();
    let password = json!({"UserPoolId": pool, "Username": "zenobia", "Password": "Palmyra272!", "Permanent": true});
    send::<AdminSetUserPasswordRequest>(&pools, password).await.unwrap();
    let join = json!({"UserPoolId": pool, "Username": "zenobia", "GroupName": "queens"});
    send::<AdminAddUserToGroupRequest>(&pools, join).await.unwrap();
    send::<AdminInitiateAuthRequest>(&pools, sign_in("wrong")).await.unwrap_err();
    let signed_in = send::<AdminInitiateAuthRequest>(&pools, sign_in("Palmyra272!")).await.unwrap();
    let token = signed_in.authentication_result.unwrap().access_token.unwrap();
    register_passkey(&pools, &pool, token.expose()).await;
    send::<ForgotPasswordRequest>(&pools, json!({"ClientId": client, "Username": "zenobia"})).await.unwrap();

    let found = send::<AdminGetUserRequest>(&pools, user.clone()).await.unwrap();
    let sub = found.user_attributes.unwrap()[0].value.clone().unwrap();
    let needles = [bytes_of(&sub), sub.into_bytes(), b"zenobia".to_vec(), b"Zenobia".to_vec()];
    let tables = [
        "attempts",
        "audit",
        "auth_events",
        "codes",
        "group_members",
        "outbox",
        "passkey_challenges",
        "passkeys",
        "refresh_tokens",
        "srp_verifiers",
        "user_aliases",
        "user_attributes",
        "user_groups",
        "users",
    ];
    assert_eq!(tables_that_mention(folder.path(), &needles).await, tables, "a table that names users is not filled");

    send::<AdminDeleteUserRequest>(&pools, user.clone()).await.unwrap();
    // The trail keeps who was deleted, by the id alone.
    assert_eq!(tables_that_mention(folder.path(), &needles).await, ["audit"]);
    assert_eq!(tables_that_mention(folder.path(), &needles[2..]).await, [""; 0]);
    let gone = refused("UserNotFoundException", "User does not exist.");
    assert_eq!(send::<AdminGetUserRequest>(&pools, user).await, Err(gone));
    let members = json!({"UserPoolId": pool, "GroupName": "queens"});
    assert_eq!(send::<ListUsersInGroupRequest>(&pools, members).await.unwrap().users, Some(Vec::new()));
    assert_eq!(send::<ListUsersRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap().users, Some(Vec::new()));
    let described = send::<DescribeUserPoolRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap();
    assert_eq!(described.user_pool.unwrap().estimated_number_of_users, Some(0));
}

#[tokio::test]
async fn nothing_is_put_into_a_pool_that_is_being_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let pools = UserPools::open(crate::engine::development(folder.path())).unwrap();
    let pool = create_pool(&pools, json!({})).await;
    send::<DescribeUserPoolRequest>(&pools, json!({"UserPoolId": pool})).await.unwrap();
    // All of them know the pool, which is still in memory, before the first of them writes.
    let (deleted, group, client, user) = tokio::join!(
        send::<DeleteUserPoolRequest>(&pools, json!({"UserPoolId": pool})),
        after_a_turn(send::<CreateGroupRequest>(&pools, json!({"UserPoolId": pool, "GroupName": "late"}))),
        after_a_turn(send::<CreateUserPoolClientRequest>(&pools, json!({"UserPoolId": pool, "ClientName": "late"}))),
        after_a_turn(send::<AdminCreateUserRequest>(&pools, json!({"UserPoolId": pool, "Username": "late"}))),
    );
    deleted.unwrap();
    let gone = || Some(refused("ResourceNotFoundException", &format!("User pool {pool} does not exist.")));
    for answer in [group.err(), client.err(), user.err()] {
        // Where several write at once some may come before the deletion, which takes along what they put there.
        assert!(answer == gone() || (answer.is_none() && crate::engine::is_postgres()), "{answer:?}");
    }
    let needles = [pool.clone().into_bytes(), b"late".to_vec()];
    // The trail outlives the pool, and so does what tells other servers of its end.
    assert_eq!(tables_that_mention(folder.path(), &needles).await, ["audit", "config_changes"]);
}

/// Lets what was spawned before go first.
async fn after_a_turn<T>(work: impl Future<Output = T>) -> T {
    tokio::task::yield_now().await;
    work.await
}
