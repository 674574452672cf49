//! The file: TOML, with the API's own spelling inside `config`.

use std::collections::BTreeMap;

use cognate_domain::pool::Leniencies;
use cognate_model::{
    CreateGroupRequest, CreateUserPoolClientRequest, CreateUserPoolRequest, Operation, Secret,
    SetUserPoolMfaConfigRequest, UserStatusType, validate,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Why a file is not a list of pools.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not TOML of this form.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
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
    pub(super) mfa_config: Option<SetUserPoolMfaConfigRequest>,
    pub(super) groups: Vec<CreateGroupRequest>,
    pub(super) clients: Vec<DeclaredClient>,
    pub(super) users: Vec<DeclaredUser>,
}

#[derive(Debug, Clone)]
pub(super) struct DeclaredClient {
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
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
        let file: File = toml::from_str(text)?;
        Ok(Self { pools: file.pools.into_iter().map(pool).collect::<Result<_, _>>()? })
    }
}

fn pool(table: PoolTable) -> Result<DeclaredPool, ParseError> {
    let place = format!("pool {}", table.id);
    let mut config = table.config;
    let name = table.name.unwrap_or_else(|| table.id.clone());
    config.entry("PoolName").or_insert(name.into());
    let of_pool = |mut members: Map<String, Value>| {
        members.insert("UserPoolId".to_owned(), table.id.clone().into());
        members
    };
    let groups = table
        .groups
        .into_iter()
        .map(|members| request(&format!("{place}, groups"), Operation::CreateGroup, &of_pool(members)))
        .collect::<Result<_, _>>()?;
    let clients = table
        .clients
        .into_iter()
        .map(|client| {
            let mut members = of_pool(client.config);
            let name = client.name.unwrap_or_else(|| client.id.clone());
            members.entry("ClientName").or_insert(name.into());
            let place = format!("{place}, client {}", client.id);
            let config = request(&place, Operation::CreateUserPoolClient, &members)?;
            Ok(DeclaredClient { id: client.id, secret: client.secret, config })
        })
        .collect::<Result<_, ParseError>>()?;
    let mfa_config = table
        .mfa_config
        .map(|members| request(&format!("{place}, mfa_config"), Operation::SetUserPoolMfaConfig, &of_pool(members)))
        .transpose()?;
    Ok(DeclaredPool {
        config: request(&format!("{place}, config"), Operation::CreateUserPool, &config)?,
        id: table.id,
        leniencies: table.leniencies,
        mfa_config,
        groups,
        clients,
        users: table.users,
    })
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
    if let Some(unknown) = members.keys().find(|name| input.get(*name).is_none()) {
        return Err(wrong(format!("{} has no member {unknown}", operation.name())));
    }
    validate(&input, operation.info().input).map_err(|violations| wrong(violations.to_string()))?;
    serde_json::from_value(input).map_err(|e| wrong(e.to_string()))
}
