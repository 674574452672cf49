//! The attributes that a user provides together with the first password of their own.
//!
//! `NEW_PASSWORD_REQUIRED` asks for the required attributes that the administrator left out.

use std::collections::BTreeMap;

use cognate_model::Exception;

use super::schema::Declaration;
use super::{CONTACTS, Change, checked, non_mutable};
use crate::{Pool, Refusal, User};

/// The required attributes for which the user has no value, in the order of the schema.
pub fn missing_required(pool: &Pool, user: &User) -> Vec<String> {
    Declaration::required(pool)
        .map(|declaration| declaration.name().to_owned())
        .filter(|name| user.attribute(name).is_none())
        .collect()
}

/// What the `userAttributes.<name>` of an answer to `NEW_PASSWORD_REQUIRED` change; `given` has the names without
/// that prefix, and `is_writable` tells what the app client may write.
///
/// Only what the user lacks may be provided, and all that is required must be.
pub fn for_new_password(
    pool: &Pool,
    is_writable: &dyn Fn(&str) -> bool,
    user: &User,
    given: &BTreeMap<String, String>,
) -> Result<Change, Refusal> {
    let mut declared = Vec::with_capacity(given.len());
    for (typed, value) in given {
        let declaration = Declaration::find(pool, typed).ok_or_else(|| unknown(typed))?;
        check_writable(&declaration, is_writable, user)?;
        declared.push((declaration, value.as_str()));
    }
    let mut set = checked(declared)?;
    set.retain(|_, value| !value.is_empty());
    if let Some(name) = missing_required(pool, user).into_iter().find(|name| !set.contains_key(name)) {
        return Err(Refusal::invalid(format!("Invalid attributes given, {name} is missing")));
    }
    for (attribute, flag) in CONTACTS {
        if set.contains_key(attribute) {
            set.insert(flag.to_owned(), "false".to_owned());
        }
    }
    Ok(Change { set, ..Change::default() })
}

fn check_writable(
    declaration: &Declaration<'_>,
    is_writable: &dyn Fn(&str) -> bool,
    user: &User,
) -> Result<(), Refusal> {
    let name = declaration.name();
    // Before "already provided": clients that send back what the challenge showed were answered this for the flags.
    if name == "sub" || CONTACTS.iter().any(|(_, flag)| *flag == name) {
        return Err(non_mutable(name));
    }
    if user.attribute(name).is_some() {
        return Err(not_authorized(format!("Cannot modify an already provided {name}")));
    }
    if declaration.is_developer_only() || !is_writable(name) {
        return Err(not_authorized("A client attempted to write unauthorized attribute".to_owned()));
    }
    Ok(())
}

fn not_authorized(message: String) -> Refusal {
    Refusal::new(Exception::NotAuthorized, message)
}

/// What users are told; administrators are told that the type could not be determined.
fn unknown(name: &str) -> Refusal {
    Refusal::invalid(format!(
        "Attributes did not conform to the schema: {name}: Attribute does not exist in the schema.\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{plain_pool, requiring, taking_bare_names, user_with};

    fn answer(pool: &Pool, user: &User, given: &[(&str, &str)]) -> Result<Change, String> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let is_writable = |name: &str| name != "nickname";
        for_new_password(pool, &is_writable, user, &given).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn required_attributes_without_a_value_are_missing() {
        let pool = requiring(requiring(plain_pool(), "family_name"), "email");
        let user = user_with("maria", &[("email", "maria@example.com")]);
        assert_eq!(missing_required(&pool, &user), ["family_name"]);
        assert!(missing_required(&plain_pool(), &user).is_empty());
    }

    #[test]
    fn what_is_missing_must_be_given() {
        let pool = requiring(plain_pool(), "name");
        let user = user_with("maria", &[]);
        for given in [&[][..], &[("name", "")]] {
            assert_eq!(
                answer(&pool, &user, given).unwrap_err(),
                "InvalidParameterException: Invalid attributes given, name is missing"
            );
        }
        let change = answer(&pool, &user, &[("name", "Maria")]).unwrap();
        assert_eq!(change.set, BTreeMap::from([("name".to_owned(), "Maria".to_owned())]));
    }

    #[test]
    fn what_the_user_has_cannot_be_given_again() {
        let user = user_with("maria", &[("email", "maria@example.com"), ("email_verified", "true")]);
        assert_eq!(
            answer(&plain_pool(), &user, &[("email", "maria@example.com")]).unwrap_err(),
            "NotAuthorizedException: Cannot modify an already provided email"
        );
        assert_eq!(
            answer(&plain_pool(), &user, &[("email_verified", "true")]).unwrap_err(),
            "InvalidParameterException: Cannot modify the non-mutable attribute email_verified"
        );
    }

    #[test]
    fn what_the_client_may_not_write_is_refused() {
        let user = user_with("maria", &[]);
        for name in ["nickname", "dev:custom:note"] {
            assert_eq!(
                answer(&plain_pool(), &user, &[(name, "x")]).unwrap_err(),
                "NotAuthorizedException: A client attempted to write unauthorized attribute"
            );
        }
    }

    #[test]
    fn an_unknown_attribute_is_refused() {
        let user = user_with("maria", &[]);
        assert_eq!(
            answer(&plain_pool(), &user, &[("team", "a")]).unwrap_err(),
            "InvalidParameterException: Attributes did not conform to the schema: team: Attribute does not exist in \
             the schema.\n"
        );
        let change = answer(&taking_bare_names(plain_pool()), &user, &[("team", "a")]).unwrap();
        assert!(change.set.contains_key("custom:team"));
    }

    #[test]
    fn a_new_address_is_not_verified_and_an_immutable_attribute_may_be_set_once() {
        let user = user_with("maria", &[]);
        let given = [("email", "maria@example.com"), ("custom:tenant", "t1")];
        let change = answer(&plain_pool(), &user, &given).unwrap();
        assert_eq!(change.set.get("email_verified").map(String::as_str), Some("false"));
        assert!(change.set.contains_key("custom:tenant"));
    }
}
