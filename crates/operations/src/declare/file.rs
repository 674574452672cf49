//! The file: TOML, with the API's own spelling inside `config`.

use std::collections::{BTreeMap, BTreeSet};

use super::webhooks::{self, DeclaredWebhook, WebhookTable};
use crate::toml_text::fault;
use cognate_domain::pool::Leniencies;
use cognate_model::{
    AdminCreateUserRequest, CreateGroupRequest, CreateUserPoolClientRequest, CreateUserPoolRequest,
    DescribeUserPoolClientRequest, DescribeUserPoolRequest, Operation, Secret, SetUserPoolMfaConfigRequest,
    UserStatusType, validate,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// Why a file is not a list of pools.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not TOML of this form: the line, the key and the reason.
    #[error("line {0}")]
    Form(String),
    /// A member that the API does not have, or a value that it does not take.
    #[error("{place}: {reason}")]
    Member {
        /// Which pool, client or group.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

/// The pools of a file.
#[derive(Debug, Clone, Default)]
pub struct DeclaredPools {
    pub(super) pools: Vec<DeclaredPool>,
}

#[derive(Debug, Clone)]
pub(super) struct DeclaredPool {
    pub(super) id: String,
    pub(super) leniencies: Leniencies,
    pub(super) config: CreateUserPoolRequest,
    pub(super) webhooks: Vec<DeclaredWebhook>,
    pub(super) mfa_config: Option<SetUserPoolMfaConfigRequest>,
    pub(super) groups: Vec<CreateGroupRequest>,
    pub(super) clients: Vec<DeclaredClient>,
    pub(super) users: Vec<DeclaredUser>,
}

#[derive(Debug, Clone)]
pub(super) struct DeclaredClient {
    pub(super) id: String,
    pub(super) config: CreateUserPoolClientRequest,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredUser {
    pub(super) username: String,
    pub(super) sub: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) temporary_password: Option<Secret>,
    pub(super) status: Option<UserStatusType>,
    pub(super) enabled: Option<bool>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    pools: Vec<PoolTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PoolTable {
    id: String,
    name: Option<String>,
    #[serde(default)]
    leniencies: Leniencies,
    #[serde(default)]
    config: Map<String, Value>,
    mfa_config: Option<Map<String, Value>>,
    #[serde(default)]
    webhooks: BTreeMap<String, WebhookTable>,
    #[serde(default)]
    groups: Vec<Map<String, Value>>,
    #[serde(default)]
    clients: Vec<ClientTable>,
    #[serde(default)]
    users: Vec<DeclaredUser>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientTable {
    id: String,
    name: Option<String>,
    secret: Option<Secret>,
    #[serde(default)]
    config: Map<String, Value>,
}

impl DeclaredPools {
    /// Reads a file. Everything is checked as a request would be, so that a mistake is told at the start.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let file: File = toml::from_str(text).map_err(|error| ParseError::Form(fault(text, &error)))?;
        once("pool", file.pools.iter().map(|pool| pool.id.as_str()))?;
        once("client", file.pools.iter().flat_map(|pool| &pool.clients).map(|client| client.id.as_str()))?;
        Ok(Self { pools: file.pools.into_iter().map(pool).collect::<Result<_, _>>()? })
    }
}

/// Of two declarations of one id the second would count for nothing.
fn once<'a>(what: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), ParseError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            let reason = "declared twice".to_owned();
            return Err(ParseError::Member { place: format!("{what} {id}"), reason });
        }
    }
    Ok(())
}

fn pool(table: PoolTable) -> Result<DeclaredPool, ParseError> {
    let place = format!("pool {}", table.id);
    let mut config = table.config;
    let name = table.name.unwrap_or_else(|| table.id.clone());
    config.entry("PoolName").or_insert(name.into());
    let id = table.id.as_str();
    // Nobody could ask for a pool whose id has another form.
    let _: DescribeUserPoolRequest = request(&place, Operation::DescribeUserPool, &with_pool(id, Map::new()))?;
    for user in &table.users {
        check_user(&format!("{place}, user {}", user.username), with_pool(id, Map::new()), user)?;
    }
    let groups = table
        .groups
        .into_iter()
        .map(|members| request(&format!("{place}, groups"), Operation::CreateGroup, &with_pool(id, members)))
        .collect::<Result<_, _>>()?;
    let clients = table
        .clients
        .into_iter()
        .map(|client| {
            let place = format!("{place}, client {}", client.id);
            let named = Map::from_iter([("ClientId".to_owned(), client.id.clone().into())]);
            let _: DescribeUserPoolClientRequest =
                request(&place, Operation::DescribeUserPoolClient, &with_pool(id, named))?;
            let mut members = with_pool(id, client.config);
            let name = client.name.unwrap_or_else(|| client.id.clone());
            members.entry("ClientName").or_insert(name.into());
            if let Some(secret) = client.secret {
                members.insert("ClientSecret".to_owned(), secret.expose().into());
            }
            let config = request(&place, Operation::CreateUserPoolClient, &members)?;
            Ok(DeclaredClient { id: client.id, config })
        })
        .collect::<Result<_, ParseError>>()?;
    let mfa_config = table
        .mfa_config
        .map(|members| {
            request(&format!("{place}, mfa_config"), Operation::SetUserPoolMfaConfig, &with_pool(id, members))
        })
        .transpose()?;
    let mut config: CreateUserPoolRequest = request(&format!("{place}, config"), Operation::CreateUserPool, &config)?;
    let webhooks = webhooks::read(id, table.webhooks)
        .map_err(|reason| ParseError::Member { place: format!("{place}, webhooks"), reason })?;
    for webhook in &webhooks {
        webhook.put(config.lambda_config.get_or_insert_default());
    }
    Ok(DeclaredPool {
        config,
        webhooks,
        id: table.id.clone(),
        leniencies: table.leniencies,
        mfa_config,
        groups,
        clients,
        users: table.users,
    })
}

/// No closure: where one changes an argument that it takes by value, rustc 1.95 may have it change the constant that the
/// next call is given too (rust-lang/rust#155241).
fn with_pool(id: &str, mut members: Map<String, Value>) -> Map<String, Value> {
    members.insert("UserPoolId".to_owned(), id.into());
    members
}

/// A user who could not be created by a request could not be named by one either. Passwords are taken as they are.
fn check_user(place: &str, mut members: Map<String, Value>, user: &DeclaredUser) -> Result<(), ParseError> {
    let attributes = user.attributes.iter().map(|(name, value)| json!({"Name": name, "Value": value}));
    members.insert("Username".to_owned(), user.username.clone().into());
    members.insert("UserAttributes".to_owned(), attributes.collect());
    let _: AdminCreateUserRequest = request(place, Operation::AdminCreateUser, &members)?;
    Ok(())
}

/// Members of an operation's request, checked as the front door checks them; unknown ones are refused besides,
/// because in a file they are mistakes.
fn request<T: DeserializeOwned>(
    place: &str,
    operation: Operation,
    members: &Map<String, Value>,
) -> Result<T, ParseError> {
    let wrong = |reason: String| ParseError::Member { place: place.to_owned(), reason };
    let body = serde_json::to_vec(members).map_err(|e| wrong(e.to_string()))?;
    let input = cognate_model::decode(&body, operation.info().input).map_err(|error| match error {
        cognate_model::DecodeError::Mismatch(message) => wrong(message),
        cognate_model::DecodeError::Malformed => wrong("not a table".to_owned()),
    })?;
    if let Some(unknown) = unknown_member(members, &input) {
        return Err(wrong(format!("{} has no member {unknown}", operation.name())));
    }
    validate(&input, operation.info().input).map_err(|violations| wrong(violations.to_string()))?;
    serde_json::from_value(input).map_err(|e| wrong(e.to_string()))
}

/// The first member that was not read, with the way to it, however deep it lies.
fn unknown_member(written: &Map<String, Value>, read: &Value) -> Option<String> {
    written.iter().find_map(|(name, value)| match read.get(name) {
        None => Some(name.clone()),
        Some(read) => unknown_below(value, read).map(|below| format!("{name}.{below}")),
    })
}

fn unknown_below(written: &Value, read: &Value) -> Option<String> {
    match (written, read) {
        (Value::Object(written), _) => unknown_member(written, read),
        (Value::Array(written), Value::Array(read)) => {
            written.iter().zip(read).find_map(|(written, read)| unknown_below(written, read))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        DeclaredPools::parse(text).unwrap_err().to_string()
    }

    fn refused_in_pool(text: &str) -> String {
        refused(&format!("[[pools]]\nid = \"us-east-1_a\"\n{text}"))
    }

    #[test]
    fn ids_have_the_form_in_which_requests_can_name_them() {
        assert!(refused("[[pools]]\nid = 'nope'").starts_with("pool nope: 1 validation error detected: Value 'nope'"));
        let client = refused_in_pool("[[pools.clients]]\nid = 'a b'");
        assert!(client.starts_with("pool us-east-1_a, client a b: 1 validation error detected"), "{client}");
        let user = refused_in_pool("[[pools.users]]\nusername = 'a b'\npassword = 'p'");
        assert!(user.starts_with("pool us-east-1_a, user a b: 1 validation error detected"), "{user}");
    }

    #[test]
    fn a_secret_is_what_a_client_could_bring() {
        let said = refused_in_pool("[[pools.clients]]\nid = 'a'\nsecret = 'short'");
        assert!(said.ends_with("Member must have length greater than or equal to 24"), "{said}");
        assert!(!said.contains("short"), "{said}");
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_without_values() {
        let user = "[[pools.users]]\nusername = 'a'\n";
        let said = refused_in_pool(&format!("{user}passwrod = 'hunter2'"));
        assert_eq!(said, "line 5: pools.users.passwrod: there is no setting passwrod; did you mean password?");
        let said = refused_in_pool(&format!("{user}password = 12345"));
        assert_eq!(said, "line 5: pools.users.password: invalid type: integer, expected a string");
        let said = refused_in_pool(&format!("{user}password = 'hunter2"));
        assert!(said.starts_with("line 5: pools.users.password: ") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn an_unknown_member_is_a_mistake_however_deep_it_lies() {
        let policy = refused_in_pool("[pools.config.Policies.PasswordPolicy]\nMinLength = 8");
        assert_eq!(policy, "pool us-east-1_a, config: CreateUserPool has no member Policies.PasswordPolicy.MinLength");
        let schema = refused_in_pool("[[pools.config.Schema]]\nName = 'a'\nType = 'String'");
        assert_eq!(schema, "pool us-east-1_a, config: CreateUserPool has no member Schema.Type");
        assert!(DeclaredPools::parse("[[pools]]\nid = 'r_a'\n[pools.config.UserPoolTags]\nany = 'thing'").is_ok());
    }

    #[test]
    fn a_webhook_is_checked_when_it_is_read() {
        let hook = |name: &str, members: &str| format!("[pools.webhooks.{name}]\n{members}\n");
        let secret = "secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"";
        let good = format!("url = \"https://example.com/hook\"\n{secret}");
        let text = format!("[[pools]]\nid = \"us-east-1_a\"\n{}", hook("PreSignUp", &good));
        let declared = DeclaredPools::parse(&text).unwrap();
        let config = declared.pools[0].config.lambda_config.clone().unwrap();
        let arn = "arn:cognate:webhook:us-east-1:000000000000:us-east-1_a/PreSignUp";
        assert_eq!(config.pre_sign_up.as_deref(), Some(arn));
        assert_eq!(
            refused_in_pool(&hook("PreSign", &good)),
            "pool us-east-1_a, webhooks: PreSign: there is no such trigger"
        );
        let version = format!("{good}\nversion = \"V2_0\"");
        assert!(refused_in_pool(&hook("PreSignUp", &version)).ends_with("only PreTokenGeneration has versions"));
        assert!(refused_in_pool(&hook("CustomEmailSender", &good)).contains("senders are no webhooks"));
        let short = refused_in_pool(&hook("PreSignUp", "url = \"https://example.com\"\nsecret = \"whsec_c2hvcnQ=\""));
        assert!(short.contains("whsec_ followed by base64") && !short.contains("c2hvcnQ"), "{short}");
    }

    #[test]
    fn an_id_is_declared_once() {
        let pool = "[[pools]]\nid = 'us-east-1_a'\n";
        assert_eq!(refused(&format!("{pool}{pool}")), "pool us-east-1_a: declared twice");
        let client = "[[pools.clients]]\nid = 'c'\n";
        assert_eq!(
            refused(&format!("{pool}{client}[[pools]]\nid = 'us-east-1_b'\n{client}")),
            "client c: declared twice"
        );
    }
}
