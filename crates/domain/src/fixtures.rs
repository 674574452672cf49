//! Pools and users for the tests of this crate.

use cognate_model::{
    AliasAttributeType, AttributeDataType, AttributeType, NumberAttributeConstraintsType, SchemaAttributeType,
    StringAttributeConstraintsType, Timestamp, UserPoolType, UserStatusType, UsernameAttributeType,
    UsernameConfigurationType,
};

use crate::standard_attributes::standard_attributes;
use crate::user::Hidden;
use crate::{Pool, User};

/// A pool whose users sign in by user name, with a few custom attributes.
pub(crate) fn plain_pool() -> Pool {
    let mut schema = standard_attributes();
    schema.extend([
        custom("custom:team", AttributeDataType::String, true),
        SchemaAttributeType {
            string_attribute_constraints: Some(StringAttributeConstraintsType {
                min_length: Some("2".to_owned()),
                max_length: Some("4".to_owned()),
            }),
            ..custom("custom:short", AttributeDataType::String, true)
        },
        SchemaAttributeType {
            number_attribute_constraints: Some(NumberAttributeConstraintsType {
                min_value: Some("1".to_owned()),
                max_value: Some("10".to_owned()),
            }),
            ..custom("custom:level", AttributeDataType::Number, true)
        },
        custom("custom:since", AttributeDataType::DateTime, true),
        custom("custom:active", AttributeDataType::Boolean, true),
        custom("custom:tenant", AttributeDataType::String, false),
        custom("dev:custom:note", AttributeDataType::String, true),
    ]);
    let config =
        UserPoolType { id: Some("us-east-1_Abc123".to_owned()), schema_attributes: Some(schema), ..Default::default() };
    Pool { config, ..Pool::default() }
}

/// The same, with aliases.
pub(crate) fn alias_pool(aliases: &[AliasAttributeType]) -> Pool {
    let mut pool = plain_pool();
    pool.config.alias_attributes = Some(aliases.to_vec());
    pool
}

/// The same, with addresses in place of user names.
pub(crate) fn username_pool(attributes: &[UsernameAttributeType]) -> Pool {
    let mut pool = plain_pool();
    pool.config.username_attributes = Some(attributes.to_vec());
    pool
}

/// The same, with names that do not differ by case.
pub(crate) fn case_insensitive(mut pool: Pool) -> Pool {
    pool.config.username_configuration = Some(UsernameConfigurationType { case_sensitive: false });
    pool
}

/// The same, with a standard attribute that every user must have.
pub(crate) fn requiring(mut pool: Pool, name: &str) -> Pool {
    for attribute in pool.config.schema_attributes.iter_mut().flatten() {
        if attribute.name.as_deref() == Some(name) {
            attribute.required = Some(true);
        }
    }
    pool
}

/// The same, taking custom attributes without their prefix.
pub(crate) fn taking_bare_names(mut pool: Pool) -> Pool {
    pool.leniencies.bare_custom_attribute_names = true;
    pool
}

/// A confirmed user.
pub(crate) fn user_with(username: &str, attributes: &[(&str, &str)]) -> User {
    User {
        id: [7; 16],
        username: username.to_owned(),
        status: UserStatusType::Confirmed,
        enabled: true,
        created: Timestamp::default(),
        modified: Timestamp::default(),
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        hidden: Hidden::default(),
        version: 1,
    }
}

/// The attributes of a request.
pub(crate) fn attributes(given: &[(&str, &str)]) -> Vec<AttributeType> {
    given
        .iter()
        .map(|(name, value)| AttributeType { name: (*name).to_owned(), value: Some((*value).to_owned()) })
        .collect()
}

fn custom(name: &str, kind: AttributeDataType, mutable: bool) -> SchemaAttributeType {
    SchemaAttributeType {
        name: Some(name.to_owned()),
        attribute_data_type: Some(kind),
        mutable: Some(mutable),
        required: Some(false),
        ..Default::default()
    }
}
