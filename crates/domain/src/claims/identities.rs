//! The `identities` claim of users who came through an identity provider.

use serde_json::{Map, Value};

/// The attribute's list with every value as text: in the attribute `primary` is a boolean and `dateCreated` a number,
/// in the claim both are strings. None where the attribute holds no list.
pub(super) fn claim(attribute: &str) -> Option<Value> {
    let list: Vec<Map<String, Value>> = serde_json::from_str(attribute).ok()?;
    let texts =
        list.into_iter().map(|identity| identity.into_iter().map(|(name, value)| (name, text(value))).collect());
    Some(Value::Array(texts.map(Value::Object).collect()))
}

fn text(value: Value) -> Value {
    match value {
        Value::String(_) | Value::Null => value,
        other => Value::String(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn booleans_and_numbers_become_text() {
        let attribute = r#"[{"userId":"1","providerName":"Google","issuer":null,"primary":true,"dateCreated":17}]"#;
        let expected = json!([{"userId": "1", "providerName": "Google", "issuer": null, "primary": "true",
                               "dateCreated": "17"}]);
        assert_eq!(claim(attribute), Some(expected));
    }

    #[test]
    fn what_is_no_list_is_left_out() {
        assert_eq!(claim("Google"), None);
        assert_eq!(claim("{}"), None);
    }
}
