//! Writing and deleting attributes of users, as administrators do.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AliasAttributeType, AttributeDataType, NumberAttributeConstraintsType, SchemaAttributeType,
    StringAttributeConstraintsType, UserAttributeUpdateSettingsType, UsernameAttributeType, VerifiedAttributeType,
};

use crate::fixtures::{Pool, a_pool, a_pool_with, attribute, list};
use crate::refusals::{NO_POOL, NO_USER, refused, violates};

/// A pool with a short text, a small number, an immutable attribute and a required one.
async fn a_pool_with_a_schema() -> Pool {
    let text = StringAttributeConstraintsType::builder().min_length("2").max_length("5").build();
    let number = NumberAttributeConstraintsType::builder().min_value("1").max_value("9").build();
    let custom = |name: &str, kind| SchemaAttributeType::builder().name(name).attribute_data_type(kind);
    a_pool_with(|pool| {
        pool.schema(custom("team", AttributeDataType::String).mutable(true).string_attribute_constraints(text).build())
            .schema(
                custom("level", AttributeDataType::Number).mutable(true).number_attribute_constraints(number).build(),
            )
            .schema(custom("tenant", AttributeDataType::String).mutable(false).build())
            .schema(custom("name", AttributeDataType::String).mutable(true).required(true).build())
    })
    .await
}

#[tokio::test]
async fn admin_update_user_attributes_sets_what_it_names_and_deletes_what_it_empties() {
    let pool = a_pool().await;
    pool.user_with("maria", &[("name", "Maria"), ("nickname", "Mia"), ("locale", "de")]).await;
    let changes = list(&[("name", "Maria Garcia"), ("nickname", "")]);
    pool.admin_update_user_attributes("maria").set_user_attributes(Some(changes)).send().await.unwrap();
    let attributes = pool.attributes_of("maria").await;
    assert_eq!((&*attributes["name"], &*attributes["locale"]), ("Maria Garcia", "de"));
    assert!(!attributes.contains_key("nickname"));
}

#[tokio::test]
async fn admin_update_user_attributes_takes_the_verified_mark_from_a_changed_address() {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    let change = attribute("email", "garcia@example.com");
    pool.admin_update_user_attributes("maria").user_attributes(change).send().await.unwrap();
    assert_eq!(pool.attributes_of("maria").await["email_verified"], "false");
}

#[tokio::test]
async fn admin_update_user_attributes_sends_a_code_where_addresses_are_verified() {
    let pool = a_pool_with(|pool| pool.auto_verified_attributes(VerifiedAttributeType::Email)).await;
    pool.user_with_email("maria", "maria@example.com").await;
    let change = attribute("email", "garcia@example.com");
    pool.admin_update_user_attributes("maria").user_attributes(change).send().await.unwrap();
    let message = pool.newest_message_to("maria").await.unwrap();
    assert_eq!((&*message.destination, &*message.purpose), ("garcia@example.com", "UpdateUserAttribute"));
    assert_eq!(message.code.map(|code| code.len()), Some(6));
}

#[tokio::test]
async fn admin_update_user_attributes_keeps_the_old_address_where_the_new_one_is_to_be_proved_first() {
    let pool = a_pool_with(|pool| {
        let settings = UserAttributeUpdateSettingsType::builder()
            .attributes_require_verification_before_update(VerifiedAttributeType::Email);
        pool.auto_verified_attributes(VerifiedAttributeType::Email).user_attribute_update_settings(settings.build())
    })
    .await;
    pool.user_with_email("maria", "maria@example.com").await;
    let change = attribute("email", "garcia@example.com");
    pool.admin_update_user_attributes("maria").user_attributes(change).send().await.unwrap();
    let attributes = pool.attributes_of("maria").await;
    assert_eq!((&*attributes["email"], &*attributes["email_verified"]), ("maria@example.com", "true"));
}

#[tokio::test]
async fn admin_update_user_attributes_refuses_an_undeclared_attribute() {
    let pool = a_pool().await;
    pool.user("maria").await;
    refused(
        pool.admin_update_user_attributes("maria").user_attributes(attribute("team", "blue")).send().await,
        "InvalidParameterException: Attributes did not conform to the schema: Type for attribute {team} could not be \
         determined",
    );
}

#[tokio::test]
async fn admin_update_user_attributes_refuses_an_immutable_attribute() {
    let pool = a_pool_with_a_schema().await;
    pool.user_with("maria", &[("custom:tenant", "t1")]).await;
    refused(
        pool.admin_update_user_attributes("maria").user_attributes(attribute("custom:tenant", "t2")).send().await,
        "InvalidParameterException: user.custom:tenant: Attribute cannot be updated.\n",
    );
    assert_eq!(pool.attributes_of("maria").await["custom:tenant"], "t1");
}

#[tokio::test]
async fn admin_update_user_attributes_refuses_to_empty_a_required_attribute() {
    let pool = a_pool_with_a_schema().await;
    pool.user_with("maria", &[("name", "Maria")]).await;
    refused(
        pool.admin_update_user_attributes("maria").user_attributes(attribute("name", "")).send().await,
        "InvalidParameterException: Invalid user attributes: name: Required attribute cannot be deleted.",
    );
}

#[tokio::test]
async fn admin_update_user_attributes_names_everything_that_does_not_fit() {
    let pool = a_pool_with_a_schema().await;
    pool.user("maria").await;
    let unfit = list(&[("custom:team", "purple"), ("custom:level", "10")]);
    refused(
        pool.admin_update_user_attributes("maria").set_user_attributes(Some(unfit)).send().await,
        "InvalidParameterException: Attributes did not conform to the schema: custom:level: Number must be no greater \
         than 9\ncustom:team: String must be no longer than 5 characters\n",
    );
}

#[tokio::test]
async fn admin_update_user_attributes_refuses_a_malformed_address() {
    let pool = a_pool().await;
    pool.user("maria").await;
    refused(
        pool.admin_update_user_attributes("maria").user_attributes(attribute("email", "maria")).send().await,
        "InvalidParameterException: Invalid email address format.",
    );
}

#[tokio::test]
async fn admin_update_user_attributes_refuses_a_mark_without_an_address() {
    let pool = a_pool().await;
    pool.user("maria").await;
    refused(
        pool.admin_update_user_attributes("maria").user_attributes(attribute("email_verified", "true")).send().await,
        "InvalidParameterException: Email is required to verify/un-verify an email",
    );
}

#[tokio::test]
async fn admin_update_user_attributes_refuses_a_value_that_is_too_long() {
    let pool = a_pool().await;
    violates(
        pool.admin_update_user_attributes("maria").user_attributes(attribute("name", &"x".repeat(2_049))).send().await,
        "at 'userAttributes.1.member.value'",
        "Member must have length less than or equal to 2048",
    );
}

#[tokio::test]
async fn admin_update_user_attributes_refuses_an_address_that_is_somebody_s_name() {
    let pool = a_pool_with(|pool| pool.username_attributes(UsernameAttributeType::Email)).await;
    pool.user("maria@example.com").await;
    pool.user("john@example.com").await;
    let change = attribute("email", "maria@example.com");
    refused(
        pool.admin_update_user_attributes("john@example.com").user_attributes(change).send().await,
        "AliasExistsException: An account with the given email already exists.",
    );
}

#[tokio::test]
async fn admin_update_user_attributes_refuses_a_preferred_name_of_somebody_else() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::PreferredUsername)).await;
    pool.user_with("maria", &[("preferred_username", "boss")]).await;
    pool.user("john").await;
    refused(
        pool.admin_update_user_attributes("john").user_attributes(attribute("preferred_username", "boss")).send().await,
        "AliasExistsException: An account with the preferred_username already exists.",
    );
}

#[tokio::test]
async fn admin_update_user_attributes_moves_a_verified_address_to_its_new_owner() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::Email)).await;
    pool.user_with_email("maria", "office@example.com").await;
    pool.user("john").await;
    let change = list(&[("email", "office@example.com"), ("email_verified", "true")]);
    pool.admin_update_user_attributes("john").set_user_attributes(Some(change)).send().await.unwrap();
    assert_eq!(pool.admin_get_user("office@example.com").send().await.unwrap().username(), "john");
    assert_eq!(pool.attributes_of("maria").await["email_verified"], "false");
}

#[tokio::test]
async fn admin_update_user_attributes_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    let update = |pool: &Pool| pool.admin_update_user_attributes("nobody").user_attributes(attribute("name", "N"));
    refused(update(&pool).send().await, NO_USER);
    refused(update(&pool.nowhere()).send().await, NO_POOL);
}

#[tokio::test]
async fn admin_update_user_attributes_loses_no_change_of_many_at_once() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let names = ["name", "nickname", "locale", "website", "gender", "zoneinfo", "given_name", "family_name"];
    let updates = names.map(|name| {
        tokio::spawn(pool.admin_update_user_attributes("maria").user_attributes(attribute(name, "changed")).send())
    });
    for update in updates {
        update.await.unwrap().unwrap();
    }
    let attributes = pool.attributes_of("maria").await;
    assert!(names.iter().all(|name| attributes.get(*name).is_some_and(|value| value == "changed")), "{attributes:?}");
}

#[tokio::test]
async fn admin_delete_user_attributes_removes_what_it_names_and_ignores_what_is_not_there() {
    let pool = a_pool().await;
    pool.user_with("maria", &[("name", "Maria"), ("locale", "de")]).await;
    let request = pool.admin_delete_user_attributes("maria").user_attribute_names("name");
    request.user_attribute_names("nickname").send().await.unwrap();
    let attributes = pool.attributes_of("maria").await;
    assert!(!attributes.contains_key("name"));
    assert_eq!(attributes["locale"], "de");
}

#[tokio::test]
async fn admin_delete_user_attributes_takes_the_mark_and_the_alias_with_the_address() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::Email)).await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool.admin_delete_user_attributes("maria").user_attribute_names("email").send().await.unwrap();
    assert!(!pool.attributes_of("maria").await.contains_key("email_verified"));
    refused(pool.admin_get_user("maria@example.com").send().await, NO_USER);
}

#[tokio::test]
async fn admin_delete_user_attributes_refuses_what_may_not_go() {
    let pool = a_pool_with_a_schema().await;
    pool.user_with("maria", &[("name", "Maria"), ("custom:tenant", "t1")]).await;
    let delete = |name: &str| pool.admin_delete_user_attributes("maria").user_attribute_names(name).send();
    refused(
        delete("name").await,
        "InvalidParameterException: Invalid user attributes: name: Required attribute cannot be deleted.",
    );
    refused(
        delete("custom:tenant").await,
        "InvalidParameterException: user.custom:tenant: Attribute cannot be updated.\n",
    );
    refused(delete("sub").await, "InvalidParameterException: Cannot modify the non-mutable attribute sub");
    refused(
        delete("unknown").await,
        "InvalidParameterException: Invalid user attributes: user.unknown: Attribute does not exist in the schema.\n",
    );
}

#[tokio::test]
async fn admin_delete_user_attributes_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_delete_user_attributes("nobody").user_attribute_names("name").send().await, NO_USER);
    refused(pool.nowhere().admin_delete_user_attributes("maria").user_attribute_names("name").send().await, NO_POOL);
}

#[tokio::test]
async fn an_attribute_of_which_a_request_names_two_values_has_the_last() {
    let pool = a_pool().await;
    pool.user_with("maria", &[("name", "First"), ("name", "Last")]).await;
    assert_eq!(pool.attributes_of("maria").await["name"], "Last");
}
