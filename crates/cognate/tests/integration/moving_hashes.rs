//! Users who bring a hash of another system: their password works at once, SRP once it was used.

use cognate_crypto::random::SystemRandom;
use cognate_crypto::srp::Identity;
use cognate_crypto::srp::client::{ChallengeTexts, SrpClient};
use serde_json::{Value, json};

use crate::api::{DevClient, Refusal, refused};
use crate::moving::{Place, call, sign_in};

/// Hashes of `abc` or `password`, as other systems made them.
const HASHES: [(&str, &str); 6] = [
    ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
    ("abc", "$2y$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
    (
        "password",
        "$scrypt$ln=10,r=8,p=16$TmFDbA$\
         /bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
    ),
    ("passwd", "$pbkdf2-sha256$i=1,l=32$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw"),
    ("passwd", "pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw="),
    ("password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
];

/// Signs in without sending the password.
pub async fn sign_in_by_srp(
    client: &mut DevClient,
    pool: &str,
    app: &str,
    username: &str,
    password: &str,
) -> Result<Value, Refusal> {
    let srp = SrpClient::new(&SystemRandom);
    let members = json!({
        "ClientId": app, "AuthFlow": "USER_SRP_AUTH",
        "AuthParameters": {"USERNAME": username, "SRP_A": srp.public_value()},
    });
    let challenge = call(client, "InitiateAuth", members).await?;
    let parameter = |name: &str| challenge["ChallengeParameters"][name].as_str().unwrap();
    let identity = Identity { prefix: pool.split_once('_').unwrap().1, name: parameter("USER_ID_FOR_SRP") };
    let texts =
        ChallengeTexts { salt: parameter("SALT"), public: parameter("SRP_B"), block: parameter("SECRET_BLOCK") };
    let timestamp = "Fri Feb 9 07:05:03 UTC 2024";
    let signature = srp.prove(identity, password, &texts, timestamp).unwrap();
    let members = json!({
        "ClientId": app, "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeResponses": {
            "USERNAME": parameter("USERNAME"), "TIMESTAMP": timestamp, "PASSWORD_CLAIM_SIGNATURE": signature,
            "PASSWORD_CLAIM_SECRET_BLOCK": texts.block,
        },
    });
    call(client, "RespondToAuthChallenge", members).await
}

fn lines() -> String {
    let line = |(number, (_, hash)): (usize, &(&str, &str))| {
        let email = format!("user{number}@example.com");
        let attributes = json!({"email": email, "email_verified": "true"});
        let user = json!({
            "type": "user", "username": format!("user{number}"), "attributes": attributes, "password": {"hash": hash},
        });
        format!("{user}\n")
    };
    HASHES.iter().enumerate().map(line).collect()
}

fn wrong() -> Refusal {
    refused("NotAuthorizedException", "Incorrect username or password.")
}

#[tokio::test]
async fn a_hash_of_elsewhere_lets_its_user_in_and_is_replaced_by_one_of_ours() {
    let (place, pool, app) = Place::with_pool().await;
    let (report, ended) = place.import(&["--into", &pool], &lines());
    ended.unwrap();
    assert_eq!(report["Users"], HASHES.len());
    let (program, mut client) = place.serve().await;
    for (number, (password, hash)) in HASHES.iter().enumerate() {
        let username = format!("user{number}@example.com");
        let refusal = sign_in(&mut client, &app, &username, "Another-1").await.unwrap_err();
        assert_eq!(refusal, wrong(), "{hash}");
        let refusal = sign_in_by_srp(&mut client, &pool, &app, &username, password).await.unwrap_err();
        assert_eq!(refusal, wrong(), "nothing is there to check it by: {hash}");
        let signed_in = sign_in(&mut client, &app, &username, password).await.unwrap();
        assert!(signed_in["AuthenticationResult"]["AccessToken"].is_string(), "{hash}");
        sign_in_by_srp(&mut client, &pool, &app, &username, password).await.unwrap();
        sign_in(&mut client, &app, &username, password).await.unwrap();
        assert_eq!(sign_in(&mut client, &app, &username, "Another-1").await.unwrap_err(), wrong(), "{hash}");
    }
    assert!(program.terminate());
    let file = place.export(&[]);
    for (_, hash) in HASHES {
        assert!(!file.contains(hash), "{hash} is still there");
    }
    assert_eq!(file.matches("$argon2id$v=19$m=8,t=1,p=1$").count(), HASHES.len());
}

#[tokio::test]
async fn who_has_nothing_for_srp_is_asked_like_anybody() {
    let (place, pool, app) = Place::with_pool().await;
    place.import(&["--into", &pool], &lines()).1.unwrap();
    let (_program, mut client) = place.serve().await;
    let discreet = json!({
        "UserPoolId": pool, "ClientId": app, "PreventUserExistenceErrors": "ENABLED",
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    });
    call(&mut client, "UpdateUserPoolClient", discreet).await.unwrap();
    let mut shapes = Vec::new();
    for username in ["user0", "nobody"] {
        let public = SrpClient::new(&SystemRandom).public_value();
        let members = json!({
            "ClientId": app, "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": {"USERNAME": username, "SRP_A": public},
        });
        let first = call(&mut client, "InitiateAuth", members.clone()).await.unwrap();
        let second = call(&mut client, "InitiateAuth", members).await.unwrap();
        let salt = |answer: &Value| answer["ChallengeParameters"]["SALT"].as_str().unwrap().to_owned();
        assert_eq!(salt(&first), salt(&second), "the salt of {username} is the same every time");
        let names: Vec<String> = first["ChallengeParameters"].as_object().unwrap().keys().cloned().collect();
        shapes.push((names, first["ChallengeParameters"]["SECRET_BLOCK"].as_str().unwrap().len()));
        let refusal = sign_in_by_srp(&mut client, &pool, &app, username, "abc").await.unwrap_err();
        assert_eq!(refusal, wrong(), "{username}");
    }
    assert_eq!(shapes[0], shapes[1]);
}
