//! The attributes that every pool has ("Working with user attributes", Amazon Cognito Developer Guide).

use cognate_model::{
    AttributeDataType, NumberAttributeConstraintsType, SchemaAttributeType, StringAttributeConstraintsType,
};

/// Name, type and length limits, in the order in which `CreateUserPool` answers (recorded from the live service).
const STANDARD: [(&str, AttributeDataType, Lengths); 20] = [
    ("sub", AttributeDataType::String, Some(("1", "2048"))),
    ("name", AttributeDataType::String, TEXT),
    ("given_name", AttributeDataType::String, TEXT),
    ("family_name", AttributeDataType::String, TEXT),
    ("middle_name", AttributeDataType::String, TEXT),
    ("nickname", AttributeDataType::String, TEXT),
    ("preferred_username", AttributeDataType::String, TEXT),
    ("profile", AttributeDataType::String, TEXT),
    ("picture", AttributeDataType::String, TEXT),
    ("website", AttributeDataType::String, TEXT),
    ("email", AttributeDataType::String, TEXT),
    ("email_verified", AttributeDataType::Boolean, None),
    ("gender", AttributeDataType::String, TEXT),
    ("birthdate", AttributeDataType::String, Some(("10", "10"))),
    ("zoneinfo", AttributeDataType::String, TEXT),
    ("locale", AttributeDataType::String, TEXT),
    ("phone_number", AttributeDataType::String, TEXT),
    ("phone_number_verified", AttributeDataType::Boolean, None),
    ("address", AttributeDataType::String, TEXT),
    ("updated_at", AttributeDataType::Number, None),
];

/// The shortest and the longest value, as text.
type Lengths = Option<(&'static str, &'static str)>;

const TEXT: Lengths = Some(("0", "2048"));

/// The standard attributes as a pool without a schema of its own describes them.
pub fn standard_attributes() -> Vec<SchemaAttributeType> {
    STANDARD.iter().map(|(name, data_type, lengths)| describe(name, *data_type, *lengths)).collect()
}

/// Whether every pool has an attribute of this name.
pub fn is_standard(name: &str) -> bool {
    STANDARD.iter().any(|(standard, ..)| *standard == name)
}

fn describe(name: &str, data_type: AttributeDataType, lengths: Lengths) -> SchemaAttributeType {
    let is_sub = name == "sub";
    SchemaAttributeType {
        name: Some(name.to_owned()),
        attribute_data_type: Some(data_type),
        developer_only_attribute: Some(false),
        mutable: Some(!is_sub),
        required: Some(is_sub),
        number_attribute_constraints: (data_type == AttributeDataType::Number)
            .then(|| NumberAttributeConstraintsType { min_value: Some("0".to_owned()), max_value: None }),
        string_attribute_constraints: lengths.map(|(min, max)| StringAttributeConstraintsType {
            min_length: Some(min.to_owned()),
            max_length: Some(max.to_owned()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_are_twenty_and_sub_comes_first() {
        let all = standard_attributes();
        assert_eq!(all.len(), 20);
        assert_eq!(
            serde_json::to_value(&all[0]).unwrap(),
            json!({"Name": "sub", "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": false,
                   "Required": true, "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "2048"}})
        );
    }

    #[test]
    fn updated_at_is_a_number_from_zero() {
        let all = standard_attributes();
        assert_eq!(
            serde_json::to_value(all.last().unwrap()).unwrap(),
            json!({"Name": "updated_at", "AttributeDataType": "Number", "DeveloperOnlyAttribute": false,
                   "Mutable": true, "Required": false, "NumberAttributeConstraints": {"MinValue": "0"}})
        );
    }

    #[test]
    fn verification_flags_have_no_constraints() {
        let all = standard_attributes();
        assert_eq!(
            serde_json::to_value(&all[11]).unwrap(),
            json!({"Name": "email_verified", "AttributeDataType": "Boolean", "DeveloperOnlyAttribute": false,
                   "Mutable": true, "Required": false})
        );
    }
}
