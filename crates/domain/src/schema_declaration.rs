//! The attribute schema that a pool declares: `Schema` of `CreateUserPool`, and `AddCustomAttributes`.
//!
//! The messages are recorded from the live service, but for those that name no recording.

use cognate_model::{AliasAttributeType, NO_DATA_TYPE, SchemaAttributeType};

use crate::schema_constraints::{check_constraints, fitting_constraints, narrowed_constraints};
pub use crate::standard_attributes::{is_standard, standard_attributes};
use crate::{Pool, Refusal};

/// How many custom attributes a pool can have ("Quotas in Amazon Cognito").
const MAX_CUSTOM_ATTRIBUTES: usize = 50;

/// The `SchemaAttributes` of a new pool: the twenty standard attributes as `declared` changes them, then the custom
/// ones in their order.
pub fn declare_schema(declared: Option<Vec<SchemaAttributeType>>) -> Result<Vec<SchemaAttributeType>, Refusal> {
    let mut schema = standard_attributes();
    for attribute in declared.unwrap_or_default() {
        let name = name_of(&attribute)?.to_owned();
        if let Some(standard) = standard_mut(&mut schema, &name) {
            redeclare(standard, &attribute, &name)?;
            continue;
        }
        let custom = custom_attribute(attribute, &name)?;
        if existing_name(&schema, &name).is_some() {
            return Err(Refusal::invalid(format!(
                "Duplicate custom attribute names custom:{name} are not allowed in a user pool schema."
            )));
        }
        schema.push(custom);
    }
    Ok(schema)
}

/// Adds custom attributes to a pool, all or none. An attribute with a standard attribute's name becomes a custom one.
pub fn add_custom_attributes(pool: &mut Pool, attributes: Vec<SchemaAttributeType>) -> Result<(), Refusal> {
    let mut schema = pool.config.schema_attributes.clone().unwrap_or_else(standard_attributes);
    for attribute in attributes {
        let name = name_of(&attribute)?.to_owned();
        let custom = custom_attribute(attribute, &name)?;
        if let Some(existing) = existing_name(&schema, &name) {
            return Err(Refusal::invalid(format!("custom:{name}: Existing attribute already has name {existing}.")));
        }
        schema.push(custom);
    }
    if schema.iter().filter(|attribute| is_custom(attribute)).count() > MAX_CUSTOM_ATTRIBUTES {
        // The limit is documented, its text is not.
        return Err(Refusal::invalid(format!(
            "A user pool cannot have more than {MAX_CUSTOM_ATTRIBUTES} custom attributes."
        )));
    }
    pool.config.schema_attributes = Some(schema);
    Ok(())
}

/// `preferred_username` is chosen after sign-up when it is an alias, so it cannot be required at sign-up
/// ("Working with user attributes"; the text is not recorded).
pub(crate) fn check_aliases(
    schema: &[SchemaAttributeType],
    aliases: Option<&[AliasAttributeType]>,
) -> Result<(), Refusal> {
    let is_alias = aliases.is_some_and(|aliases| aliases.contains(&AliasAttributeType::PreferredUsername));
    let is_required = schema
        .iter()
        .any(|attribute| attribute.name.as_deref() == Some("preferred_username") && attribute.required == Some(true));
    if is_alias && is_required {
        return Err(Refusal::invalid("preferred_username cannot be a required attribute and an alias attribute."));
    }
    Ok(())
}

fn name_of(attribute: &SchemaAttributeType) -> Result<&str, Refusal> {
    attribute.name.as_deref().ok_or_else(|| Refusal::invalid("Attribute name is required."))
}

fn standard_mut<'a>(schema: &'a mut [SchemaAttributeType], name: &str) -> Option<&'a mut SchemaAttributeType> {
    schema.iter_mut().find(|attribute| is_standard(name) && attribute.name.as_deref() == Some(name))
}

/// What a declaration can change of a standard attribute; nobody can change what `sub` is.
fn redeclare(standard: &mut SchemaAttributeType, declared: &SchemaAttributeType, name: &str) -> Result<(), Refusal> {
    // CloudFormation templates leave the type of standard attributes out, and deploy.
    let keeps_type = declared.attribute_data_type.is_none_or(|kind| standard.attribute_data_type == Some(kind));
    if !keeps_type || declared.developer_only_attribute == Some(true) {
        return Err(Refusal::invalid(format!(
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {name}"
        )));
    }
    narrowed_constraints(standard, declared);
    check_constraints(standard, name)?;
    if name != "sub" {
        standard.required = Some(declared.required.unwrap_or(false));
        standard.mutable = Some(declared.mutable.unwrap_or(true));
    }
    Ok(())
}

fn custom_attribute(declared: SchemaAttributeType, name: &str) -> Result<SchemaAttributeType, Refusal> {
    if declared.required == Some(true) {
        return Err(Refusal::invalid("Required custom attributes are not supported currently."));
    }
    let Some(data_type) = declared.attribute_data_type else {
        return Err(Refusal::invalid(NO_DATA_TYPE));
    };
    let is_developer_only = declared.developer_only_attribute.unwrap_or(false);
    let prefix = if is_developer_only { "dev:custom:" } else { "custom:" };
    let mut custom = SchemaAttributeType {
        name: Some(format!("{prefix}{name}")),
        attribute_data_type: Some(data_type),
        developer_only_attribute: Some(is_developer_only),
        mutable: Some(declared.mutable.unwrap_or(true)),
        required: Some(false),
        ..declared
    };
    fitting_constraints(&mut custom, data_type);
    check_constraints(&custom, &format!("custom:{name}"))?;
    Ok(custom)
}

fn is_custom(attribute: &SchemaAttributeType) -> bool {
    attribute.name.as_deref().is_some_and(|name| name.starts_with("custom:") || name.starts_with("dev:custom:"))
}

/// The full name under which a custom attribute of this bare name exists. A developer-only attribute takes the name
/// from the others.
fn existing_name<'a>(schema: &'a [SchemaAttributeType], name: &str) -> Option<&'a str> {
    schema.iter().filter_map(|attribute| attribute.name.as_deref()).find(|existing| {
        let bare = existing.strip_prefix("dev:").unwrap_or(existing).strip_prefix("custom:");
        bare == Some(name)
    })
}

/// The declaration of an attribute, by its full name.
pub fn attribute<'a>(pool: &'a Pool, name: &str) -> Option<&'a SchemaAttributeType> {
    pool.config.schema_attributes.iter().flatten().find(|attribute| attribute.name.as_deref() == Some(name))
}

#[cfg(test)]
mod tests {
    use cognate_model::AttributeDataType;
    use serde_json::{Value, json};

    use super::*;

    fn entries(json: Value) -> Vec<SchemaAttributeType> {
        serde_json::from_value(json).unwrap()
    }

    fn declared(json: Value) -> Vec<SchemaAttributeType> {
        declare_schema(Some(entries(json))).unwrap()
    }

    fn refused(json: Value) -> String {
        declare_schema(Some(entries(json))).unwrap_err().message.into_owned()
    }

    fn described(schema: &[SchemaAttributeType], name: &str) -> Value {
        let found = schema.iter().find(|attribute| attribute.name.as_deref() == Some(name)).unwrap();
        serde_json::to_value(found).unwrap()
    }

    fn pool(schema: Value) -> Pool {
        let mut pool = Pool::default();
        pool.config.schema_attributes = Some(declared(schema));
        pool
    }

    #[test]
    fn a_pool_without_a_schema_has_the_standard_attributes() {
        assert_eq!(declare_schema(None).unwrap(), standard_attributes());
    }

    #[test]
    fn a_standard_attribute_can_be_required_immutable_and_shorter() {
        let schema = declared(json!([{"Name": "email", "AttributeDataType": "String", "Required": true,
            "Mutable": false, "StringAttributeConstraints": {"MinLength": "5"}}]));
        assert_eq!(schema.len(), 20);
        assert_eq!(
            described(&schema, "email"),
            json!({"Name": "email", "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": false,
                   "Required": true, "StringAttributeConstraints": {"MinLength": "5", "MaxLength": "2048"}})
        );
    }

    #[test]
    fn a_standard_attribute_needs_no_type() {
        let schema = declared(json!([{"Name": "name", "Required": true}]));
        assert_eq!(described(&schema, "name")["AttributeDataType"], "String");
    }

    #[test]
    fn sub_stays_what_it_is() {
        let schema = declared(json!([{"Name": "sub", "AttributeDataType": "String", "Mutable": true}]));
        assert_eq!(schema, standard_attributes());
    }

    #[test]
    fn a_standard_attribute_keeps_its_type_and_its_readers() {
        let text = "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute ";
        assert_eq!(refused(json!([{"Name": "email", "AttributeDataType": "Number"}])), format!("{text}email"));
        assert_eq!(refused(json!([{"Name": "name", "DeveloperOnlyAttribute": true}])), format!("{text}name"));
    }

    #[test]
    fn a_custom_attribute_gets_its_prefix_and_its_defaults() {
        let schema = declared(json!([{"Name": "role", "AttributeDataType": "String"}]));
        assert_eq!(
            described(&schema, "custom:role"),
            json!({"Name": "custom:role", "AttributeDataType": "String", "DeveloperOnlyAttribute": false,
                   "Mutable": true, "Required": false, "StringAttributeConstraints": {}})
        );
    }

    #[test]
    fn a_developer_attribute_keeps_only_the_constraints_of_its_type() {
        let schema = declared(json!([{"Name": "mydev", "AttributeDataType": "Number", "DeveloperOnlyAttribute": true,
            "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "99"},
            "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "99"}}]));
        assert_eq!(
            described(&schema, "dev:custom:mydev"),
            json!({"Name": "dev:custom:mydev", "AttributeDataType": "Number", "DeveloperOnlyAttribute": true,
                   "Mutable": true, "Required": false,
                   "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "99"}})
        );
    }

    #[test]
    fn a_custom_attribute_cannot_be_required_or_typeless() {
        let required = json!([{"Name": "role", "AttributeDataType": "String", "Required": true}]);
        assert_eq!(refused(required), "Required custom attributes are not supported currently.");
        assert_eq!(refused(json!([{"Name": "role"}])), NO_DATA_TYPE);
    }

    #[test]
    fn a_custom_attribute_is_declared_once() {
        let twice = json!([{"Name": "role", "AttributeDataType": "String"},
            {"Name": "role", "AttributeDataType": "Number", "DeveloperOnlyAttribute": true}]);
        assert_eq!(
            refused(twice),
            "Duplicate custom attribute names custom:role are not allowed in a user pool schema."
        );
    }

    #[test]
    fn an_added_attribute_must_be_new() {
        let mut pool = pool(json!([{"Name": "a", "AttributeDataType": "String"},
            {"Name": "b", "AttributeDataType": "String", "DeveloperOnlyAttribute": true}]));
        let before = pool.clone();
        for (name, existing) in [("a", "custom:a"), ("b", "dev:custom:b")] {
            let added = entries(json!([{"Name": "new", "AttributeDataType": "String"},
                {"Name": name, "AttributeDataType": "String"}]));
            let refusal = add_custom_attributes(&mut pool, added).unwrap_err();
            assert_eq!(
                refusal,
                Refusal::invalid(format!("custom:{name}: Existing attribute already has name {existing}."))
            );
        }
        assert_eq!(pool, before);
    }

    #[test]
    fn an_added_attribute_can_share_a_standard_name() {
        let mut pool = pool(json!([]));
        add_custom_attributes(&mut pool, entries(json!([{"Name": "email", "AttributeDataType": "Number"}]))).unwrap();
        let data_type = |name| attribute(&pool, name).unwrap().attribute_data_type;
        assert_eq!(data_type("custom:email"), Some(AttributeDataType::Number));
        assert_eq!(data_type("email"), Some(AttributeDataType::String));
    }

    #[test]
    fn a_pool_has_fifty_custom_attributes_at_most() {
        let mut pool = pool(json!([]));
        for index in 0..50 {
            let one = entries(json!([{"Name": format!("a{index}"), "AttributeDataType": "String"}]));
            add_custom_attributes(&mut pool, one).unwrap();
        }
        let one_more = entries(json!([{"Name": "more", "AttributeDataType": "String"}]));
        assert!(add_custom_attributes(&mut pool, one_more).is_err());
    }

    #[test]
    fn preferred_username_is_required_or_an_alias() {
        let required = declared(json!([{"Name": "preferred_username", "Required": true}]));
        assert!(check_aliases(&required, Some(&[AliasAttributeType::PreferredUsername])).is_err());
        assert!(check_aliases(&required, Some(&[AliasAttributeType::Email])).is_ok());
        assert!(check_aliases(&standard_attributes(), Some(&[AliasAttributeType::PreferredUsername])).is_ok());
    }
}
