//! `AdminCreateUser`.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AliasAttributeType, DeliveryMediumType, LambdaConfigType, MessageActionType, UserStatusType, UsernameAttributeType,
};

use crate::fixtures::{TEMPORARY, a_pool, a_pool_with, a_pool_with_an_unconfirmed_user, attribute, list, map};
use crate::refusals::{NO_POOL, NO_USER, TOO_SHORT, refused, violates};

const VERIFIED: [(&str, &str); 2] = [("email", "maria@example.com"), ("email_verified", "true")];

#[tokio::test]
async fn admin_create_user_answers_a_user_who_must_choose_a_password() {
    let pool = a_pool().await;
    let request = pool.admin_create_user("maria").set_user_attributes(Some(list(&VERIFIED)));
    let user = request.message_action(MessageActionType::Suppress).send().await.unwrap().user.unwrap();
    assert_eq!(user.username(), Some("maria"));
    assert_eq!(user.user_status(), Some(&UserStatusType::ForceChangePassword));
    assert!(user.enabled() && user.user_create_date().is_some());
    assert_eq!(user.user_create_date(), user.user_last_modified_date());
    let attributes = map(user.attributes());
    assert_eq!(attributes["email"], "maria@example.com");
    assert_eq!(attributes["sub"].len(), 36);
}

#[tokio::test]
async fn admin_create_user_takes_everything_that_the_request_may_carry() {
    let pool = a_pool().await;
    pool.admin_create_user("maria")
        .set_user_attributes(Some(list(&VERIFIED)))
        .validation_data(attribute("campaign", "spring"))
        .temporary_password(TEMPORARY)
        .force_alias_creation(false)
        .desired_delivery_mediums(DeliveryMediumType::Email)
        .client_metadata("source", "import")
        .send()
        .await
        .unwrap();
    pool.session_of("maria").await;
}

#[tokio::test]
async fn admin_create_user_sends_the_invitation() {
    let pool = a_pool().await;
    let request = pool.admin_create_user("maria").set_user_attributes(Some(list(&VERIFIED)));
    let request = request.desired_delivery_mediums(DeliveryMediumType::Email);
    request.temporary_password(TEMPORARY).send().await.unwrap();
    let message = pool.newest_message_to("maria").await.unwrap();
    assert_eq!((&*message.medium, &*message.destination), ("EMAIL", "maria@example.com"));
    assert_eq!(message.temporary_password.as_deref(), Some(TEMPORARY));
    assert!(message.body.contains("maria") && message.body.contains(TEMPORARY), "{}", message.body);
}

#[tokio::test]
async fn admin_create_user_makes_up_a_password_that_signs_in() {
    let pool = a_pool().await;
    let request = pool.admin_create_user("maria").set_user_attributes(Some(list(&VERIFIED)));
    request.desired_delivery_mediums(DeliveryMediumType::Email).send().await.unwrap();
    let password = pool.newest_message_to("maria").await.unwrap().temporary_password.unwrap();
    assert!(pool.admin_sign_in("maria", &password).send().await.unwrap().session.is_some());
}

#[tokio::test]
async fn admin_create_user_sends_nothing_when_told_to_suppress() {
    let pool = a_pool().await;
    pool.invite_with("maria", &VERIFIED).await;
    assert_eq!(pool.newest_message_to("maria").await, None);
}

#[tokio::test]
async fn admin_create_user_resends_with_a_new_password() {
    let pool = a_pool().await;
    let invite = || {
        pool.admin_create_user("maria")
            .set_user_attributes(Some(list(&VERIFIED)))
            .desired_delivery_mediums(DeliveryMediumType::Email)
    };
    invite().send().await.unwrap();
    let first = pool.newest_message_to("maria").await.unwrap().temporary_password.unwrap();
    invite().message_action(MessageActionType::Resend).send().await.unwrap();
    let second = pool.newest_message_to("maria").await.unwrap().temporary_password.unwrap();
    assert_ne!(first, second);
    refused(pool.admin_sign_in("maria", &first).send().await, crate::refusals::WRONG_PASSWORD);
    assert!(pool.admin_sign_in("maria", &second).send().await.unwrap().session.is_some());
}

#[tokio::test]
async fn admin_create_user_refuses_to_resend_to_nobody() {
    let pool = a_pool().await;
    refused(pool.admin_create_user("nobody").message_action(MessageActionType::Resend).send().await, NO_USER);
}

#[tokio::test]
async fn admin_create_user_refuses_to_resend_to_who_has_a_password_already() {
    let pool = a_pool().await;
    pool.user("maria").await;
    refused(
        pool.admin_create_user("maria").message_action(MessageActionType::Resend).send().await,
        "UnsupportedUserStateException: Resend not possible. maria status is not FORCE_CHANGE_PASSWORD",
    );
}

#[tokio::test]
async fn admin_create_user_refuses_to_resend_to_who_signed_up() {
    let pool = a_pool_with_an_unconfirmed_user().await;
    refused(
        pool.admin_create_user("unconfirmed").message_action(MessageActionType::Resend).send().await,
        "UnsupportedUserStateException: Resend not possible. unconfirmed status is not FORCE_CHANGE_PASSWORD",
    );
}

#[tokio::test]
async fn admin_create_user_refuses_a_name_that_exists() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    refused(pool.admin_create_user("maria").send().await, "UsernameExistsException: User account already exists");
}

#[tokio::test]
async fn admin_create_user_refuses_a_name_that_differs_by_case_only() {
    let pool = a_pool_with(|pool| {
        let insensitive = cognate_testkit::aws_sdk_cognitoidentityprovider::types::UsernameConfigurationType::builder()
            .case_sensitive(false);
        pool.username_configuration(insensitive.build().unwrap())
    })
    .await;
    pool.invite("maria").await;
    refused(pool.admin_create_user("MARIA").send().await, "UsernameExistsException: User account already exists");
}

#[tokio::test]
async fn admin_create_user_refuses_an_address_that_is_somebody_s_name() {
    let pool = a_pool_with(|pool| pool.username_attributes(UsernameAttributeType::Email)).await;
    pool.invite("maria@example.com").await;
    refused(
        pool.admin_create_user("maria@example.com").send().await,
        "UsernameExistsException: An account with the given email already exists.",
    );
}

#[tokio::test]
async fn admin_create_user_refuses_a_verified_alias_of_somebody_else() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::Email)).await;
    pool.invite_with("maria", &VERIFIED).await;
    refused(
        pool.admin_create_user("impostor").set_user_attributes(Some(list(&VERIFIED))).send().await,
        "UsernameExistsException: An account with the email already exists.",
    );
}

#[tokio::test]
async fn admin_create_user_moves_an_alias_when_it_is_forced_to() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::Email)).await;
    pool.invite_with("maria", &VERIFIED).await;
    let request = pool.admin_create_user("successor").set_user_attributes(Some(list(&VERIFIED)));
    request.force_alias_creation(true).message_action(MessageActionType::Suppress).send().await.unwrap();
    assert_eq!(pool.attributes_of("maria").await["email_verified"], "false");
    let found = pool.admin_get_user("maria@example.com").send().await.unwrap();
    assert_eq!(found.username(), "successor");
}

#[tokio::test]
async fn admin_create_user_refuses_a_plain_name_where_addresses_are_names() {
    let pool = a_pool_with(|pool| pool.username_attributes(UsernameAttributeType::Email)).await;
    refused(pool.admin_create_user("maria").send().await, "InvalidParameterException: Username should be an email.");
}

#[tokio::test]
async fn admin_create_user_refuses_an_address_as_name_where_addresses_are_aliases() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::Email)).await;
    refused(
        pool.admin_create_user("maria@example.com").send().await,
        "InvalidParameterException: Username cannot be of email format, since user pool is configured for email alias.",
    );
}

#[tokio::test]
async fn admin_create_user_refuses_an_undeclared_attribute() {
    let pool = a_pool().await;
    refused(
        pool.admin_create_user("maria").user_attributes(attribute("department", "Sales")).send().await,
        "InvalidParameterException: Attributes did not conform to the schema: Type for attribute {department} could \
         not be determined",
    );
    refused(pool.admin_get_user("maria").send().await, NO_USER);
}

#[tokio::test]
async fn admin_create_user_refuses_a_malformed_address() {
    let pool = a_pool().await;
    refused(
        pool.admin_create_user("maria").user_attributes(attribute("email", "maria")).send().await,
        "InvalidParameterException: Invalid email address format.",
    );
    refused(
        pool.admin_create_user("maria").user_attributes(attribute("phone_number", "0123")).send().await,
        "InvalidParameterException: Invalid phone number format.",
    );
}

#[tokio::test]
async fn admin_create_user_refuses_to_set_the_sub() {
    let pool = a_pool().await;
    refused(
        pool.admin_create_user("maria").user_attributes(attribute("sub", "mine")).send().await,
        "InvalidParameterException: Cannot modify the non-mutable attribute sub",
    );
}

#[tokio::test]
async fn admin_create_user_refuses_a_medium_that_cannot_reach_the_user() {
    let pool = a_pool().await;
    refused(
        pool.admin_create_user("maria").desired_delivery_mediums(DeliveryMediumType::Email).send().await,
        "InvalidParameterException: User has no email, so the invitation cannot be delivered by EMAIL.",
    );
}

#[tokio::test]
async fn admin_create_user_refuses_a_temporary_password_that_breaks_the_policy() {
    let pool = a_pool().await;
    refused(pool.admin_create_user("maria").temporary_password("Aa1!").send().await, TOO_SHORT);
}

#[tokio::test]
async fn admin_create_user_refuses_a_name_with_a_space_without_repeating_it() {
    let pool = a_pool().await;
    violates(
        pool.admin_create_user("two words").send().await,
        "at 'username'",
        r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+",
    );
}

#[tokio::test]
async fn admin_create_user_refuses_where_a_trigger_cannot_be_reached() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:check";
    let pool = a_pool_with(|pool| pool.lambda_config(LambdaConfigType::builder().pre_sign_up(function).build())).await;
    refused(
        pool.admin_create_user("maria").send().await,
        "UnexpectedLambdaException: PreSignUp invocation failed due to error ResourceNotFoundException.",
    );
}

#[tokio::test]
async fn admin_create_user_refuses_an_unknown_pool() {
    let pool = a_pool().await;
    refused(pool.nowhere().admin_create_user("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_create_user_lets_one_of_many_have_the_name() {
    let pool = a_pool().await;
    let attempts: Vec<_> = (0..20).map(|_| tokio::spawn(pool.admin_create_user("maria").send())).collect();
    let mut created = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(_) => created += 1,
            failed => refused(failed, "UsernameExistsException: User account already exists"),
        }
    }
    assert_eq!(created, 1);
}
