//! People who create their own accounts and prove their address with a code.

use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::confirm_sign_up::builders::ConfirmSignUpFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::resend_confirmation_code::builders::ResendConfirmationCodeFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::sign_up::builders::SignUpFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AdminCreateUserConfigType, AliasAttributeType, AttributeDataType, DeliveryMediumType, LambdaConfigType,
    PreventUserExistenceErrorTypes, SchemaAttributeType, UserStatusType, UsernameAttributeType, VerifiedAttributeType,
};

use crate::fixtures::{PASSWORD, Pool, a_pool, a_pool_with, attribute, list, secret_hash};
use crate::refusals::{NO_CLIENT, NO_CODE, TOO_SHORT, WRONG_CODE, refused};

const UNKNOWN: &str = "UserNotFoundException: Username/client id combination not found.";
const TOO_MANY: &str = "LimitExceededException: Attempt limit exceeded, please try after some time.";
const CONFIRMED: &str = "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED";

/// A pool that verifies e-mail addresses.
async fn an_open_pool() -> Pool {
    a_pool_with(|pool| pool.auto_verified_attributes(VerifiedAttributeType::Email)).await
}

fn sign_up(pool: &Pool, username: &str) -> SignUpFluentBuilder {
    pool.sdk.sign_up().client_id(&pool.client).username(username).password(PASSWORD)
}

fn sign_up_with_email(pool: &Pool, username: &str) -> SignUpFluentBuilder {
    sign_up(pool, username).user_attributes(attribute("email", "maria@example.com"))
}

fn confirm(pool: &Pool, username: &str, code: &str) -> ConfirmSignUpFluentBuilder {
    pool.sdk.confirm_sign_up().client_id(&pool.client).username(username).confirmation_code(code)
}

fn resend(pool: &Pool, username: &str) -> ResendConfirmationCodeFluentBuilder {
    pool.sdk.resend_confirmation_code().client_id(&pool.client).username(username)
}

/// A code that is certainly not this one.
fn not(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn sign_up_makes_an_unconfirmed_user_and_sends_a_code() {
    let pool = an_open_pool().await;
    let answer = sign_up_with_email(&pool, "maria").client_metadata("campaign", "spring").send().await.unwrap();
    assert!(!answer.user_confirmed());
    assert_eq!(pool.attributes_of("maria").await["sub"], answer.user_sub());
    let details = answer.code_delivery_details().unwrap();
    assert_eq!(details.delivery_medium(), Some(&DeliveryMediumType::Email));
    assert_eq!(details.destination(), Some("m***@e***"));
    assert_eq!(pool.status_of("maria").await, UserStatusType::Unconfirmed);
    assert_eq!(pool.newest_code_for("maria").await.len(), 6);
}

#[tokio::test]
async fn sign_up_sends_nothing_where_nothing_is_verified() {
    let pool = a_pool().await;
    assert_eq!(sign_up_with_email(&pool, "maria").send().await.unwrap().code_delivery_details(), None);
    assert_eq!(pool.newest_message_to("maria").await, None);
}

#[tokio::test]
async fn sign_up_refuses_where_only_administrators_create_users() {
    let config = AdminCreateUserConfigType::builder().allow_admin_create_user_only(true).build();
    let pool = a_pool_with(|pool| pool.admin_create_user_config(config)).await;
    refused(sign_up(&pool, "maria").send().await, "NotAuthorizedException: SignUp is not permitted for this user pool");
}

#[tokio::test]
async fn sign_up_refuses_a_password_that_breaks_the_policy() {
    let pool = an_open_pool().await;
    refused(sign_up(&pool, "maria").password("Aa1!").send().await, TOO_SHORT);
}

#[tokio::test]
async fn sign_up_refuses_a_name_that_exists() {
    let pool = an_open_pool().await;
    sign_up(&pool, "maria").send().await.unwrap();
    refused(sign_up(&pool, "maria").send().await, "UsernameExistsException: User already exists");
}

#[tokio::test]
async fn sign_up_refuses_an_address_that_is_somebody_s_name() {
    let pool = a_pool_with(|pool| pool.username_attributes(UsernameAttributeType::Email)).await;
    pool.user("maria@example.com").await;
    refused(
        sign_up(&pool, "maria@example.com").send().await,
        "UsernameExistsException: An account with the given email already exists.",
    );
    refused(sign_up(&pool, "maria").send().await, "InvalidParameterException: Username should be an email.");
}

#[tokio::test]
async fn sign_up_refuses_an_undeclared_attribute() {
    let pool = an_open_pool().await;
    refused(
        sign_up(&pool, "maria").user_attributes(attribute("team", "blue")).send().await,
        "InvalidParameterException: Attributes did not conform to the schema: team: Attribute does not exist in the \
         schema.\n",
    );
}

#[tokio::test]
async fn sign_up_refuses_without_a_required_attribute() {
    let name = SchemaAttributeType::builder().name("name").attribute_data_type(AttributeDataType::String);
    let name = name.mutable(true).required(true).build();
    let pool = a_pool_with(|pool| pool.schema(name)).await;
    refused(
        sign_up(&pool, "maria").send().await,
        "InvalidParameterException: Attributes did not conform to the schema: name: The attribute is required\n",
    );
}

#[tokio::test]
async fn sign_up_lets_nobody_verify_their_own_address() {
    let pool = an_open_pool().await;
    let attributes = list(&[("email", "maria@example.com"), ("email_verified", "true")]);
    refused(
        sign_up(&pool, "maria").set_user_attributes(Some(attributes)).send().await,
        "InvalidParameterException: Cannot modify the non-mutable attribute email_verified",
    );
}

#[tokio::test]
async fn sign_up_refuses_what_the_client_may_not_write() {
    let pool = an_open_pool().await;
    let pool = pool.seen_by(&pool.client_with(|client| client.write_attributes("email")).await.0);
    refused(
        sign_up(&pool, "maria").user_attributes(attribute("name", "Maria")).send().await,
        "NotAuthorizedException: A client attempted to write unauthorized attribute",
    );
}

#[tokio::test]
async fn sign_up_refuses_where_a_trigger_cannot_be_reached() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:check";
    let config = LambdaConfigType::builder().pre_sign_up(function).build();
    let pool = a_pool_with(|pool| pool.lambda_config(config)).await;
    refused(
        sign_up(&pool, "maria").send().await,
        "UnexpectedLambdaException: PreSignUp invocation failed due to error ResourceNotFoundException.",
    );
}

#[tokio::test]
async fn confirm_sign_up_confirms_the_user_and_the_address() {
    let pool = an_open_pool().await;
    sign_up_with_email(&pool, "maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    confirm(&pool, "maria", &code).send().await.unwrap();
    assert_eq!(pool.status_of("maria").await, UserStatusType::Confirmed);
    assert_eq!(pool.attributes_of("maria").await["email_verified"], "true");
    pool.tokens_of("maria").await;
    refused(confirm(&pool, "maria", &code).send().await, CONFIRMED);
}

#[tokio::test]
async fn confirm_sign_up_refuses_a_wrong_code_and_takes_the_right_one_after_it() {
    let pool = an_open_pool().await;
    sign_up_with_email(&pool, "maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    refused(confirm(&pool, "maria", &not(&code)).send().await, WRONG_CODE);
    confirm(&pool, "maria", &code).send().await.unwrap();
}

#[tokio::test]
async fn confirm_sign_up_refuses_a_code_after_a_day() {
    let pool = an_open_pool().await;
    sign_up_with_email(&pool, "maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    pool.wait(86_401);
    refused(confirm(&pool, "maria", &code).send().await, NO_CODE);
}

#[tokio::test]
async fn confirm_sign_up_refuses_to_hear_guesses_without_end() {
    let pool = an_open_pool().await;
    sign_up_with_email(&pool, "maria").send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    for _ in 0..10 {
        refused(confirm(&pool, "maria", &not(&code)).send().await, WRONG_CODE);
    }
    refused(confirm(&pool, "maria", &code).send().await, TOO_MANY);
}

#[tokio::test]
async fn confirm_sign_up_refuses_an_address_that_somebody_else_proved_unless_it_is_forced() {
    let pool = a_pool_with(|pool| {
        pool.auto_verified_attributes(VerifiedAttributeType::Email).alias_attributes(AliasAttributeType::Email)
    })
    .await;
    pool.user_with_email("maria", "maria@example.com").await;
    sign_up_with_email(&pool, "successor").send().await.unwrap();
    let code = pool.newest_code_for("successor").await;
    refused(
        confirm(&pool, "successor", &code).send().await,
        "AliasExistsException: An account with the email already exists.",
    );
    confirm(&pool, "successor", &code).force_alias_creation(true).send().await.unwrap();
    assert_eq!(pool.admin_get_user("maria@example.com").send().await.unwrap().username(), "successor");
}

#[tokio::test]
async fn resend_confirmation_code_makes_the_earlier_one_useless() {
    let pool = an_open_pool().await;
    sign_up_with_email(&pool, "maria").send().await.unwrap();
    let first = pool.newest_code_for("maria").await;
    let answer = resend(&pool, "maria").send().await.unwrap();
    assert_eq!(answer.code_delivery_details().unwrap().attribute_name(), Some("email"));
    let second = pool.newest_code_for("maria").await;
    if first != second {
        refused(confirm(&pool, "maria", &first).send().await, WRONG_CODE);
    }
    confirm(&pool, "maria", &second).send().await.unwrap();
}

#[tokio::test]
async fn resend_confirmation_code_refuses_who_is_confirmed_already() {
    let pool = an_open_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    refused(resend(&pool, "maria").send().await, "InvalidParameterException: User is already confirmed.");
}

#[tokio::test]
async fn resend_confirmation_code_refuses_where_nothing_is_verified() {
    let pool = a_pool().await;
    sign_up_with_email(&pool, "maria").send().await.unwrap();
    refused(
        resend(&pool, "maria").send().await,
        "InvalidParameterException: Cannot resend codes. Auto verification not turned on.",
    );
}

#[tokio::test]
async fn resend_confirmation_code_refuses_to_send_codes_without_end() {
    let pool = an_open_pool().await;
    sign_up_with_email(&pool, "maria").send().await.unwrap();
    let mut sent = 0;
    let last = loop {
        match resend(&pool, "maria").send().await {
            Ok(_) if sent < 30 => sent += 1,
            other => break other,
        }
    };
    refused(last, TOO_MANY);
}

#[tokio::test]
async fn an_unknown_user_is_told_apart_unless_the_client_hides_it() {
    let pool = an_open_pool().await;
    refused(confirm(&pool, "nobody", "123456").send().await, UNKNOWN);
    refused(resend(&pool, "nobody").send().await, UNKNOWN);
    let discreet = PreventUserExistenceErrorTypes::Enabled;
    let pool = pool.seen_by(&pool.client_with(|client| client.prevent_user_existence_errors(discreet)).await.0);
    refused(confirm(&pool, "nobody", "123456").send().await, WRONG_CODE);
    assert!(resend(&pool, "nobody").send().await.unwrap().code_delivery_details().is_some());
}

#[tokio::test]
async fn an_unknown_client_is_refused() {
    let pool = a_pool().await.without_client();
    refused(sign_up(&pool, "maria").send().await, NO_CLIENT);
    refused(confirm(&pool, "maria", "123456").send().await, NO_CLIENT);
    refused(resend(&pool, "maria").send().await, NO_CLIENT);
}

#[tokio::test]
async fn a_client_with_a_secret_must_prove_it() {
    let pool = an_open_pool().await;
    let (client, secret) = pool.client_with(|client| client.generate_secret(true)).await;
    let pool = pool.seen_by(&client);
    let missing =
        format!("NotAuthorizedException: Client {client} is configured for secret but secret was not received");
    refused(sign_up(&pool, "maria").send().await, &missing);
    refused(confirm(&pool, "maria", "123456").send().await, &missing);
    refused(resend(&pool, "maria").send().await, &missing);
    let hash = secret_hash("maria", &client, &secret.unwrap());
    sign_up_with_email(&pool, "maria").secret_hash(&hash).send().await.unwrap();
    resend(&pool, "maria").secret_hash(&hash).send().await.unwrap();
    let code = pool.newest_code_for("maria").await;
    confirm(&pool, "maria", &code).secret_hash(&hash).send().await.unwrap();
}
