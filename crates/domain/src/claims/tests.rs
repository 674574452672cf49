use serde_json::json;

use super::*;
use crate::fixtures::user_with;

const GRANT: Grant<'static> = Grant {
    issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example",
    client_id: "client",
    event_id: Some("event"),
    auth_time: 1_500_009_400,
    issued_at: 1_500_009_400,
    expires_at: 1_500_013_000,
    ids: Some(TokenIds { jti: "this", origin_jti: "first" }),
};

fn group(name: &str, precedence: Option<i32>, role: Option<&str>) -> GroupType {
    GroupType {
        group_name: Some(name.to_owned()),
        precedence,
        role_arn: role.map(str::to_owned),
        ..GroupType::default()
    }
}

fn jane() -> User {
    user_with(
        "janedoe",
        &[
            ("email", "jane@example.com"),
            ("email_verified", "true"),
            ("phone_number_verified", "false"),
            ("updated_at", "1500000000"),
            ("address", "1 Main Street"),
            ("custom:level", "7"),
            ("custom:active", "true"),
            ("dev:custom:note", "secret"),
        ],
    )
}

fn id(user: &User, groups: &[GroupType], readable: &[&str]) -> Map<String, Value> {
    let is_readable = |name: &str| readable.is_empty() || readable.contains(&name);
    id_claims(user, groups, &is_readable, &GRANT)
}

#[test]
fn an_id_token_carries_the_readable_attributes_with_their_types() {
    let expected = json!({
        "sub": "07070707-0707-0707-0707-070707070707",
        "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example",
        "aud": "client",
        "token_use": "id",
        "cognito:username": "janedoe",
        "cognito:groups": ["admin"],
        "event_id": "event",
        "auth_time": 1_500_009_400,
        "iat": 1_500_009_400,
        "exp": 1_500_013_000,
        "jti": "this",
        "origin_jti": "first",
        "email": "jane@example.com",
        "email_verified": true,
        "phone_number_verified": false,
        "updated_at": 1_500_000_000,
        "address": {"formatted": "1 Main Street"},
        "custom:level": "7",
        "custom:active": "true",
    });
    assert_eq!(Value::Object(id(&jane(), &[group("admin", None, None)], &[])), expected);
}

#[test]
fn an_id_token_leaves_out_what_the_client_may_not_read() {
    let claims = id(&jane(), &[], &["custom:level"]);
    assert!(claims.contains_key("custom:level") && claims.contains_key("sub"));
    assert!(!claims.contains_key("email") && !claims.contains_key("email_verified"));
}

#[test]
fn an_access_token_of_a_sign_in_carries_no_attributes() {
    let expected = json!({
        "sub": "07070707-0707-0707-0707-070707070707",
        "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example",
        "client_id": "client",
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin",
        "username": "janedoe",
        "event_id": "event",
        "auth_time": 1_500_009_400,
        "iat": 1_500_009_400,
        "exp": 1_500_013_000,
        "jti": "this",
        "origin_jti": "first",
    });
    assert_eq!(Value::Object(access_claims(&jane(), &[], Access::Api, None, &GRANT)), expected);
}

#[test]
fn an_access_token_of_an_oauth_sign_in_has_its_scopes_and_a_version() {
    let claims = access_claims(&jane(), &[], Access::OAuth("openid email"), Some("us-east-1_key"), &GRANT);
    assert_eq!(claims.get("scope"), Some(&json!("openid email")));
    assert_eq!(claims.get("version"), Some(&json!(2)));
    assert_eq!(claims.get("device_key"), Some(&json!("us-east-1_key")));
}

#[test]
fn tokens_that_cannot_be_revoked_have_no_ids() {
    let grant = Grant { ids: None, event_id: None, ..GRANT };
    let claims = access_claims(&jane(), &[], Access::Api, None, &grant);
    assert!(!claims.contains_key("jti") && !claims.contains_key("origin_jti") && !claims.contains_key("event_id"));
}

#[test]
fn groups_come_by_precedence_and_roles_once_each() {
    let groups = [
        group("plain", None, Some("arn:c")),
        group("second", Some(2), Some("arn:b")),
        group("first", Some(0), Some("arn:a")),
        group("again", Some(5), Some("arn:a")),
    ];
    let claims = id(&jane(), &groups, &[]);
    assert_eq!(claims.get("cognito:groups"), Some(&json!(["first", "second", "again", "plain"])));
    assert_eq!(claims.get("cognito:roles"), Some(&json!(["arn:a", "arn:b", "arn:c"])));
    assert_eq!(claims.get("cognito:preferred_role"), Some(&json!("arn:a")));
}

#[test]
fn groups_that_come_first_together_must_agree_on_the_role() {
    let agreeing = [group("a", Some(1), Some("arn:a")), group("b", Some(1), Some("arn:a"))];
    assert_eq!(preferred_role(&agreeing), Some("arn:a"));
    let disagreeing = [group("a", Some(1), Some("arn:a")), group("b", Some(1), Some("arn:b"))];
    assert_eq!(preferred_role(&disagreeing), None);
    assert!(id(&jane(), &disagreeing, &[]).contains_key("cognito:roles"));
}

#[test]
fn a_group_without_a_role_does_not_stand_before_one_with_a_role() {
    assert_eq!(preferred_role(&[group("a", Some(0), None), group("b", None, Some("arn:b"))]), Some("arn:b"));
    assert_eq!(preferred_role(&[group("a", Some(0), None)]), None);
    assert!(!id(&jane(), &[group("a", Some(0), None)], &[]).contains_key("cognito:roles"));
}

#[test]
fn a_federated_user_carries_the_identities() {
    let mut user = jane();
    user.attributes.insert("identities".to_owned(), r#"[{"userId":"1","primary":true}]"#.to_owned());
    assert_eq!(id(&user, &[], &["email"]).get("identities"), Some(&json!([{"userId": "1", "primary": "true"}])));
}
