//! What ID and access tokens say about a user.
//!
//! "Understanding user pool JSON web tokens" in the developer guide describes the claims; which of them are absent
//! rather than empty was recorded from the live service.

mod identities;

use cognate_model::GroupType;
use serde_json::{Map, Value, json};

use crate::User;

/// The scope of an access token that a sign-in through the API gives.
pub const SIGN_IN_SCOPE: &str = "aws.cognito.signin.user.admin";

/// What a token takes from the sign-in rather than from the user. Times are seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// The app client: `aud` of an ID token, `client_id` of an access token.
    pub client_id: &'a str,
    /// The sign-in event; kept when tokens are refreshed.
    pub event_id: Option<&'a str>,
    /// When the user proved who they are; kept when tokens are refreshed.
    pub auth_time: i64,
    /// `iat`.
    pub issued_at: i64,
    /// `exp`.
    pub expires_at: i64,
    /// Only clients whose tokens can be revoked have these.
    pub ids: Option<TokenIds<'a>>,
}

/// The identifiers by which tokens are revoked.
#[derive(Debug, Clone, Copy)]
pub struct TokenIds<'a> {
    /// This token's own.
    pub jti: &'a str,
    /// Shared by all tokens of one sign-in; kept when tokens are refreshed.
    pub origin_jti: &'a str,
}

/// What an access token may be used for, and who asked for it.
#[derive(Debug, Clone, Copy)]
pub enum Access<'a> {
    /// A sign-in through the API.
    Api,
    /// A sign-in through an OAuth endpoint, with the granted scopes, separated by spaces.
    OAuth(&'a str),
}

/// The claims of an ID token, with those attributes that the app client may read.
pub fn id_claims(
    user: &User,
    groups: &[GroupType],
    is_readable: &dyn Fn(&str) -> bool,
    grant: &Grant<'_>,
) -> Map<String, Value> {
    let mut claims = common_claims(user, groups, grant);
    let readable = user.attributes.iter().filter(|(name, _)| is_readable(name) && !name.starts_with("dev:"));
    for (name, value) in readable {
        claims.insert(name.clone(), attribute_claim(name, value));
    }
    // Federated users carry their identities whatever the client reads.
    if let Some(identities) = user.attribute("identities").and_then(identities::claim) {
        claims.insert("identities".to_owned(), identities);
    }
    let roles = roles(groups);
    if !roles.is_empty() {
        claims.insert("cognito:roles".to_owned(), json!(roles));
    }
    if let Some(role) = preferred_role(groups) {
        claims.insert("cognito:preferred_role".to_owned(), json!(role));
    }
    claims.insert("cognito:username".to_owned(), json!(user.username));
    claims.insert("aud".to_owned(), json!(grant.client_id));
    claims.insert("token_use".to_owned(), json!("id"));
    claims
}

/// The claims of an access token; `device_key` where the pool remembers devices.
pub fn access_claims(
    user: &User,
    groups: &[GroupType],
    access: Access<'_>,
    device_key: Option<&str>,
    grant: &Grant<'_>,
) -> Map<String, Value> {
    let mut claims = common_claims(user, groups, grant);
    let scope = match access {
        Access::Api => SIGN_IN_SCOPE,
        Access::OAuth(scope) => {
            claims.insert("version".to_owned(), json!(2));
            scope
        }
    };
    if let Some(device_key) = device_key {
        claims.insert("device_key".to_owned(), json!(device_key));
    }
    claims.insert("scope".to_owned(), json!(scope));
    claims.insert("username".to_owned(), json!(user.username));
    claims.insert("client_id".to_owned(), json!(grant.client_id));
    claims.insert("token_use".to_owned(), json!("access"));
    claims
}

fn common_claims(user: &User, groups: &[GroupType], grant: &Grant<'_>) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(user.sub()));
    claims.insert("iss".to_owned(), json!(grant.issuer));
    claims.insert("auth_time".to_owned(), json!(grant.auth_time));
    claims.insert("iat".to_owned(), json!(grant.issued_at));
    claims.insert("exp".to_owned(), json!(grant.expires_at));
    if let Some(event_id) = grant.event_id {
        claims.insert("event_id".to_owned(), json!(event_id));
    }
    if let Some(ids) = grant.ids {
        claims.insert("jti".to_owned(), json!(ids.jti));
        claims.insert("origin_jti".to_owned(), json!(ids.origin_jti));
    }
    if !groups.is_empty() {
        let names: Vec<&str> = by_precedence(groups).iter().filter_map(|group| group.group_name.as_deref()).collect();
        claims.insert("cognito:groups".to_owned(), json!(names));
    }
    claims
}

/// Attributes are text, but a few claims are not: `OpenID` Connect says so. Custom attributes stay text.
pub(crate) fn attribute_claim(name: &str, value: &str) -> Value {
    match name {
        "email_verified" | "phone_number_verified" => json!(value == "true"),
        "updated_at" => serde_json::from_str(value).ok().filter(Value::is_number).unwrap_or_else(|| json!(value)),
        "address" => json!({ "formatted": value }),
        _ => json!(value),
    }
}

/// Lowest number first, then groups without one; equals by name.
fn by_precedence(groups: &[GroupType]) -> Vec<&GroupType> {
    let mut sorted: Vec<&GroupType> = groups.iter().collect();
    sorted.sort_by_key(|group| (rank(group), &group.group_name));
    sorted
}

fn rank(group: &GroupType) -> i32 {
    group.precedence.unwrap_or(i32::MAX)
}

/// The groups of a user as a trigger sees them.
pub fn group_configuration(groups: &[GroupType]) -> Value {
    json!({
        "groupsToOverride": by_precedence(groups).iter().filter_map(|group| group.group_name.as_deref()).collect::<Vec<_>>(),
        "iamRolesToOverride": roles(groups),
        "preferredRole": preferred_role(groups),
    })
}

fn roles(groups: &[GroupType]) -> Vec<&str> {
    let mut roles = Vec::new();
    for role in by_precedence(groups).into_iter().filter_map(|group| group.role_arn.as_deref()) {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    roles
}

/// The role of the group that comes first; none when groups that come first together disagree
/// ("Assigning precedence values to groups").
fn preferred_role(groups: &[GroupType]) -> Option<&str> {
    let with_role = || groups.iter().filter(|group| group.role_arn.is_some());
    let best = with_role().map(rank).min()?;
    let mut roles = with_role().filter(|group| rank(group) == best).filter_map(|group| group.role_arn.as_deref());
    let first = roles.next()?;
    roles.all(|role| role == first).then_some(first)
}

#[cfg(test)]
mod tests;
