//! How a pool's schema declares an attribute.

use std::borrow::Cow;

use cognate_model::{AttributeDataType, SchemaAttributeType};

use crate::Pool;
use crate::standard_attributes::standard_attributes;

/// An attribute of a pool's schema.
#[derive(Debug, Clone)]
pub(super) struct Declaration<'a>(Cow<'a, SchemaAttributeType>);

impl<'a> Declaration<'a> {
    /// What the schema declares under the name that a request uses.
    pub(super) fn find(pool: &'a Pool, typed: &str) -> Option<Self> {
        let of_name = |name: &str| match &pool.config.schema_attributes {
            Some(schema) => schema.iter().find(|attribute| is_named(attribute, name)).map(Cow::Borrowed),
            None => standard_attributes().into_iter().find(|attribute| is_named(attribute, name)).map(Cow::Owned),
        };
        let bare = || of_name(&format!("custom:{typed}")).filter(|_| pool.leniencies.bare_custom_attribute_names);
        of_name(typed).or_else(bare).map(Self)
    }

    /// Everything that a user must have, in the order of the schema.
    pub(super) fn required(pool: &'a Pool) -> impl Iterator<Item = Self> {
        let schema = pool.config.schema_attributes.iter().flatten();
        schema.map(|attribute| Self(Cow::Borrowed(attribute))).filter(Self::is_required)
    }

    /// The full name, with its prefix.
    pub(super) fn name(&self) -> &str {
        self.0.name.as_deref().unwrap_or_default()
    }

    /// Whether the value may change after the user was created.
    pub(super) fn is_mutable(&self) -> bool {
        self.0.mutable.unwrap_or(true)
    }

    /// Whether every user must have it. The `sub` is required too, but nobody provides it.
    pub(super) fn is_required(&self) -> bool {
        self.0.required.unwrap_or(false) && self.name() != "sub"
    }

    /// Whether only administrators see and write it.
    pub(super) fn is_developer_only(&self) -> bool {
        self.0.developer_only_attribute.unwrap_or(false) || self.name().starts_with("dev:")
    }

    /// The type of the values.
    pub(super) fn data_type(&self) -> AttributeDataType {
        self.0.attribute_data_type.unwrap_or_default()
    }

    /// The shortest and longest value, in characters.
    pub(super) fn lengths(&self) -> (Option<usize>, Option<usize>) {
        let limits = self.0.string_attribute_constraints.as_ref();
        let parse = |limit: &Option<String>| limit.as_ref()?.parse().ok();
        limits.map_or((None, None), |limits| (parse(&limits.min_length), parse(&limits.max_length)))
    }

    /// The smallest and largest value, as the schema spells them.
    pub(super) fn values(&self) -> (Option<&str>, Option<&str>) {
        let limits = self.0.number_attribute_constraints.as_ref();
        limits.map_or((None, None), |limits| (limits.min_value.as_deref(), limits.max_value.as_deref()))
    }
}

fn is_named(attribute: &SchemaAttributeType, name: &str) -> bool {
    attribute.name.as_deref() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{plain_pool, taking_bare_names};

    fn found(pool: &Pool, typed: &str) -> Option<String> {
        Declaration::find(pool, typed).map(|declaration| declaration.name().to_owned())
    }

    #[test]
    fn a_custom_attribute_needs_its_prefix() {
        assert_eq!(found(&plain_pool(), "custom:team").as_deref(), Some("custom:team"));
        assert_eq!(found(&plain_pool(), "team"), None);
    }

    #[test]
    fn a_lenient_pool_takes_the_bare_name_of_a_declared_custom_attribute() {
        let pool = taking_bare_names(plain_pool());
        assert_eq!(found(&pool, "team").as_deref(), Some("custom:team"));
        assert_eq!(found(&pool, "department"), None);
        assert_eq!(found(&pool, "note"), None, "developer-only attributes keep their prefix");
    }

    #[test]
    fn a_pool_without_a_schema_has_the_standard_attributes() {
        let pool = Pool::default();
        assert_eq!(found(&pool, "given_name").as_deref(), Some("given_name"));
        assert_eq!(found(&pool, "custom:team"), None);
    }
}
