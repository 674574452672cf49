//! "Complete administrative user management", the program of the examples: create, permanent password, two groups,
//! software token preferred, read back.

use cognate_testkit::Cognate;
use cognate_testkit::aws_sdk_cognitoidentityprovider::Client;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::admin_create_user::builders::AdminCreateUserFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::admin_set_user_mfa_preference::builders::AdminSetUserMFAPreferenceFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    MessageActionType, SoftwareTokenMfaSettingsType, UserStatusType,
};

use crate::engine;
use crate::fixtures::{list, map};
use crate::refusals::refused;

const POOL: &str = "us-east-1_example123";
const EMPLOYEE: &str = "employee@company.com";
const LENIENT: &str = include_str!("../../../../examples/pools.toml");
const STRICT: &str = include_str!("../../../../examples/strict-pools.toml");

async fn a_server_with(pools: &str) -> (Cognate, Client) {
    let cognate = engine::builder().pools_toml(pools).start().await.unwrap();
    let client = Client::from_conf(cognate.sdk_config());
    (cognate, client)
}

fn create_user(client: &Client, department: &str) -> AdminCreateUserFluentBuilder {
    let attributes =
        [("email", EMPLOYEE), ("name", "New Employee"), (department, "Engineering"), ("email_verified", "true")];
    client
        .admin_create_user()
        .user_pool_id(POOL)
        .username(EMPLOYEE)
        .set_user_attributes(Some(list(&attributes)))
        .temporary_password("TempPass123!")
        .message_action(MessageActionType::Suppress)
}

async fn set_password_and_groups(client: &Client) {
    let request = client.admin_set_user_password().user_pool_id(POOL).username(EMPLOYEE);
    request.password("SecurePassword123!").permanent(true).send().await.unwrap();
    for group in ["Employees", "Engineering"] {
        let request = client.admin_add_user_to_group().user_pool_id(POOL).username(EMPLOYEE);
        request.group_name(group).send().await.unwrap();
    }
}

fn prefer_software_token(client: &Client) -> AdminSetUserMFAPreferenceFluentBuilder {
    let preferred = SoftwareTokenMfaSettingsType::builder().enabled(true).preferred_mfa(true).build();
    let request = client.admin_set_user_mfa_preference().user_pool_id(POOL).username(EMPLOYEE);
    request.software_token_mfa_settings(preferred)
}

#[tokio::test]
async fn with_leniencies_the_program_runs_to_its_end() {
    let (_cognate, client) = a_server_with(LENIENT).await;
    let created = create_user(&client, "department").send().await.unwrap().user.unwrap();
    assert_eq!(created.username(), Some(EMPLOYEE));
    set_password_and_groups(&client).await;
    prefer_software_token(&client).send().await.unwrap();
    let employee = client.admin_get_user().user_pool_id(POOL).username(EMPLOYEE).send().await.unwrap();
    assert_eq!(employee.username(), EMPLOYEE);
    assert_eq!(employee.user_status(), Some(&UserStatusType::Confirmed));
    assert_eq!(employee.user_mfa_setting_list(), ["SOFTWARE_TOKEN_MFA"]);
    assert_eq!(employee.preferred_mfa_setting(), Some("SOFTWARE_TOKEN_MFA"));
    assert_eq!(map(employee.user_attributes())["custom:department"], "Engineering");
    let groups = client.admin_list_groups_for_user().user_pool_id(POOL).username(EMPLOYEE).send().await.unwrap();
    let groups: Vec<&str> = groups.groups().iter().filter_map(|group| group.group_name()).collect();
    assert_eq!(groups, ["Employees", "Engineering"]);
}

#[tokio::test]
async fn without_leniencies_the_attribute_without_its_prefix_is_refused() {
    let (_cognate, client) = a_server_with(STRICT).await;
    refused(
        create_user(&client, "department").send().await,
        "InvalidParameterException: Attributes did not conform to the schema: Type for attribute {department} could \
         not be determined",
    );
}

#[tokio::test]
async fn without_leniencies_a_token_must_be_enrolled_before_it_is_preferred() {
    let (_cognate, client) = a_server_with(STRICT).await;
    create_user(&client, "custom:department").send().await.unwrap();
    set_password_and_groups(&client).await;
    refused(
        prefer_software_token(&client).send().await,
        "InvalidParameterException: User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA",
    );
}
