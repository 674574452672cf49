//! What signed-in users do with their own attributes, and how they prove an address.

use cognate_testkit::aws_sdk_cognitoidentityprovider::Client;
use cognate_testkit::aws_sdk_cognitoidentityprovider::config::retry::RetryConfig;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::get_user_attribute_verification_code::builders::GetUserAttributeVerificationCodeFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::update_user_attributes::builders::UpdateUserAttributesFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::verify_user_attribute::builders::VerifyUserAttributeFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AliasAttributeType, AttributeDataType, DeliveryMediumType, LambdaConfigType, SchemaAttributeType,
    UserAttributeUpdateSettingsType, VerifiedAttributeType,
};

use crate::fixtures::{Pool, a_pool, a_pool_with, attribute};
use crate::refusals::{INVALID_ACCESS_TOKEN, NO_CODE, NO_USER, WRONG_CODE, refused};

const UNAUTHORIZED: &str = "NotAuthorizedException: A client attempted to write unauthorized attribute";
const NOT_AN_ADDRESS: &str =
    "InvalidParameterException: Invalid attribute name. Only phone_number and email can be verified.";
const TOO_MANY: &str = "LimitExceededException: Attempt limit exceeded, please try after some time.";

/// A user with a verified address and an access token of theirs.
async fn maria_in(pool: &Pool) -> String {
    pool.user_with_email("maria", "maria@example.com").await;
    pool.tokens_of("maria").await.access
}

async fn a_verifying_pool() -> Pool {
    a_pool_with(|pool| pool.auto_verified_attributes(VerifiedAttributeType::Email)).await
}

fn update(pool: &Pool, token: &str, name: &str, value: &str) -> UpdateUserAttributesFluentBuilder {
    pool.sdk.update_user_attributes().access_token(token).user_attributes(attribute(name, value))
}

fn ask(pool: &Pool, token: &str, name: &str) -> GetUserAttributeVerificationCodeFluentBuilder {
    pool.sdk.get_user_attribute_verification_code().access_token(token).attribute_name(name)
}

fn verify(pool: &Pool, token: &str, code: &str) -> VerifyUserAttributeFluentBuilder {
    pool.sdk.verify_user_attribute().access_token(token).attribute_name("email").code(code)
}

fn not(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn update_user_attributes_sends_a_code_to_a_changed_address() {
    let pool = a_verifying_pool().await;
    let token = maria_in(&pool).await;
    let answer = update(&pool, &token, "email", "new@example.com").client_metadata("from", "profile").send().await;
    let details = answer.unwrap().code_delivery_details_list.unwrap();
    assert_eq!(details[0].destination(), Some("n***@e***"));
    assert_eq!(details[0].delivery_medium(), Some(&DeliveryMediumType::Email));
    assert_eq!(pool.attributes_of("maria").await["email_verified"], "false");
    let message = pool.newest_message_to("maria").await.unwrap();
    assert_eq!((&*message.destination, &*message.purpose), ("new@example.com", "UpdateUserAttribute"));
    verify(&pool, &token, &message.code.unwrap()).send().await.unwrap();
    assert_eq!(pool.attributes_of("maria").await["email_verified"], "true");
}

#[tokio::test]
async fn update_user_attributes_keeps_the_old_address_where_the_new_one_must_wait() {
    let waiting = UserAttributeUpdateSettingsType::builder()
        .attributes_require_verification_before_update(VerifiedAttributeType::Email)
        .build();
    let pool = a_pool_with(|pool| {
        pool.auto_verified_attributes(VerifiedAttributeType::Email).user_attribute_update_settings(waiting)
    })
    .await;
    let token = maria_in(&pool).await;
    update(&pool, &token, "email", "new@example.com").send().await.unwrap();
    assert_eq!(pool.attributes_of("maria").await["email"], "maria@example.com");
    let code = pool.newest_code_for("maria").await;
    refused(verify(&pool, &token, &not(&code)).send().await, WRONG_CODE);
    verify(&pool, &token, &code).send().await.unwrap();
    let attributes = pool.attributes_of("maria").await;
    assert_eq!((&*attributes["email"], &*attributes["email_verified"]), ("new@example.com", "true"));
}

#[tokio::test]
async fn update_user_attributes_refuses_what_users_may_not_write() {
    let tenant = SchemaAttributeType::builder().name("tenant").attribute_data_type(AttributeDataType::String);
    let pool = a_pool_with(|pool| pool.schema(tenant.mutable(false).build())).await;
    let token = maria_in(&pool).await;
    refused(
        update(&pool, &token, "email_verified", "true").send().await,
        "InvalidParameterException: Cannot modify the non-mutable attribute email_verified",
    );
    refused(
        update(&pool, &token, "custom:tenant", "t1").send().await,
        "InvalidParameterException: user.custom:tenant: Attribute cannot be updated.\n",
    );
    refused(
        update(&pool, &token, "custom:foo", "x").send().await,
        "InvalidParameterException: user.custom:foo: Attribute does not exist in the schema.\n",
    );
    let narrow = pool.client_with(|client| client.write_attributes("name")).await.0;
    let token = pool.seen_by(&narrow).tokens_of("maria").await.access;
    refused(update(&pool, &token, "nickname", "mia").send().await, UNAUTHORIZED);
    update(&pool, &token, "name", "Maria").send().await.unwrap();
}

#[tokio::test]
async fn update_user_attributes_refuses_a_name_that_somebody_has() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::PreferredUsername)).await;
    pool.user_with("john", &[("preferred_username", "johnny")]).await;
    let token = maria_in(&pool).await;
    refused(
        update(&pool, &token, "preferred_username", "johnny").send().await,
        "AliasExistsException: An account with the preferred_username already exists.",
    );
}

#[tokio::test]
async fn update_user_attributes_sends_twenty_codes_an_hour() {
    let pool = a_verifying_pool().await;
    let token = maria_in(&pool).await;
    for number in 0..20 {
        update(&pool, &token, "email", &format!("number{number}@example.com")).send().await.unwrap();
    }
    // Else the SDK would try again by itself.
    let config = pool.cognate.sdk_config().to_builder().retry_config(RetryConfig::disabled()).build();
    let impatient = Pool { sdk: Client::from_conf(config), ..pool.clone() };
    refused(
        update(&impatient, &token, "email", "last@example.com").send().await,
        "TooManyRequestsException: Attempt limit exceeded, please try after some time.",
    );
    refused(ask(&pool, &token, "email").send().await, TOO_MANY);
    pool.wait(3_500);
    refused(ask(&pool, &token, "email").send().await, TOO_MANY);
}

#[tokio::test]
async fn a_code_is_not_sent_past_a_trigger_that_cannot_be_invoked() {
    let trigger = "arn:aws:lambda:us-east-1:123456789012:function:message";
    let pool = a_pool_with(|pool| {
        pool.auto_verified_attributes(VerifiedAttributeType::Email)
            .lambda_config(LambdaConfigType::builder().custom_message(trigger).build())
    })
    .await;
    let token = maria_in(&pool).await;
    let unreachable =
        "UnexpectedLambdaException: CustomMessage invocation failed due to error ResourceNotFoundException.";
    refused(update(&pool, &token, "email", "new@example.com").send().await, unreachable);
    refused(ask(&pool, &token, "email").send().await, unreachable);
}

#[tokio::test]
async fn delete_user_attributes_removes_an_address_with_its_mark() {
    let pool = a_pool().await;
    let token = maria_in(&pool).await;
    let request = pool.sdk.delete_user_attributes().access_token(&token);
    request.clone().user_attribute_names("email").send().await.unwrap();
    assert_eq!(pool.attributes_of("maria").await.len(), 1, "the sub remains");
    refused(
        request.clone().user_attribute_names("sub").send().await,
        "InvalidParameterException: Cannot modify the non-mutable attribute sub",
    );
    refused(
        request.user_attribute_names("custom:foo").send().await,
        "InvalidParameterException: Invalid user attributes: user.custom:foo: Attribute does not exist in the \
         schema.\n",
    );
}

#[tokio::test]
async fn get_user_attribute_verification_code_tells_where_it_went() {
    let pool = a_pool().await;
    let token = maria_in(&pool).await;
    let details = ask(&pool, &token, "email").send().await.unwrap().code_delivery_details.unwrap();
    assert_eq!((details.destination(), details.attribute_name()), (Some("m***@e***"), Some("email")));
    assert_eq!(pool.newest_message_to("maria").await.unwrap().purpose, "VerifyUserAttribute");
    refused(ask(&pool, &token, "name").send().await, NOT_AN_ADDRESS);
    refused(
        ask(&pool, &token, "phone_number").send().await,
        "InvalidParameterException: User does not have a valid registered phone number",
    );
}

#[tokio::test]
async fn verify_user_attribute_refuses_other_codes() {
    let pool = a_pool().await;
    let token = maria_in(&pool).await;
    refused(verify(&pool, &token, "123456").send().await, NO_CODE);
    refused(verify(&pool, &token, "123456").attribute_name("name").send().await, NOT_AN_ADDRESS);
    ask(&pool, &token, "email").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    for _ in 0..10 {
        refused(verify(&pool, &token, &not(&code)).send().await, WRONG_CODE);
    }
    refused(verify(&pool, &token, &code).send().await, TOO_MANY);
}

#[tokio::test]
async fn verify_user_attribute_refuses_an_alias_that_somebody_has() {
    let pool = a_pool_with(|pool| {
        pool.alias_attributes(AliasAttributeType::Email).auto_verified_attributes(VerifiedAttributeType::Email)
    })
    .await;
    pool.user_with_email("john", "shared@example.com").await;
    let token = maria_in(&pool).await;
    update(&pool, &token, "email", "shared@example.com").send().await.unwrap();
    refused(
        verify(&pool, &token, &pool.newest_code_for("maria").await).send().await,
        "AliasExistsException: An account with the email already exists.",
    );
    assert_eq!(pool.attributes_of("john").await["email_verified"], "true");
}

#[tokio::test]
async fn attributes_are_no_business_of_who_is_not_signed_in() {
    let pool = a_pool().await;
    let token = maria_in(&pool).await;
    let delete = |token: &str| pool.sdk.delete_user_attributes().access_token(token).user_attribute_names("name");
    refused(update(&pool, "nonsense", "name", "x").send().await, INVALID_ACCESS_TOKEN);
    refused(delete("nonsense").send().await, INVALID_ACCESS_TOKEN);
    refused(ask(&pool, "nonsense", "email").send().await, INVALID_ACCESS_TOKEN);
    refused(verify(&pool, "nonsense", "123456").send().await, INVALID_ACCESS_TOKEN);
    pool.admin_delete_user("maria").send().await.unwrap();
    refused(update(&pool, &token, "name", "x").send().await, NO_USER);
    refused(delete(&token).send().await, NO_USER);
    refused(ask(&pool, &token, "email").send().await, NO_USER);
    refused(verify(&pool, &token, "123456").send().await, NO_USER);
}
