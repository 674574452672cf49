//! Policies in the form of IAM: `Effect`, `Action`, `Resource` with wildcards; deny wins, default is deny.
//!
//! Source: "IAM JSON policy elements reference". What Cognate cannot evaluate (`Condition`, `NotAction`,
//! `NotResource`, `Principal`) is refused when the policy is made, never ignored.

use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Policy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(deserialize_with = "one_or_many")]
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: Effect,
    #[serde(deserialize_with = "one_or_many")]
    action: Vec<String>,
    #[serde(deserialize_with = "one_or_many")]
    resource: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

/// What a policy says of an action on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement speaks of it, which is a no.
    NotAllowed,
}

/// Why a policy document is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not a policy document, or one with elements that Cognate does not evaluate.
    #[error(
        "not a policy that Cognate can evaluate: {0}. A policy is {{\"Version\": \"2012-10-17\", \"Statement\": \
         [{{\"Effect\": \"Allow\", \"Action\": \"cognito-idp:AdminGetUser\", \"Resource\": \"*\"}}]}}"
    )]
    Malformed(String),
    /// An action of another service, or no action at all.
    #[error("the action {0} is not one of cognito-idp:<Operation>, with * and ? as wildcards")]
    Action(String),
    /// A resource that is neither `*` nor an ARN, or an ARN with a policy variable.
    #[error(
        "the resource {0} is neither * nor a whole ARN such as arn:aws:cognito-idp:us-east-1:000000000000:userpool/*, \
         without variables"
    )]
    Resource(String),
    /// The document is too long.
    #[error("a policy has at most {MAX_LENGTH} bytes")]
    Length,
}

/// The versions of the policy language.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// The longest policy document, in bytes ("IAM and AWS STS quotas": managed policies).
pub const MAX_LENGTH: usize = 6_144;

impl Policy {
    /// Reads a policy document and checks that all of it can be evaluated.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_LENGTH {
            return Err(PolicyError::Length);
        }
        let policy: Self = serde_json::from_str(text).map_err(|e| PolicyError::Malformed(e.to_string()))?;
        if policy.version.as_deref().is_some_and(|version| !VERSIONS.contains(&version)) {
            return Err(PolicyError::Malformed(format!("Version is one of {}", VERSIONS.join(", "))));
        }
        if policy.statement.is_empty() {
            return Err(PolicyError::Malformed("Statement is empty".to_owned()));
        }
        for statement in &policy.statement {
            for action in &statement.action {
                let known = action == "*"
                    || action.split_once(':').is_some_and(|(service, name)| {
                        !name.is_empty() && matches(&service.to_ascii_lowercase(), "cognito-idp")
                    });
                if !known {
                    return Err(PolicyError::Action(action.clone()));
                }
            }
            for resource in &statement.resource {
                if !is_resource(resource) {
                    return Err(PolicyError::Resource(resource.clone()));
                }
            }
            if statement.action.is_empty() || statement.resource.is_empty() {
                return Err(PolicyError::Malformed("Action and Resource must not be empty".to_owned()));
            }
        }
        // It is kept as it is written here, which may be longer than it was given, and is read again from there.
        if serde_json::to_string(&policy).is_ok_and(|written| written.len() > MAX_LENGTH) {
            return Err(PolicyError::Length);
        }
        Ok(policy)
    }

    /// Whether `cognito-idp:<operation>` is allowed on a resource.
    pub fn decide(&self, operation: &str, resource: &str) -> Decision {
        let action = format!("cognito-idp:{operation}").to_ascii_lowercase();
        let mut decision = Decision::NotAllowed;
        for statement in &self.statement {
            let speaks = statement.action.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
                && statement.resource.iter().any(|pattern| matches(pattern, resource));
            match (speaks, statement.effect) {
                (true, Effect::Deny) => return Decision::Denied,
                (true, Effect::Allow) => decision = Decision::Allowed,
                (false, _) => {}
            }
        }
        decision
    }
}

/// Whether a resource can be evaluated as it stands. IAM completes an ARN of fewer than six fields and replaces variables
/// (`${aws:username}`); taken literally they would match nothing, and a denial of them would deny nothing.
fn is_resource(resource: &str) -> bool {
    let is_whole = resource.ends_with('*') || resource.split(':').count() >= 6;
    let is_literal = !resource.contains("${");
    resource == "*" || (resource.starts_with("arn:") && is_whole && is_literal)
}

/// Whether a text matches a pattern in which `*` stands for any text and `?` for any character.
///
/// Runs in the product of the lengths at worst: after a mismatch only the last `*` takes one more character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                p = at + 1;
                t = taken + 1;
                star = Some((at, t));
            }
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|c| *c == b'*'))
}

/// A list, or a lone element in its place. Read by hand so that what is wrong inside an element is told as it is.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(OneOrMany(PhantomData))
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("one element or a list of them")
    }

    fn visit_str<E: serde::de::Error>(self, one: &str) -> Result<Vec<T>, E> {
        Ok(vec![T::deserialize(one.into_deserializer())?])
    }

    fn visit_map<A: MapAccess<'de>>(self, one: A) -> Result<Vec<T>, A::Error> {
        Ok(vec![T::deserialize(MapAccessDeserializer::new(one))?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, many: A) -> Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(many))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_A";

    fn policy(statements: &str) -> Policy {
        Policy::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#)).unwrap()
    }

    #[test]
    fn what_is_not_allowed_is_denied() {
        let policy = policy(r#"{"Effect": "Allow", "Action": "cognito-idp:AdminGet*", "Resource": "*"}"#);
        assert_eq!(policy.decide("AdminGetUser", POOL), Decision::Allowed);
        assert_eq!(policy.decide("AdminDeleteUser", POOL), Decision::NotAllowed);
    }

    #[test]
    fn a_deny_wins_whatever_the_order() {
        let policy = policy(&format!(
            r#"[{{"Effect": "Deny", "Action": ["cognito-idp:AdminDeleteUser"], "Resource": "{POOL}"}},
                {{"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"}}]"#
        ));
        assert_eq!(policy.decide("AdminDeleteUser", POOL), Decision::Denied);
        assert_eq!(policy.decide("AdminGetUser", POOL), Decision::Allowed);
        assert_eq!(policy.decide("AdminDeleteUser", &POOL.replace("_A", "_B")), Decision::Allowed);
    }

    #[test]
    fn a_pool_arn_does_not_cover_its_neighbours() {
        let policy = policy(&format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "{POOL}"}}"#));
        assert_eq!(policy.decide("AdminGetUser", &format!("{POOL}B")), Decision::NotAllowed);
        assert_eq!(policy.decide("ListUserPools", "*"), Decision::NotAllowed);
    }

    #[test]
    fn what_cannot_be_evaluated_is_refused() {
        for statement in [
            r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}"#,
            r#"{"Effect": "Allow", "NotAction": "cognito-idp:AdminGetUser", "Resource": "*"}"#,
            r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#,
            r#"{"Effect": "Allow", "Action": "cognito-idp:AdminGetUser", "Resource": "userpool"}"#,
            r#"{"Effect": "Deny", "Action": "*", "Resource": "arn:aws:cognito-idp"}"#,
            r#"{"Effect": "Deny", "Action": "*", "Resource": "arn:aws:cognito-idp:us-east-1:1:userpool/${aws:username}"}"#,
            r#"{"Effect": "allow", "Action": "*", "Resource": "*"}"#,
            "[]",
        ] {
            let text = format!(r#"{{"Statement": {statement}}}"#);
            assert!(Policy::parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_statement_is_told() {
        let alone = r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}"#;
        for statement in [alone.to_owned(), format!("[{alone}]")] {
            let told = Policy::parse(&format!(r#"{{"Statement": {statement}}}"#)).unwrap_err().to_string();
            assert!(told.contains("unknown field `Condition`"), "{told}");
        }
        let twice = r#"{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
        assert!(Policy::parse(twice).unwrap_err().to_string().contains("duplicate field `Effect`"));
        let version = r#"{"Version": "2026-01-01", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
        assert!(Policy::parse(version).unwrap_err().to_string().contains("Version is one of"));
    }

    #[test]
    fn wildcards_match_as_in_iam() {
        assert!(matches("a*c?e", "abbbcde") && matches("*", "") && matches("**", "x"));
        assert!(!matches("a?", "a") && !matches("a", "ab") && !matches("", "a"));
        assert!(!matches(&"a*".repeat(64), &"b".repeat(4_096)));
    }

    #[test]
    fn a_policy_that_is_accepted_is_accepted_again_as_it_is_kept() {
        let statement = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let read = |statements: usize| {
            Policy::parse(&format!(r#"{{"Statement":[{}]}}"#, vec![statement; statements].join(",")))
        };
        let kept = serde_json::to_string(&read(115).unwrap()).unwrap();
        assert_eq!(Policy::parse(&kept).unwrap(), read(115).unwrap());
        assert!(matches!(read(125), Err(PolicyError::Length)));
    }

    #[test]
    fn actions_are_compared_without_case() {
        let policy = policy(r#"{"Effect": "Allow", "Action": "COGNITO-IDP:admingetuser", "Resource": "*"}"#);
        assert_eq!(policy.decide("AdminGetUser", POOL), Decision::Allowed);
    }
}
