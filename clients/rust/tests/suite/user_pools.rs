//! User pools: create, describe, update, delete, list, and their schema.

use std::collections::BTreeSet;

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AliasAttributeType, AttributeDataType, DeletionProtectionType, PasswordPolicyType, SchemaAttributeType,
    UserPoolMfaType, UserPoolPolicyType, UserPoolTierType, UsernameAttributeType, VerifiedAttributeType,
};

use crate::fixtures::{a_pool, a_pool_with, attribute};
use crate::refusals::{BAD_TOKEN, NO_POOL, refused, violates};

fn text_attribute(name: &str) -> SchemaAttributeType {
    SchemaAttributeType::builder().name(name).attribute_data_type(AttributeDataType::String).build()
}

fn with_history(size: i32) -> UserPoolPolicyType {
    let policy = PasswordPolicyType::builder().minimum_length(8).password_history_size(size).build();
    UserPoolPolicyType::builder().password_policy(policy).build()
}

#[tokio::test]
async fn create_user_pool_fills_in_what_is_left_out() {
    let pool = a_pool().await;
    let described = pool.describe_user_pool().send().await.unwrap().user_pool.unwrap();
    assert!(pool.id.starts_with("us-east-1_") && pool.id.len() == 19, "{}", pool.id);
    assert_eq!(described.arn(), Some(&*format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{}", pool.id)));
    assert_eq!(described.name(), Some("employees"));
    assert_eq!(described.mfa_configuration(), Some(&UserPoolMfaType::Off));
    assert_eq!(described.deletion_protection(), Some(&DeletionProtectionType::Inactive));
    assert_eq!(described.user_pool_tier(), Some(&UserPoolTierType::Essentials));
    assert_eq!(described.schema_attributes().len(), 20);
    let policy = described.policies().unwrap().password_policy().unwrap();
    assert_eq!((policy.minimum_length(), policy.require_symbols()), (Some(8), true));
    assert_eq!(policy.temporary_password_validity_days(), 7);
}

#[tokio::test]
async fn create_user_pool_refuses_a_name_with_a_slash() {
    let pool = a_pool().await;
    violates(
        pool.sdk.create_user_pool().pool_name("no/slashes").send().await,
        "'no/slashes' at 'poolName'",
        r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+",
    );
}

#[tokio::test]
async fn create_user_pool_refuses_aliases_beside_username_attributes() {
    let pool = a_pool().await;
    let request = pool.sdk.create_user_pool().pool_name("both").alias_attributes(AliasAttributeType::Email);
    refused(
        request.username_attributes(UsernameAttributeType::PhoneNumber).send().await,
        "InvalidParameterException: Only one of the aliasAttributes or usernameAttributes can be set in a User pool.",
    );
}

#[tokio::test]
async fn create_user_pool_refuses_to_verify_telephones_without_a_way_to_reach_them() {
    let pool = a_pool().await;
    let request = pool.sdk.create_user_pool().pool_name("telephones");
    refused(
        request.auto_verified_attributes(VerifiedAttributeType::PhoneNumber).send().await,
        "InvalidParameterException: SMS configuration is required when phone_number is selected for auto verification",
    );
}

#[tokio::test]
async fn create_user_pool_refuses_a_feature_of_a_higher_tier() {
    let pool = a_pool().await;
    let request = pool.sdk.create_user_pool().pool_name("cheap").user_pool_tier(UserPoolTierType::Lite);
    refused(
        request.policies(with_history(3)).send().await,
        "FeatureUnavailableInTierException: The following features need to be disabled for the LITE pricing tier \
         configured: Password History",
    );
}

#[tokio::test]
async fn create_user_pool_refuses_a_required_custom_attribute() {
    let pool = a_pool().await;
    let required = SchemaAttributeType::builder()
        .name("badge")
        .attribute_data_type(AttributeDataType::String)
        .required(true)
        .build();
    refused(
        pool.sdk.create_user_pool().pool_name("strict").schema(required).send().await,
        "InvalidParameterException: Required custom attributes are not supported currently.",
    );
}

#[tokio::test]
async fn describe_user_pool_counts_the_users() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.user("john").await;
    let described = pool.describe_user_pool().send().await.unwrap().user_pool.unwrap();
    assert_eq!(described.estimated_number_of_users(), 2);
}

#[tokio::test]
async fn describe_user_pool_refuses_an_unknown_pool() {
    let pool = a_pool().await;
    refused(pool.nowhere().describe_user_pool().send().await, NO_POOL);
}

#[tokio::test]
async fn describe_user_pool_refuses_a_malformed_id() {
    let pool = a_pool().await;
    violates(
        pool.sdk.describe_user_pool().user_pool_id("nonsense!").send().await,
        "'nonsense!' at 'userPoolId'",
        r"Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+",
    );
}

#[tokio::test]
async fn update_user_pool_puts_what_it_leaves_out_back_to_its_default() {
    let pool = a_pool_with(|pool| pool.auto_verified_attributes(VerifiedAttributeType::Email)).await;
    pool.update_user_pool().policies(with_history(4)).send().await.unwrap();
    let described = pool.describe_user_pool().send().await.unwrap().user_pool.unwrap();
    let policy = described.policies().unwrap().password_policy().unwrap();
    assert_eq!(policy.password_history_size(), Some(4));
    assert!(described.auto_verified_attributes().is_empty());
}

#[tokio::test]
async fn update_user_pool_refuses_an_unknown_pool() {
    let pool = a_pool().await;
    refused(pool.nowhere().update_user_pool().send().await, NO_POOL);
}

#[tokio::test]
async fn update_user_pool_refuses_what_creation_refuses() {
    let pool = a_pool().await;
    refused(
        pool.update_user_pool().auto_verified_attributes(VerifiedAttributeType::PhoneNumber).send().await,
        "InvalidParameterException: SMS configuration is required when phone_number is selected for auto verification",
    );
}

#[tokio::test]
async fn update_user_pool_refuses_a_feature_of_a_higher_tier() {
    let pool = a_pool().await;
    refused(
        pool.update_user_pool().user_pool_tier(UserPoolTierType::Lite).policies(with_history(3)).send().await,
        "FeatureUnavailableInTierException: The following features need to be disabled for the LITE pricing tier \
         configured: Password History",
    );
}

#[tokio::test]
async fn delete_user_pool_takes_everything_with_it() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let gone = format!("ResourceNotFoundException: User pool {} does not exist.", pool.id);
    pool.delete_user_pool().send().await.unwrap();
    refused(pool.describe_user_pool().send().await, &gone);
    refused(pool.admin_get_user("maria").send().await, &gone);
    refused(
        pool.public_sign_in("maria", "Permanent1!").send().await,
        &format!("ResourceNotFoundException: User pool client {} does not exist.", pool.client),
    );
}

#[tokio::test]
async fn delete_user_pool_refuses_a_protected_pool() {
    let pool = a_pool_with(|pool| pool.deletion_protection(DeletionProtectionType::Active)).await;
    refused(
        pool.delete_user_pool().send().await,
        "InvalidParameterException: The user pool cannot be deleted because deletion protection is activated. \
         Deletion protection must be inactivated first.",
    );
    pool.describe_user_pool().send().await.unwrap();
}

#[tokio::test]
async fn delete_user_pool_refuses_an_unknown_pool() {
    let pool = a_pool().await;
    refused(pool.nowhere().delete_user_pool().send().await, NO_POOL);
}

#[tokio::test]
async fn list_user_pools_shows_every_pool_once() {
    let pool = a_pool().await;
    for number in 1..5 {
        pool.sdk.create_user_pool().pool_name(format!("pool{number}")).send().await.unwrap();
    }
    let (mut seen, mut pages, mut token) = (BTreeSet::new(), 0, None);
    loop {
        let page = pool.sdk.list_user_pools().max_results(2).set_next_token(token).send().await.unwrap();
        pages += 1;
        assert!(page.user_pools().len() <= 2);
        seen.extend(page.user_pools().iter().map(|pool| pool.name().unwrap().to_owned()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["employees", "pool1", "pool2", "pool3", "pool4"]);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn list_user_pools_refuses_a_token_that_it_did_not_give() {
    let pool = a_pool().await;
    refused(pool.sdk.list_user_pools().max_results(2).next_token("made-up").send().await, BAD_TOKEN);
}

#[tokio::test]
async fn list_user_pools_refuses_more_than_sixty_at_once() {
    let pool = a_pool().await;
    violates(
        pool.sdk.list_user_pools().max_results(61).send().await,
        "'61' at 'maxResults'",
        "Member must have value less than or equal to 60",
    );
}

#[tokio::test]
async fn add_custom_attributes_lets_users_have_them() {
    let pool = a_pool().await;
    pool.add_custom_attributes().custom_attributes(text_attribute("badge")).send().await.unwrap();
    pool.user_with("maria", &[("custom:badge", "17")]).await;
    assert_eq!(pool.attributes_of("maria").await["custom:badge"], "17");
}

#[tokio::test]
async fn add_custom_attributes_refuses_a_name_that_exists() {
    let pool = a_pool_with(|pool| pool.schema(text_attribute("badge"))).await;
    refused(
        pool.add_custom_attributes().custom_attributes(text_attribute("badge")).send().await,
        "InvalidParameterException: custom:badge: Existing attribute already has name custom:badge.",
    );
}

#[tokio::test]
async fn add_custom_attributes_refuses_a_fifty_first() {
    let pool = a_pool().await;
    for tens in 0..5 {
        let ten = (0..10).map(|ones| text_attribute(&format!("number{tens}{ones}"))).collect();
        pool.add_custom_attributes().set_custom_attributes(Some(ten)).send().await.unwrap();
    }
    refused(
        pool.add_custom_attributes().custom_attributes(text_attribute("one-more")).send().await,
        "InvalidParameterException: A user pool cannot have more than 50 custom attributes.",
    );
}

#[tokio::test]
async fn add_custom_attributes_refuses_an_attribute_without_a_type() {
    let pool = a_pool().await;
    refused(
        pool.add_custom_attributes()
            .custom_attributes(SchemaAttributeType::builder().name("badge").build())
            .send()
            .await,
        "InvalidParameterException: Invalid AttributeDataType input, consider using the provided AttributeDataType \
         enum.",
    );
}

#[tokio::test]
async fn add_custom_attributes_refuses_an_unknown_pool() {
    let pool = a_pool().await;
    refused(pool.nowhere().add_custom_attributes().custom_attributes(text_attribute("badge")).send().await, NO_POOL);
}

#[tokio::test]
async fn a_pool_that_is_renamed_keeps_its_users() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.update_user_pool().pool_name("people").send().await.unwrap();
    let described = pool.describe_user_pool().send().await.unwrap().user_pool.unwrap();
    assert_eq!(described.name(), Some("people"));
    pool.admin_update_user_attributes("maria").user_attributes(attribute("name", "Maria")).send().await.unwrap();
    assert_eq!(pool.attributes_of("maria").await["name"], "Maria");
}

#[tokio::test]
async fn a_deleted_pool_leaves_no_messages_behind() {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool.forgot_password("maria").send().await.unwrap();
    assert!(pool.newest_message_to("maria").await.is_some());
    pool.delete_user_pool().send().await.unwrap();
    assert_eq!(pool.newest_message_to("maria").await, None);
}

#[tokio::test]
async fn a_deleted_pool_leaves_no_tokens_behind() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    pool.delete_user_pool().send().await.unwrap();
    refused(pool.get_user(&tokens.access).send().await, crate::refusals::INVALID_ACCESS_TOKEN);
}
