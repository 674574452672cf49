//! Which attributes a client's users may read and write ("Attribute permissions and scopes", Amazon Cognito
//! Developer Guide).

use cognate_model::{SchemaAttributeType, UserPoolClientType};

use crate::lists::unique;
use crate::schema_declaration::attribute;
use crate::{Client, Pool, Refusal};

/// What no client may write: the service itself keeps these.
const UNWRITABLE: [&str; 4] = ["sub", "email_verified", "phone_number_verified", "identities"];

/// What `oidc:profile` in a list stands for.
const PROFILE: [&str; 13] = [
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
];

/// What happens to the client, as the messages call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// `CreateUserPoolClient`.
    Creating,
    /// `UpdateUserPoolClient`.
    Updating,
}

impl Occasion {
    fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Updating => "updating",
        }
    }
}

/// Whether users may read the attribute through this client. `sub` is always readable; developer-only attributes
/// must be listed.
pub fn readable(client: &Client, pool: &Pool, name: &str) -> bool {
    name == "sub" || is_permitted(client.config.read_attributes.as_deref(), pool, name)
}

/// Whether users may write the attribute through this client.
pub fn writable(client: &Client, pool: &Pool, name: &str) -> bool {
    !UNWRITABLE.contains(&name) && is_permitted(client.config.write_attributes.as_deref(), pool, name)
}

fn is_permitted(list: Option<&[String]>, pool: &Pool, name: &str) -> bool {
    match list {
        Some(list) => list.iter().any(|listed| listed == name),
        None => exists(pool, name) && !name.starts_with("dev:"),
    }
}

/// Federated users have `identities` without a declaration.
fn exists(pool: &Pool, name: &str) -> bool {
    name == "identities" || attribute(pool, name).is_some()
}

/// Names must be the pool's, and whoever writes must be able to write all that is required (messages recorded from
/// the live service).
pub(crate) fn check_attributes(config: &UserPoolClientType, pool: &Pool, occasion: Occasion) -> Result<(), Refusal> {
    let refusal = |verb: &str| {
        Err(Refusal::invalid(format!("Invalid {verb} attributes specified while {} a client", occasion.as_str())))
    };
    if config.read_attributes.iter().flatten().any(|name| !exists(pool, name)) {
        return refusal("read");
    }
    let Some(write) = &config.write_attributes else {
        return Ok(());
    };
    let is_listed = |required: &SchemaAttributeType| {
        required.name.as_deref().is_some_and(|name| name == "sub" || write.iter().any(|listed| listed == name))
    };
    let mut required = pool.config.schema_attributes.iter().flatten().filter(|known| known.required == Some(true));
    if write.iter().any(|name| UNWRITABLE.contains(&name.as_str()) || !exists(pool, name)) || !required.all(is_listed) {
        return refusal("write");
    }
    Ok(())
}

/// Writes out `oidc:profile` and drops duplicates.
pub(crate) fn expand_attributes(config: &mut UserPoolClientType) {
    config.read_attributes = expanded(config.read_attributes.take());
    config.write_attributes = expanded(config.write_attributes.take());
}

fn expanded(list: Option<Vec<String>>) -> Option<Vec<String>> {
    let names = list?.into_iter().flat_map(|name| match name.as_str() {
        "oidc:profile" => PROFILE.iter().map(|&name| name.to_owned()).collect(),
        _ => vec![name],
    });
    unique(Some(names.collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::schema_declaration::declare_schema;

    fn pool() -> Pool {
        let declared = json!([{"Name": "email", "Required": true}, {"Name": "role", "AttributeDataType": "String"},
            {"Name": "secret", "AttributeDataType": "String", "DeveloperOnlyAttribute": true}]);
        let mut pool = Pool::default();
        pool.config.schema_attributes = Some(declare_schema(serde_json::from_value(declared).unwrap()).unwrap());
        pool
    }

    fn client(config: Value) -> Client {
        let mut client = Client { config: serde_json::from_value(config).unwrap(), ..Client::default() };
        expand_attributes(&mut client.config);
        client
    }

    fn check(config: Value, occasion: Occasion) -> Result<(), String> {
        check_attributes(&client(config).config, &pool(), occasion).map_err(|refusal| refusal.message.into_owned())
    }

    #[test]
    fn without_lists_all_but_developer_attributes_can_be_read() {
        let client = client(json!({}));
        for name in ["sub", "email", "email_verified", "custom:role", "identities"] {
            assert!(readable(&client, &pool(), name), "{name}");
        }
        for name in ["dev:custom:secret", "custom:unknown", "role"] {
            assert!(!readable(&client, &pool(), name), "{name}");
        }
    }

    #[test]
    fn without_lists_all_but_the_services_own_can_be_written() {
        let client = client(json!({}));
        for name in ["email", "phone_number", "custom:role", "updated_at"] {
            assert!(writable(&client, &pool(), name), "{name}");
        }
        for name in ["sub", "email_verified", "phone_number_verified", "dev:custom:secret"] {
            assert!(!writable(&client, &pool(), name), "{name}");
        }
    }

    #[test]
    fn lists_permit_what_they_name() {
        let client = client(json!({"ReadAttributes": ["email", "dev:custom:secret"], "WriteAttributes": ["email"]}));
        for (name, read, write) in
            [("email", true, true), ("dev:custom:secret", true, false), ("name", false, false), ("sub", true, false)]
        {
            assert_eq!(readable(&client, &pool(), name), read, "{name}");
            assert_eq!(writable(&client, &pool(), name), write, "{name}");
        }
    }

    #[test]
    fn unknown_names_are_refused_by_list_and_occasion() {
        let unknown = json!({"ReadAttributes": ["email", "custom:unknown"]});
        assert_eq!(
            check(unknown, Occasion::Creating).unwrap_err(),
            "Invalid read attributes specified while creating a client"
        );
        let unknown = json!({"WriteAttributes": ["email", "role"]});
        assert_eq!(
            check(unknown, Occasion::Updating).unwrap_err(),
            "Invalid write attributes specified while updating a client"
        );
    }

    #[test]
    fn a_client_writes_what_is_required_and_not_what_the_service_keeps() {
        let message = "Invalid write attributes specified while creating a client";
        for names in [json!(["name"]), json!(["email", "email_verified"]), json!(["email", "sub"])] {
            let config = json!({"WriteAttributes": names});
            assert_eq!(check(config, Occasion::Creating).unwrap_err(), message);
        }
        assert_eq!(check(json!({"WriteAttributes": ["email", "custom:role"]}), Occasion::Creating), Ok(()));
    }

    #[test]
    fn the_profile_scope_stands_for_its_attributes() {
        let client = client(json!({"ReadAttributes": ["name", "oidc:profile", "email"]}));
        let read = client.config.read_attributes.unwrap();
        assert_eq!(read.len(), 14);
        assert_eq!(read.last().map(String::as_str), Some("email"));
    }
}
