//! The attributes that people give themselves when they sign up.

use std::collections::BTreeMap;
use std::fmt::Write;

use cognate_model::{AttributeType, Exception};

use super::schema::Declaration;
use super::{CONTACTS, checked, non_mutable};
use crate::usernames::NewName;
use crate::{Pool, Refusal};

/// The attributes of a user who signs up through an app client. All that is required must be there, nothing that the
/// client may not write, and nothing that only a code can prove.
pub fn for_sign_up(
    pool: &Pool,
    name: &NewName,
    is_writable: &dyn Fn(&str) -> bool,
    given: &[AttributeType],
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut declared = Vec::with_capacity(given.len());
    let mut unknown = String::new();
    for attribute in given {
        let Some(declaration) = Declaration::find(pool, &attribute.name) else {
            let _ = writeln!(unknown, "{}: Attribute does not exist in the schema.", attribute.name);
            continue;
        };
        let full = declaration.name();
        if full == "sub" || CONTACTS.iter().any(|(_, flag)| *flag == full) {
            return Err(non_mutable(full));
        }
        if declaration.is_developer_only() || !is_writable(full) {
            let message = "A client attempted to write unauthorized attribute";
            return Err(Refusal::new(Exception::NotAuthorized, message));
        }
        declared.push((declaration, attribute.value.as_deref().unwrap_or_default()));
    }
    if !unknown.is_empty() {
        return Err(Refusal::invalid(format!("Attributes did not conform to the schema: {unknown}")));
    }
    let mut values = checked(declared)?;
    if let NewName::FromAttribute { attribute, value } = name {
        values.insert((*attribute).to_owned(), value.clone());
    }
    values.retain(|_, value| !value.is_empty());
    let missing: Vec<String> = Declaration::required(pool)
        .filter(|declaration| !values.contains_key(declaration.name()))
        .map(|declaration| format!("{}: The attribute is required\n", declaration.name()))
        .collect();
    if missing.is_empty() {
        return Ok(values);
    }
    Err(Refusal::invalid(format!("Attributes did not conform to the schema: {}", missing.concat())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::plain_pool;

    fn sign_up(given: &[(&str, &str)], is_writable: &dyn Fn(&str) -> bool) -> Result<BTreeMap<String, String>, String> {
        let given: Vec<AttributeType> = given
            .iter()
            .map(|(name, value)| AttributeType { name: (*name).to_owned(), value: Some((*value).to_owned()) })
            .collect();
        let name = NewName::Given("maria".to_owned());
        for_sign_up(&plain_pool(), &name, is_writable, &given).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn unknown_attributes_are_named_each_on_a_line() {
        assert_eq!(
            sign_up(&[("custom:a", "1"), ("custom:b", "2")], &|_| true),
            Err("InvalidParameterException: Attributes did not conform to the schema: custom:a: Attribute does not \
                 exist in the schema.\ncustom:b: Attribute does not exist in the schema.\n"
                .to_owned())
        );
    }

    #[test]
    fn nobody_verifies_their_own_address_or_writes_past_the_client() {
        assert_eq!(
            sign_up(&[("email_verified", "true")], &|_| true),
            Err("InvalidParameterException: Cannot modify the non-mutable attribute email_verified".to_owned())
        );
        assert_eq!(
            sign_up(&[("name", "Maria")], &|_| false),
            Err("NotAuthorizedException: A client attempted to write unauthorized attribute".to_owned())
        );
    }
}
