//! Reading, deleting, disabling, enabling and confirming users.

use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{AliasAttributeType, LambdaConfigType, UserStatusType};

use crate::fixtures::{PASSWORD, a_pool, a_pool_with, a_pool_with_an_unconfirmed_user};
use crate::refusals::{DISABLED, NO_POOL, NO_USER, REVOKED_ACCESS_TOKEN, REVOKED_REFRESH_TOKEN, refusal, refused};

#[tokio::test]
async fn admin_get_user_finds_a_user_by_name_sub_and_alias() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::Email)).await;
    let sub = pool.user_with_email("maria", "maria@example.com").await;
    for name in ["maria", &sub, "maria@example.com"] {
        assert_eq!(pool.admin_get_user(name).send().await.unwrap().username(), "maria");
    }
}

#[tokio::test]
async fn admin_get_user_tells_status_and_dates_and_leaves_out_what_is_not_there() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let maria = pool.admin_get_user("maria").send().await.unwrap();
    assert_eq!(maria.user_status(), Some(&UserStatusType::Confirmed));
    assert!(maria.enabled());
    assert!(maria.user_last_modified_date() >= maria.user_create_date());
    assert_eq!(maria.preferred_mfa_setting(), None);
    assert!(maria.user_mfa_setting_list.is_none() && maria.mfa_options.is_none());
}

#[tokio::test]
async fn admin_get_user_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_get_user("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_get_user("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_delete_user_leaves_nothing_behind() {
    let pool = a_pool_with(|pool| pool.alias_attributes(AliasAttributeType::Email)).await;
    let sub = pool.user_with_email("maria", "maria@example.com").await;
    let tokens = pool.tokens_of("maria").await;
    pool.admin_delete_user("maria").send().await.unwrap();
    for name in ["maria", &sub, "maria@example.com"] {
        refused(pool.admin_get_user(name).send().await, NO_USER);
    }
    refused(pool.get_user(&tokens.access).send().await, NO_USER);
    refused(pool.refresh(&tokens.refresh).send().await, crate::refusals::INVALID_REFRESH_TOKEN);
    assert!(pool.list_users().send().await.unwrap().users().is_empty());
    // Name and address are free again.
    pool.user_with_email("maria", "maria@example.com").await;
}

#[tokio::test]
async fn admin_delete_user_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_delete_user("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_delete_user("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_disable_user_keeps_the_user_out_everywhere() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    for _ in 0..2 {
        pool.admin_disable_user("maria").send().await.unwrap();
    }
    assert!(!pool.admin_get_user("maria").send().await.unwrap().enabled());
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, DISABLED);
    refused(pool.public_sign_in("maria", PASSWORD).send().await, DISABLED);
    refused(pool.refresh(&tokens.refresh).send().await, DISABLED);
    let answer = refusal(pool.get_user(&tokens.access).send().await);
    assert!([DISABLED, REVOKED_ACCESS_TOKEN].contains(&&*answer), "{answer}");
}

#[tokio::test]
async fn admin_disable_user_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_disable_user("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_disable_user("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_enable_user_lets_the_user_in_again_but_no_token_of_before() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let tokens = pool.tokens_of("maria").await;
    pool.admin_disable_user("maria").send().await.unwrap();
    for _ in 0..2 {
        pool.admin_enable_user("maria").send().await.unwrap();
    }
    refused(pool.refresh(&tokens.refresh).send().await, REVOKED_REFRESH_TOKEN);
    refused(pool.get_user(&tokens.access).send().await, REVOKED_ACCESS_TOKEN);
    pool.tokens_of("maria").await;
}

#[tokio::test]
async fn admin_enable_user_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_enable_user("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_enable_user("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_confirm_sign_up_lets_who_signed_up_sign_in() {
    let pool = a_pool_with_an_unconfirmed_user().await;
    pool.admin_confirm_sign_up("unconfirmed").client_metadata("by", "support").send().await.unwrap();
    assert_eq!(pool.status_of("unconfirmed").await, UserStatusType::Confirmed);
    pool.tokens_of("unconfirmed").await;
}

#[tokio::test]
async fn admin_confirm_sign_up_refuses_every_other_status() {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool.invite("john").await;
    refused(
        pool.admin_confirm_sign_up("maria").send().await,
        "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED",
    );
    refused(
        pool.admin_confirm_sign_up("john").send().await,
        "NotAuthorizedException: User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD",
    );
}

#[tokio::test]
async fn admin_confirm_sign_up_refuses_what_does_not_exist() {
    let pool = a_pool().await;
    refused(pool.admin_confirm_sign_up("nobody").send().await, NO_USER);
    refused(pool.nowhere().admin_confirm_sign_up("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_confirm_sign_up_refuses_where_a_trigger_cannot_be_reached() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:welcome";
    let config = LambdaConfigType::builder().post_confirmation(function).build();
    let pool = a_pool_with(|pool| pool.lambda_config(config)).await;
    pool.sdk.sign_up().client_id(&pool.client).username("maria").password(PASSWORD).send().await.unwrap();
    refused(
        pool.admin_confirm_sign_up("maria").send().await,
        "UnexpectedLambdaException: PostConfirmation invocation failed due to error ResourceNotFoundException.",
    );
}

#[tokio::test]
async fn a_deleted_user_is_in_no_group_and_has_no_messages() {
    let pool = a_pool().await;
    pool.user_with_email("maria", "maria@example.com").await;
    pool.create_group("Engineering").send().await.unwrap();
    pool.admin_add_user_to_group("maria").group_name("Engineering").send().await.unwrap();
    pool.forgot_password("maria").send().await.unwrap();
    pool.admin_delete_user("maria").send().await.unwrap();
    assert!(pool.list_users_in_group("Engineering").send().await.unwrap().users().is_empty());
    assert_eq!(pool.newest_message_to("maria").await, None);
    assert_eq!(pool.describe_user_pool().send().await.unwrap().user_pool.unwrap().estimated_number_of_users, 0);
}
