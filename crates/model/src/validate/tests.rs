use serde_json::json;

use super::*;
use crate::generated::{OPERATIONS, schema};

fn message(value: &Value, shape: &'static Shape) -> String {
    validate(value, shape).unwrap_err().to_string()
}

#[test]
fn a_pattern_violation_reads_as_recorded() {
    assert_eq!(
        message(&json!({"UserPoolId": "YourUserPoolId", "Username": "a"}), &schema::ADMIN_GET_USER_REQUEST),
        r"1 validation error detected: Value 'YourUserPoolId' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+"
    );
}

#[test]
fn sensitive_values_are_not_echoed() {
    assert_eq!(
        message(&json!({"UserPoolId": "us-east-1_a", "Username": ""}), &schema::ADMIN_GET_USER_REQUEST),
        r"2 validation errors detected: Value at 'username' failed to satisfy constraint: Member must have length greater than or equal to 1; Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"
    );
}

#[test]
fn a_missing_member_reads_as_null() {
    assert_eq!(
        message(&json!({"Username": "a"}), &schema::ADMIN_GET_USER_REQUEST),
        "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn nested_paths_are_camel_case_with_one_based_positions() {
    assert_eq!(
        message(
            &json!({"PoolName": "p", "Policies": {"PasswordPolicy": {"MinimumLength": 4}}}),
            &schema::CREATE_USER_POOL_REQUEST
        ),
        "1 validation error detected: Value '4' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: Member must have value greater than or equal to 6"
    );
    assert_eq!(
        message(
            &json!({"PoolName": "p", "Schema": [{"Name": "aaaaaaaaaaaaaaaaaaaaa"}]}),
            &schema::CREATE_USER_POOL_REQUEST
        ),
        "1 validation error detected: Value 'aaaaaaaaaaaaaaaaaaaaa' at 'schema.1.member.name' failed to satisfy constraint: Member must have length less than or equal to 20"
    );
}

#[test]
fn an_invitation_without_its_placeholder_uses_the_internal_name() {
    let request = json!({"PoolName": "p", "AdminCreateUserConfig": {"InviteMessageTemplate": {"EmailMessage": "Welcome aboard."}}});
    assert_eq!(
        message(&request, &schema::CREATE_USER_POOL_REQUEST),
        r"1 validation error detected: Value 'Welcome aboard.' at 'adminCreateUserConfig.inviteMessage.emailMessage' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{####\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*"
    );
}

#[test]
fn elements_are_reported_at_their_list() {
    assert_eq!(
        message(&json!({"PoolName": "p", "AutoVerifiedAttributes": ["given_name"]}), &schema::CREATE_USER_POOL_REQUEST),
        "1 validation error detected: Value '[given_name]' at 'autoVerifiedAttributes' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [phone_number, email]]"
    );
}

#[test]
fn enum_values_are_listed() {
    assert_eq!(
        message(&json!({"PoolName": "p", "MfaConfiguration": "MAYBE"}), &schema::CREATE_USER_POOL_REQUEST),
        "1 validation error detected: Value 'MAYBE' at 'mfaConfiguration' failed to satisfy constraint: Member must satisfy enum value set: [OPTIONAL, OFF, ON]"
    );
}

#[test]
fn a_long_list_prints_as_java_prints_it_and_stays_short() {
    let schema: Vec<Value> = (0..51).map(|i| json!({"Name": format!("c{i}"), "AttributeDataType": "String"})).collect();
    let text = message(&json!({"PoolName": "p", "Schema": schema}), &schema::CREATE_USER_POOL_REQUEST);
    assert!(
        text.starts_with("1 validation error detected: Value '[SchemaAttributeType(name=c0, attributeDataType=String, developerOnlyAttribute=null, "),
        "{text}"
    );
    assert!(text.ends_with("Member must have length less than or equal to 50") && text.len() < 30_000, "{text}");
}

#[test]
fn a_value_just_over_its_bound_is_echoed_whole() {
    let description = "x".repeat(2_049);
    assert_eq!(
        message(
            &json!({"UserPoolId": "us-east-1_a", "GroupName": "g", "Description": description}),
            &schema::CREATE_GROUP_REQUEST
        ),
        format!(
            "1 validation error detected: Value '{description}' at 'description' failed to satisfy constraint: Member must have length less than or equal to 2048"
        )
    );
}

#[test]
fn nothing_inside_a_sensitive_map_is_echoed() {
    let password = "hunter2".repeat(20_000);
    let text = message(
        &json!({"ClientId": "abc", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"PASSWORD": password}}),
        &schema::INITIATE_AUTH_REQUEST,
    );
    assert_eq!(
        text,
        "1 validation error detected: Value at 'authParameters.PASSWORD.member' failed to satisfy constraint: Member must have length less than or equal to 131072"
    );
}

#[test]
fn a_message_does_not_grow_with_the_request() {
    let request = json!({"ClientId": "abc", "Username": "u", "UserAttributes": vec![json!({}); 100_000]});
    let text = message(&request, &schema::SIGN_UP_REQUEST);
    assert!(
        text.starts_with("100000 validation errors detected: Value null at 'userAttributes.1.member.name'"),
        "{text}"
    );
    assert!(text.len() < 70_000, "{}", text.len());
    let key = "k".repeat(1_000_000);
    let text = message(
        &json!({"ClientId": "abc", "AuthFlow": "USER_AUTH", "ClientMetadata": {key: null}}),
        &schema::INITIATE_AUTH_REQUEST,
    );
    assert!(text.len() < 70_000, "{}", text.len());
}

#[test]
fn an_invitation_by_sms_needs_its_placeholder_too() {
    let request =
        json!({"PoolName": "p", "AdminCreateUserConfig": {"InviteMessageTemplate": {"SMSMessage": "Welcome."}}});
    let text = message(&request, &schema::CREATE_USER_POOL_REQUEST);
    assert!(text.contains(r"'adminCreateUserConfig.inviteMessage.sMSMessage'") && text.contains(r"\{####\}"), "{text}");
}

#[test]
fn every_pattern_compiles() {
    fn walk(shape: &'static Shape, seen: &mut std::collections::HashSet<usize>) {
        if !seen.insert(std::ptr::from_ref(shape) as usize) {
            return;
        }
        match shape {
            Shape::String(limits) => {
                if let Some(pattern) = &limits.pattern {
                    assert!(pattern.compiles(), "{}", pattern.raw);
                }
            }
            Shape::List(list) => walk(list.member, seen),
            Shape::Map(map) => {
                walk(map.key, seen);
                walk(map.value, seen);
            }
            Shape::Structure(structure) => structure.members.iter().for_each(|member| walk(member.shape, seen)),
            _ => {}
        }
    }
    let mut seen = std::collections::HashSet::new();
    for info in &OPERATIONS {
        walk(info.input, &mut seen);
    }
    assert!(seen.len() > 300, "{}", seen.len());
}
