//! The limits of an attribute in a schema: numbers, written as text.

use cognate_model::{AttributeDataType, SchemaAttributeType};

use crate::Refusal;

/// Leaves the limits that fit the type. A String or Number without limits is described with an empty object
/// (recorded from the live service).
pub(crate) fn fitting_constraints(attribute: &mut SchemaAttributeType, data_type: AttributeDataType) {
    let string = attribute.string_attribute_constraints.take();
    let number = attribute.number_attribute_constraints.take();
    match data_type {
        AttributeDataType::String => attribute.string_attribute_constraints = Some(string.unwrap_or_default()),
        AttributeDataType::Number => attribute.number_attribute_constraints = Some(number.unwrap_or_default()),
        AttributeDataType::Boolean | AttributeDataType::DateTime => {}
    }
}

/// Takes over the limits that `declared` gives for a standard attribute; the others stay.
pub(crate) fn narrowed_constraints(standard: &mut SchemaAttributeType, declared: &SchemaAttributeType) {
    if let (Some(limits), Some(given)) =
        (&mut standard.string_attribute_constraints, &declared.string_attribute_constraints)
    {
        replace(&mut limits.min_length, given.min_length.as_ref());
        replace(&mut limits.max_length, given.max_length.as_ref());
    }
    if let (Some(limits), Some(given)) =
        (&mut standard.number_attribute_constraints, &declared.number_attribute_constraints)
    {
        replace(&mut limits.min_value, given.min_value.as_ref());
        replace(&mut limits.max_value, given.max_value.as_ref());
    }
}

fn replace(limit: &mut Option<String>, given: Option<&String>) {
    if let Some(given) = given {
        *limit = Some(given.clone());
    }
}

/// Limits must be numbers and in order. `name` is how the message calls the attribute.
pub(crate) fn check_constraints(attribute: &SchemaAttributeType, name: &str) -> Result<(), Refusal> {
    if let Some(lengths) = &attribute.string_attribute_constraints {
        let min = length(lengths.min_length.as_deref(), name)?;
        let max = length(lengths.max_length.as_deref(), name)?;
        if min.zip(max).is_some_and(|(min, max)| max < min) {
            return Err(Refusal::invalid(format!(
                "Attribute {name} cannot have a max length shorter than it's min length"
            )));
        }
    }
    if let Some(values) = &attribute.number_attribute_constraints {
        let min = value(values.min_value.as_deref(), name)?;
        let max = value(values.max_value.as_deref(), name)?;
        if min.zip(max).is_some_and(|(min, max)| max < min) {
            return Err(Refusal::invalid(format!(
                "Attribute {name} cannot have a max value smaller than it's min value"
            )));
        }
    }
    Ok(())
}

fn length(text: Option<&str>, name: &str) -> Result<Option<u32>, Refusal> {
    text.map(|text| text.parse().map_err(|_| not_a_number(text, name))).transpose()
}

fn value(text: Option<&str>, name: &str) -> Result<Option<f64>, Refusal> {
    let parse = |text: &str| text.parse().ok().filter(|value: &f64| value.is_finite());
    text.map(|text| parse(text).ok_or_else(|| not_a_number(text, name))).transpose()
}

/// The live service refuses such a limit; its text is not recorded.
fn not_a_number(text: &str, name: &str) -> Refusal {
    Refusal::invalid(format!("Attribute {name} has a constraint that is not a number: {text}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(json: Value) -> Result<(), String> {
        let attribute = serde_json::from_value(json).unwrap();
        check_constraints(&attribute, "custom:a").map_err(|refusal| refusal.message.into_owned())
    }

    #[test]
    fn lengths_and_values_must_be_in_order() {
        let lengths = json!({"StringAttributeConstraints": {"MinLength": "10", "MaxLength": "9"}});
        assert_eq!(
            check(lengths).unwrap_err(),
            "Attribute custom:a cannot have a max length shorter than it's min length"
        );
        let values = json!({"NumberAttributeConstraints": {"MinValue": "-1", "MaxValue": "-2"}});
        assert_eq!(
            check(values).unwrap_err(),
            "Attribute custom:a cannot have a max value smaller than it's min value"
        );
    }

    #[test]
    fn equal_or_single_limits_are_fine() {
        assert_eq!(check(json!({"StringAttributeConstraints": {"MinLength": "10", "MaxLength": "10"}})), Ok(()));
        assert_eq!(check(json!({"StringAttributeConstraints": {"MaxLength": "2048"}})), Ok(()));
        assert_eq!(check(json!({"NumberAttributeConstraints": {"MinValue": "-5"}})), Ok(()));
    }

    #[test]
    fn limits_must_be_numbers() {
        assert!(check(json!({"StringAttributeConstraints": {"MinLength": "ten"}})).is_err());
        assert!(check(json!({"StringAttributeConstraints": {"MinLength": "-1"}})).is_err());
        assert!(check(json!({"NumberAttributeConstraints": {"MaxValue": "NaN"}})).is_err());
    }
}
