use cognate_model::{UserAttributeUpdateSettingsType, UsernameAttributeType, VerifiedAttributeType};
use proptest::prelude::*;

use super::*;
use crate::fixtures::{attributes, plain_pool, requiring, taking_bare_names, user_with};
use crate::usernames::check_new;

fn create(pool: &Pool, given: &[(&str, &str)]) -> Result<BTreeMap<String, String>, String> {
    let name = NewName::Given("maria".to_owned());
    for_create(pool, &name, &attributes(given)).map_err(|refusal| refusal.to_string())
}

fn update(pool: &Pool, user: &User, given: &[(&str, &str)]) -> Result<Change, String> {
    for_admin_update(pool, user, &attributes(given)).map_err(|refusal| refusal.to_string())
}

fn delete(pool: &Pool, names: &[&str]) -> Result<Change, String> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    for_admin_delete(pool, &names).map_err(|refusal| refusal.to_string())
}

fn maria() -> User {
    user_with("maria", &[("email", "maria@example.com"), ("email_verified", "true"), ("custom:team", "a")])
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn verifying_first(attribute: VerifiedAttributeType) -> Pool {
    let mut pool = plain_pool();
    pool.config.auto_verified_attributes = Some(vec![attribute]);
    pool.config.user_attribute_update_settings =
        Some(UserAttributeUpdateSettingsType { attributes_require_verification_before_update: Some(vec![attribute]) });
    pool
}

#[test]
fn creating_takes_standard_custom_immutable_and_developer_only_attributes() {
    let given = [("name", "Maria"), ("custom:team", "a"), ("custom:tenant", "t1"), ("dev:custom:note", "n")];
    assert_eq!(create(&plain_pool(), &given), Ok(map(&given)));
}

#[test]
fn creating_refuses_an_undeclared_attribute() {
    assert_eq!(
        create(&plain_pool(), &[("department", "Engineering")]).unwrap_err(),
        "InvalidParameterException: Attributes did not conform to the schema: Type for attribute {department} could \
         not be determined"
    );
}

#[test]
fn creating_takes_a_bare_custom_name_where_the_pool_allows_it() {
    let pool = taking_bare_names(plain_pool());
    assert_eq!(create(&pool, &[("team", "a")]), Ok(map(&[("custom:team", "a")])));
    assert!(create(&pool, &[("department", "Engineering")]).is_err());
}

#[test]
fn creating_refuses_a_sub() {
    assert_eq!(
        create(&plain_pool(), &[("sub", "x")]).unwrap_err(),
        "InvalidParameterException: Cannot modify the non-mutable attribute sub"
    );
}

#[test]
fn creating_names_every_value_that_does_not_fit() {
    assert_eq!(
        create(&plain_pool(), &[("custom:short", "abcde"), ("custom:level", "11")]).unwrap_err(),
        "InvalidParameterException: Attributes did not conform to the schema: custom:level: Number must be no greater \
         than 10\ncustom:short: String must be no longer than 4 characters\n"
    );
}

#[test]
fn creating_leaves_out_empty_values_and_takes_the_last_of_duplicates() {
    let given = [("name", "Maria"), ("nickname", ""), ("name", "Mia"), ("custom:short", "")];
    assert_eq!(create(&plain_pool(), &given), Ok(map(&[("name", "Mia")])));
}

#[test]
fn creating_does_not_enforce_required_attributes() {
    assert_eq!(create(&requiring(plain_pool(), "name"), &[]), Ok(map(&[])));
}

#[test]
fn creating_refuses_a_verified_address_that_is_not_there() {
    assert!(create(&plain_pool(), &[("email_verified", "True")]).is_err());
    assert!(create(&plain_pool(), &[("phone_number_verified", "true")]).is_err());
    assert_eq!(create(&plain_pool(), &[("email_verified", "False")]), Ok(map(&[("email_verified", "false")])));
    let both = [("email", "maria@example.com"), ("email_verified", "True")];
    assert_eq!(create(&plain_pool(), &both), Ok(map(&[("email", "maria@example.com"), ("email_verified", "true")])));
}

#[test]
fn the_user_name_of_an_email_pool_is_the_address_whatever_the_attributes_say() {
    let pool = crate::fixtures::username_pool(&[UsernameAttributeType::Email]);
    let name = check_new(&pool, "maria@example.com").unwrap();
    let given = attributes(&[("email", "other@example.com"), ("email_verified", "true")]);
    let expected = map(&[("email", "maria@example.com"), ("email_verified", "true")]);
    assert_eq!(for_create(&pool, &name, &given), Ok(expected));
}

#[test]
fn updating_merges_and_an_empty_value_deletes() {
    let change = update(&plain_pool(), &maria(), &[("name", "Maria"), ("custom:team", "")]).unwrap();
    assert_eq!(change.set, map(&[("name", "Maria")]));
    let mut user = maria();
    change.apply(&mut user);
    assert_eq!(user.attributes, map(&[("email", "maria@example.com"), ("email_verified", "true"), ("name", "Maria")]));
}

#[test]
fn updating_refuses_an_immutable_attribute_even_without_a_value() {
    assert_eq!(
        update(&plain_pool(), &maria(), &[("custom:tenant", "t1")]).unwrap_err(),
        "InvalidParameterException: user.custom:tenant: Attribute cannot be updated.\n"
    );
}

#[test]
fn updating_refuses_to_empty_a_required_attribute() {
    let pool = requiring(plain_pool(), "email");
    assert_eq!(
        update(&pool, &maria(), &[("email", "")]).unwrap_err(),
        "InvalidParameterException: Invalid user attributes: email: Required attribute cannot be deleted."
    );
}

#[test]
fn updating_refuses_a_sub_and_an_undeclared_attribute() {
    assert!(update(&plain_pool(), &maria(), &[("sub", "x")]).unwrap_err().ends_with("non-mutable attribute sub"));
    assert!(update(&plain_pool(), &maria(), &[("team", "b")]).unwrap_err().contains("{team}"));
}

#[test]
fn a_changed_address_is_no_longer_verified() {
    let change = update(&plain_pool(), &maria(), &[("email", "mia@example.com")]).unwrap();
    assert_eq!(change.set, map(&[("email", "mia@example.com"), ("email_verified", "false")]));
    assert!(change.to_verify.is_empty());
}

#[test]
fn an_address_that_stays_the_same_stays_verified() {
    let change = update(&plain_pool(), &maria(), &[("email", "maria@example.com")]).unwrap();
    assert_eq!(change.set, map(&[("email", "maria@example.com")]));
}

#[test]
fn a_changed_address_that_the_pool_verifies_gets_a_code() {
    let mut pool = plain_pool();
    pool.config.auto_verified_attributes = Some(vec![VerifiedAttributeType::Email]);
    let change = update(&pool, &maria(), &[("email", "mia@example.com")]).unwrap();
    assert_eq!(change.to_verify, map(&[("email", "mia@example.com")]));
    let vouched = update(&pool, &maria(), &[("email", "mia@example.com"), ("email_verified", "true")]).unwrap();
    assert!(vouched.to_verify.is_empty());
}

#[test]
fn an_address_that_must_be_verified_first_waits() {
    let pool = verifying_first(VerifiedAttributeType::Email);
    let given = [("email", "mia@example.com"), ("email_verified", "false"), ("name", "Mia")];
    let change = update(&pool, &maria(), &given).unwrap();
    assert_eq!(change.set, map(&[("name", "Mia")]));
    assert_eq!(change.pending, map(&[("email", "mia@example.com")]));
    assert_eq!(change.to_verify, change.pending);
    let mut user = maria();
    change.apply(&mut user);
    assert_eq!(user.attribute("email"), Some("maria@example.com"));
    assert!(user.is_verified("email"));
}

#[test]
fn an_address_that_an_administrator_vouches_for_does_not_wait() {
    let pool = verifying_first(VerifiedAttributeType::Email);
    let mut user = maria();
    update(&pool, &user, &[("email", "mia@example.com")]).unwrap().apply(&mut user);
    let change = update(&pool, &user, &[("email", "eva@example.com"), ("email_verified", "true")]).unwrap();
    assert!(change.pending.is_empty() && change.to_verify.is_empty());
    change.apply(&mut user);
    assert_eq!(user.attribute("email"), Some("eva@example.com"));
    assert!(user.hidden.pending_attributes.is_empty(), "the earlier change no longer waits");
}

#[test]
fn a_flag_needs_its_address() {
    assert_eq!(
        update(&plain_pool(), &maria(), &[("phone_number_verified", "true")]).unwrap_err(),
        "InvalidParameterException: Phone Number is required to verify/un-verify a phone number"
    );
    assert!(update(&plain_pool(), &maria(), &[("email", ""), ("email_verified", "true")]).is_err());
    assert!(update(&plain_pool(), &maria(), &[("email_verified", "TRUE")]).is_ok());
}

#[test]
fn an_emptied_address_takes_its_flag_along() {
    let change = update(&plain_pool(), &maria(), &[("email", "")]).unwrap();
    assert_eq!(change.remove, BTreeSet::from(["email".to_owned(), "email_verified".to_owned()]));
}

#[test]
fn deleting_an_address_deletes_its_flag() {
    let mut user = maria();
    delete(&plain_pool(), &["email"]).unwrap().apply(&mut user);
    assert_eq!(user.attributes, map(&[("custom:team", "a")]));
}

#[test]
fn deleting_what_is_not_there_is_fine() {
    let mut user = maria();
    delete(&plain_pool(), &["nickname"]).unwrap().apply(&mut user);
    assert_eq!(user, maria());
}

#[test]
fn deleting_refuses_what_must_stay() {
    assert_eq!(
        delete(&requiring(plain_pool(), "phone_number"), &["phone_number"]).unwrap_err(),
        "InvalidParameterException: Invalid user attributes: phone_number: Required attribute cannot be deleted."
    );
    assert_eq!(
        delete(&plain_pool(), &["sub"]).unwrap_err(),
        "InvalidParameterException: Cannot modify the non-mutable attribute sub"
    );
    assert_eq!(
        delete(&plain_pool(), &["custom:tenant"]).unwrap_err(),
        "InvalidParameterException: user.custom:tenant: Attribute cannot be updated.\n"
    );
}

#[test]
fn deleting_an_undeclared_attribute_is_refused() {
    assert_eq!(
        delete(&plain_pool(), &["custom:foo", "email"]).unwrap_err(),
        "InvalidParameterException: Invalid user attributes: user.custom:foo: Attribute does not exist in the \
         schema.\n"
    );
    assert!(delete(&taking_bare_names(plain_pool()), &["team"]).unwrap().remove.contains("custom:team"));
}

#[test]
fn requested_names_must_exist_in_the_schema() {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert!(requested_names(&plain_pool(), &names(&["sub", "email", "custom:team"])).is_ok());
    assert_eq!(
        requested_names(&plain_pool(), &names(&["email", "custom:foo"])).unwrap_err().message,
        "One or more requested attributes do not exist."
    );
    let lenient = requested_names(&taking_bare_names(plain_pool()), &names(&["team"])).unwrap();
    assert!(lenient.contains("custom:team"));
}

fn any_attributes() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = proptest::sample::select(vec!["email", "email_verified", "name", "custom:team", "custom:level"]);
    let value = prop_oneof![
        Just(String::new()),
        Just("true".to_owned()),
        Just("5".to_owned()),
        "[a-c]@example\\.com",
        "[a-z]{0,5}"
    ];
    proptest::collection::vec((name.prop_map(str::to_owned), value), 0..6)
}

proptest! {
    #[test]
    fn an_update_made_twice_is_an_update_made_once(given in any_attributes()) {
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut user = maria();
        if let Ok(change) = update(&plain_pool(), &user, &given) {
            change.apply(&mut user);
            let once = user.clone();
            change.apply(&mut user);
            prop_assert_eq!(&user, &once);
            prop_assert!(!user.is_verified("email") || user.attribute("email").is_some());
            prop_assert!(user.attributes.values().all(|value| !value.is_empty()));
        }
    }
}
