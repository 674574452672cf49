//! What a pre token generation trigger makes of the claims of tokens.
//!
//! Source: "Pre token generation Lambda trigger" (Amazon Cognito developer guide). What a trigger may not change stays as
//! it is, without a word.

use cognate_model::PreTokenGenerationLambdaVersionType as Version;
use serde_json::{Map, Value, json};

use crate::claims::attribute_claim;
use crate::trigger::{Answer, Unrecognizable};

/// What neither kind of token lets a trigger change.
const FIXED: [&str; 24] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "cognito:username",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "scope",
    "sub",
    "token_use",
    "username",
    "version",
    "act",
];

const GROUPS: &str = "cognito:groups";
const ROLES: &str = "cognito:roles";
const PREFERRED_ROLE: &str = "cognito:preferred_role";

/// The standard claims of an ID token that are not texts, and for which a trigger may not make up an object.
const TYPED: [&str; 4] = ["email_verified", "phone_number_verified", "updated_at", "address"];

/// What a trigger asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Customization {
    id: Claims,
    access: Claims,
    scopes_to_add: Vec<String>,
    scopes_to_suppress: Vec<String>,
    groups: Option<Groups>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Claims {
    add: Map<String, Value>,
    suppress: Vec<String>,
}

/// Groups instead of the user's own; what is empty is left out.
#[derive(Debug, Clone, Default, PartialEq)]
struct Groups {
    names: Vec<String>,
    roles: Vec<String>,
    preferred_role: Option<String>,
}

impl Customization {
    /// Reads a trigger's answer to an event of this version.
    pub fn read(version: Version, response: &Answer) -> Result<Self, Unrecognizable> {
        if version == Version::V10 {
            return Self::read_first(response);
        }
        let Some(details) = response.object("claimsAndScopeOverrideDetails")? else { return Ok(Self::default()) };
        let id = details.object("idTokenGeneration")?.unwrap_or_default();
        let access = details.object("accessTokenGeneration")?.unwrap_or_default();
        Ok(Self {
            id: Claims::read(&id)?,
            access: Claims::read(&access)?,
            scopes_to_add: access.texts("scopesToAdd")?.unwrap_or_default(),
            scopes_to_suppress: access.texts("scopesToSuppress")?.unwrap_or_default(),
            groups: Groups::read(&details)?,
        })
    }

    /// The first version changes ID tokens only, but for the groups; its claims are texts.
    fn read_first(response: &Answer) -> Result<Self, Unrecognizable> {
        let Some(details) = response.object("claimsOverrideDetails")? else { return Ok(Self::default()) };
        // Read as texts for their type.
        details.map("claimsToAddOrOverride")?;
        Ok(Self { id: Claims::read(&details)?, groups: Groups::read(&details)?, ..Self::default() })
    }

    /// Changes the claims of an ID token.
    pub fn change_id(&self, claims: &mut Map<String, Value>) {
        if let Some(groups) = &self.groups {
            set(claims, ROLES, (!groups.roles.is_empty()).then(|| json!(groups.roles)));
            set(claims, PREFERRED_ROLE, groups.preferred_role.as_ref().map(|role| json!(role)));
        }
        self.change_groups(claims);
        for (name, value) in self.id.added() {
            let value = match value {
                Value::String(text) => attribute_claim(name, text),
                Value::Object(_) | Value::Array(_) if TYPED.contains(&name.as_str()) => continue,
                other => other.clone(),
            };
            claims.insert(name.clone(), value);
        }
        self.id.suppress_in(claims);
    }

    /// Changes the claims of an access token.
    pub fn change_access(&self, claims: &mut Map<String, Value>) {
        self.change_groups(claims);
        for (name, value) in self.access.added() {
            claims.insert(name.clone(), value.clone());
        }
        // An access token may be meant for its own client, and for nobody else.
        if let Some(audience) = self.access.add.get("aud").filter(|audience| claims.get("client_id") == Some(audience))
        {
            claims.insert("aud".to_owned(), audience.clone());
        }
        self.access.suppress_in(claims);
        self.change_scope(claims);
    }

    fn change_groups(&self, claims: &mut Map<String, Value>) {
        if let Some(groups) = &self.groups {
            set(claims, GROUPS, (!groups.names.is_empty()).then(|| json!(groups.names)));
        }
    }

    fn change_scope(&self, claims: &mut Map<String, Value>) {
        if self.scopes_to_add.is_empty() && self.scopes_to_suppress.is_empty() {
            return;
        }
        let mut scopes: Vec<String> = match claims.get("scope") {
            Some(Value::String(scope)) => scope.split_ascii_whitespace().map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        for scope in self.scopes_to_add.iter().filter(|scope| may_be_added(scope)) {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        scopes.retain(|scope| !self.scopes_to_suppress.contains(scope));
        claims.insert("scope".to_owned(), json!(scopes.join(" ")));
    }
}

/// A scope is one word of RFC 6749, section 3.3, and those of the service are not given away.
fn may_be_added(scope: &str) -> bool {
    let fits = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !scope.is_empty() && scope.bytes().all(fits) && !scope.starts_with("aws.cognito")
}

fn set(claims: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(claims.insert(name.to_owned(), value)),
        None => drop(claims.remove(name)),
    }
}

impl Claims {
    fn read(answer: &Answer) -> Result<Self, Unrecognizable> {
        Ok(Self {
            add: answer.object("claimsToAddOrOverride")?.unwrap_or_default().members().clone(),
            suppress: answer.texts("claimsToSuppress")?.unwrap_or_default(),
        })
    }

    fn added(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.add.iter().filter(|(name, value)| {
            let is_ours = name.starts_with("cognito:") || name.starts_with("dev:") || FIXED.contains(&name.as_str());
            !is_ours && !value.is_null()
        })
    }

    /// What is both added and suppressed is suppressed. The roles go with the groups.
    fn suppress_in(&self, claims: &mut Map<String, Value>) {
        for name in self.suppress.iter().filter(|name| !FIXED.contains(&name.as_str())) {
            claims.remove(name);
            if name == GROUPS {
                claims.remove(ROLES);
                claims.remove(PREFERRED_ROLE);
            }
        }
    }
}

impl Groups {
    /// An override that is there and says nothing takes all groups away.
    fn read(details: &Answer) -> Result<Option<Self>, Unrecognizable> {
        if !details.has("groupOverrideDetails") {
            return Ok(None);
        }
        let groups = details.object("groupOverrideDetails")?.unwrap_or_default();
        Ok(Some(Self {
            names: groups.texts("groupsToOverride")?.unwrap_or_default(),
            roles: groups.texts("iamRolesToOverride")?.unwrap_or_default(),
            preferred_role: groups.text("preferredRole")?.map(str::to_owned),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(version: Version, response: &Value) -> Result<Customization, Unrecognizable> {
        let sent = json!({
            "version": "1", "triggerSource": "TokenGeneration_Authentication", "region": "r", "userPoolId": "r_a",
            "userName": "maria", "callerContext": {}, "request": {}, "response": response,
        });
        Customization::read(version, &Answer::read(&sent, sent.to_string().as_bytes()).unwrap())
    }

    fn id() -> Map<String, Value> {
        json!({
            "sub": "s", "aud": "client", "email": "a@example.com", "email_verified": false, "cognito:username": "maria",
            "cognito:groups": ["a"], "cognito:roles": ["r"], "cognito:preferred_role": "r", "token_use": "id",
        })
        .as_object()
        .unwrap()
        .clone()
    }

    fn access() -> Map<String, Value> {
        json!({
            "sub": "s", "client_id": "client", "scope": "aws.cognito.signin.user.admin", "cognito:groups": ["a"],
            "token_use": "access",
        })
        .as_object()
        .unwrap()
        .clone()
    }

    fn changed(customization: &Customization) -> (Map<String, Value>, Map<String, Value>) {
        let (mut id, mut access) = (id(), access());
        customization.change_id(&mut id);
        customization.change_access(&mut access);
        (id, access)
    }

    #[test]
    fn nothing_said_is_nothing_changed() {
        for response in [json!({}), json!({"claimsOverrideDetails": null, "claimsAndScopeOverrideDetails": null})] {
            for version in [Version::V10, Version::V20, Version::V30] {
                assert_eq!(changed(&read(version, &response).unwrap()), (id(), access()));
            }
        }
    }

    #[test]
    fn the_first_version_changes_id_tokens_with_texts() {
        let response = json!({"claimsOverrideDetails": {
            "claimsToAddOrOverride": {"tier": "gold", "email_verified": "true", "email": "x"},
            "claimsToSuppress": ["email"],
        }});
        let (changed_id, changed_access) = changed(&read(Version::V10, &response).unwrap());
        assert_eq!((&changed_id["tier"], &changed_id["email_verified"]), (&json!("gold"), &json!(true)));
        assert!(!changed_id.contains_key("email"), "suppression wins");
        assert_eq!(changed_access, access());
        let number = json!({"claimsOverrideDetails": {"claimsToAddOrOverride": {"age": 7}}});
        assert_eq!(read(Version::V10, &number), Err(Unrecognizable));
    }

    #[test]
    fn groups_are_replaced_in_both_tokens() {
        let with = |groups: &Value| {
            let details = json!({"claimsOverrideDetails": {"groupOverrideDetails": groups}});
            changed(&read(Version::V10, &details).unwrap())
        };
        let (id, access) =
            with(&json!({"groupsToOverride": ["x", "y"], "iamRolesToOverride": ["q"], "preferredRole": "q"}));
        assert_eq!((&id[GROUPS], &id[ROLES], &id[PREFERRED_ROLE]), (&json!(["x", "y"]), &json!(["q"]), &json!("q")));
        assert_eq!(access[GROUPS], json!(["x", "y"]));
        for nothing in [json!(null), json!({}), json!({"groupsToOverride": []})] {
            let (id, access) = with(&nothing);
            assert!([GROUPS, ROLES, PREFERRED_ROLE].iter().all(|name| !id.contains_key(*name)), "{nothing}");
            assert!(!access.contains_key(GROUPS));
        }
    }

    #[test]
    fn later_versions_change_both_with_any_value() {
        let response = json!({"claimsAndScopeOverrideDetails": {
            "idTokenGeneration": {"claimsToAddOrOverride": {"n": 1, "o": {"a": [true]}, "address": {"x": 1}, "gone": null}},
            "accessTokenGeneration": {
                "claimsToAddOrOverride": {"l": [1, 2], "aud": "client"},
                "claimsToSuppress": ["cognito:groups"],
                "scopesToAdd": ["read", "with space", "aws.cognito.x", "read"],
                "scopesToSuppress": ["aws.cognito.signin.user.admin"],
            },
        }});
        for version in [Version::V20, Version::V30] {
            let (id, access) = changed(&read(version, &response).unwrap());
            assert_eq!((&id["n"], &id["o"]), (&json!(1), &json!({"a": [true]})));
            assert!(!id.contains_key("address") && !id.contains_key("gone"));
            assert_eq!(
                (&access["l"], &access["aud"], &access["scope"]),
                (&json!([1, 2]), &json!("client"), &json!("read"))
            );
            assert!(!access.contains_key(GROUPS));
        }
    }

    #[test]
    fn what_is_fixed_stays() {
        let mut all: Map<String, Value> = FIXED.iter().map(|name| ((*name).to_owned(), json!("forged"))).collect();
        all.insert("cognito:anything".to_owned(), json!("forged"));
        all.insert("dev:custom:x".to_owned(), json!("forged"));
        let claims = json!({"claimsToAddOrOverride": all, "claimsToSuppress": FIXED});
        let response =
            json!({"claimsAndScopeOverrideDetails": {"idTokenGeneration": claims, "accessTokenGeneration": claims}});
        assert_eq!(changed(&read(Version::V20, &response).unwrap()), (id(), access()));
    }

    #[test]
    fn roles_go_with_the_groups() {
        let response = json!({"claimsOverrideDetails": {"claimsToSuppress": [GROUPS]}});
        let (id, access) = changed(&read(Version::V10, &response).unwrap());
        assert!([GROUPS, ROLES, PREFERRED_ROLE].iter().all(|name| !id.contains_key(*name)));
        assert_eq!(access[GROUPS], json!(["a"]), "access tokens are not the first version's");
    }
}
