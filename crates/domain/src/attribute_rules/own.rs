//! What users change of their own attributes, through an app client.
//!
//! They write what the client may write, and never what only the service can know: the `sub`, or that an address is
//! verified.

use std::fmt::Write;

use cognate_model::{AttributeType, Exception};

use super::schema::Declaration;
use super::{CONTACTS, Change, change, check_kept, check_mutable, checked, deletion, non_mutable};
use crate::{Pool, Refusal, User};

/// What `UpdateUserAttributes` changes.
pub fn for_own_update(
    pool: &Pool,
    user: &User,
    is_writable: &dyn Fn(&str) -> bool,
    given: &[AttributeType],
) -> Result<Change, Refusal> {
    let mut declared = Vec::with_capacity(given.len());
    let mut unknown = String::new();
    for attribute in given {
        let Some(declaration) = Declaration::find(pool, &attribute.name) else {
            let _ = writeln!(unknown, "user.{}: Attribute does not exist in the schema.", attribute.name);
            continue;
        };
        check_writable(&declaration, is_writable)?;
        declared.push((declaration, attribute.value.as_deref().unwrap_or_default()));
    }
    if !unknown.is_empty() {
        return Err(Refusal::invalid(unknown));
    }
    let values = checked(declared)?;
    check_mutable(pool, values.keys())?;
    check_kept(pool, &values)?;
    change::of(pool, user, values)
}

/// What `DeleteUserAttributes` changes. Deleting an address deletes its flag; deleting what is not there is fine.
pub fn for_own_delete(pool: &Pool, is_writable: &dyn Fn(&str) -> bool, names: &[String]) -> Result<Change, Refusal> {
    deletion(pool, names, &|declaration| check_writable(declaration, is_writable))
}

fn check_writable(declaration: &Declaration<'_>, is_writable: &dyn Fn(&str) -> bool) -> Result<(), Refusal> {
    let name = declaration.name();
    if name == "sub" || CONTACTS.iter().any(|(_, flag)| *flag == name) {
        return Err(non_mutable(name));
    }
    if declaration.is_developer_only() || !is_writable(name) {
        let message = "A client attempted to write unauthorized attribute";
        return Err(Refusal::new(Exception::NotAuthorized, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cognate_model::{UserAttributeUpdateSettingsType, VerifiedAttributeType};
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::{attributes, plain_pool, requiring, user_with};

    const UNAUTHORIZED: &str = "NotAuthorizedException: A client attempted to write unauthorized attribute";

    fn maria() -> User {
        user_with("maria", &[("email", "maria@example.com"), ("email_verified", "true"), ("nickname", "mia")])
    }

    fn is_writable(name: &str) -> bool {
        name != "locale"
    }

    fn update(pool: &Pool, given: &[(&str, &str)]) -> Result<Change, String> {
        for_own_update(pool, &maria(), &is_writable, &attributes(given)).map_err(|refusal| refusal.to_string())
    }

    fn delete(pool: &Pool, names: &[&str]) -> Result<Change, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        for_own_delete(pool, &is_writable, &names).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn what_the_client_may_write_is_set_or_emptied() {
        let change = update(&plain_pool(), &[("name", "Maria"), ("nickname", "")]).unwrap();
        let mut user = maria();
        change.apply(&mut user);
        assert_eq!((user.attribute("name"), user.attribute("nickname")), (Some("Maria"), None));
    }

    #[test]
    fn what_the_client_may_not_write_is_neither_set_nor_deleted() {
        for name in ["locale", "dev:custom:note"] {
            assert_eq!(update(&plain_pool(), &[(name, "x")]).unwrap_err(), UNAUTHORIZED);
            assert_eq!(delete(&plain_pool(), &[name]).unwrap_err(), UNAUTHORIZED);
        }
    }

    #[test]
    fn nobody_writes_what_only_the_service_can_know() {
        for name in ["sub", "email_verified", "phone_number_verified"] {
            let message = format!("InvalidParameterException: Cannot modify the non-mutable attribute {name}");
            assert_eq!(update(&plain_pool(), &[(name, "true")]).unwrap_err(), message);
            assert_eq!(delete(&plain_pool(), &[name]).unwrap_err(), message);
        }
    }

    #[test]
    fn undeclared_attributes_are_named_each_on_a_line() {
        assert_eq!(
            update(&plain_pool(), &[("custom:a", "1"), ("name", "Maria"), ("custom:b", "2")]).unwrap_err(),
            "InvalidParameterException: user.custom:a: Attribute does not exist in the schema.\nuser.custom:b: \
             Attribute does not exist in the schema.\n"
        );
        assert_eq!(
            delete(&plain_pool(), &["custom:a"]).unwrap_err(),
            "InvalidParameterException: Invalid user attributes: user.custom:a: Attribute does not exist in the \
             schema.\n"
        );
    }

    #[test]
    fn what_must_stay_stays() {
        assert_eq!(
            update(&plain_pool(), &[("custom:tenant", "t1")]).unwrap_err(),
            "InvalidParameterException: user.custom:tenant: Attribute cannot be updated.\n"
        );
        let pool = requiring(plain_pool(), "email");
        let message =
            "InvalidParameterException: Invalid user attributes: email: Required attribute cannot be deleted.";
        assert_eq!(update(&pool, &[("email", "")]).unwrap_err(), message);
        assert_eq!(delete(&pool, &["email"]).unwrap_err(), message);
    }

    #[test]
    fn a_deleted_address_takes_its_flag_along() {
        let mut user = maria();
        delete(&plain_pool(), &["email", "family_name"]).unwrap().apply(&mut user);
        assert_eq!(user.attributes.keys().collect::<Vec<_>>(), ["nickname"]);
    }

    #[test]
    fn a_new_address_waits_where_the_pool_says_so() {
        let mut pool = plain_pool();
        let attributes = Some(vec![VerifiedAttributeType::Email]);
        pool.config.user_attribute_update_settings =
            Some(UserAttributeUpdateSettingsType { attributes_require_verification_before_update: attributes });
        let change = update(&pool, &[("email", "mia@example.com")]).unwrap();
        let mut user = maria();
        change.apply(&mut user);
        assert!(user.is_verified("email") && user.attribute("email") == Some("maria@example.com"));
        assert_eq!(change.to_verify.get("email").map(String::as_str), Some("mia@example.com"));
    }

    proptest! {
        #[test]
        fn nobody_comes_by_a_verified_address_that_was_not_verified(
            address in prop_oneof![Just(String::new()), "[a-c]@example\\.com", Just("maria@example.com".to_owned())],
            flag in prop_oneof![Just(None), Just(Some("true")), Just(Some("True")), Just(Some(""))],
        ) {
            let mut given = vec![("email", address.as_str())];
            given.extend(flag.map(|flag| ("email_verified", flag)));
            let mut user = maria();
            if let Ok(change) = update(&plain_pool(), &given) {
                change.apply(&mut user);
            }
            prop_assert!(!user.is_verified("email") || user.attribute("email") == Some("maria@example.com"));
        }
    }
}
