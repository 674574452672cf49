//! Pools, users and tokens to test with.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::hmac;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::create_user_pool::builders::CreateUserPoolFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::create_user_pool_client::builders::CreateUserPoolClientFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AttributeType, AuthFlowType, AuthenticationResultType, ChallengeNameType, ExplicitAuthFlowsType, MessageActionType,
    UserStatusType,
};
use cognate_testkit::cognate::Message;
use cognate_testkit::{Cognate, aws_sdk_cognitoidentityprovider::Client};
use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL_NOPAD};
use serde_json::Value;

use crate::engine;

pub const PASSWORD: &str = "Permanent1!";
pub const TEMPORARY: &str = "Temporary1!";
pub const OTHER: &str = "Different1!";

/// A pool with an app client, on a server of its own.
#[derive(Clone)]
pub struct Pool {
    pub cognate: Arc<Cognate>,
    pub sdk: Client,
    pub id: String,
    pub arn: String,
    pub client: String,
}

/// What a sign-in gives.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: String,
    pub id: String,
    pub refresh: String,
}

/// A pool as the service makes it when only a name is given.
pub async fn a_pool() -> Pool {
    a_pool_with(|pool| pool).await
}

/// A pool with more than a name.
pub async fn a_pool_with(settings: impl FnOnce(CreateUserPoolFluentBuilder) -> CreateUserPoolFluentBuilder) -> Pool {
    let cognate = engine::builder().start().await.unwrap();
    let sdk = Client::from_conf(cognate.sdk_config());
    let created = settings(sdk.create_user_pool().pool_name("employees")).send().await.unwrap().user_pool.unwrap();
    let (id, arn) = (created.id.unwrap(), created.arn.unwrap());
    let mut pool = Pool { cognate: Arc::new(cognate), sdk, id, arn, client: String::new() };
    pool.client = pool.client_with(|client| client).await.0;
    pool
}

/// A pool of a file, under the id that the file gives it.
pub async fn a_declared_pool(file: &str, id: &str, client: &str) -> Pool {
    let cognate = engine::builder().pools_toml(file).start().await.unwrap();
    let sdk = Client::from_conf(cognate.sdk_config());
    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}");
    Pool { cognate: Arc::new(cognate), sdk, id: id.to_owned(), arn, client: client.to_owned() }
}

/// A pool with a user `unconfirmed` who signed up and was never confirmed, which no operation can bring about yet.
pub async fn a_pool_with_an_unconfirmed_user() -> Pool {
    let file = format!(
        r#"
        [[pools]]
        id = "us-east-1_declared1"

        [[pools.clients]]
        id = "declaredclient000000000001"
        [pools.clients.config]
        ExplicitAuthFlows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

        [[pools.users]]
        username = "unconfirmed"
        password = "{PASSWORD}"
        status = "UNCONFIRMED"
        "#
    );
    a_declared_pool(&file, "us-east-1_declared1", "declaredclient000000000001").await
}

impl Pool {
    /// The same server, and a pool that it does not have.
    pub fn nowhere(&self) -> Self {
        Self { id: "us-east-1_nosuchpool".to_owned(), ..self.clone() }
    }

    /// The same pool, and a client that it does not have.
    pub fn without_client(&self) -> Self {
        self.seen_by("nosuchclient")
    }

    /// The same pool, and another client.
    pub fn seen_by(&self, client: &str) -> Self {
        Self { client: client.to_owned(), ..self.clone() }
    }

    /// Moves the clock forward.
    pub fn wait(&self, seconds: i64) {
        self.cognate.clock().advance(seconds);
    }

    /// Another app client: its id and its secret. It may use every flow with a password unless told otherwise.
    pub async fn client_with(
        &self,
        settings: impl FnOnce(CreateUserPoolClientFluentBuilder) -> CreateUserPoolClientFluentBuilder,
    ) -> (String, Option<String>) {
        let flows = [
            ExplicitAuthFlowsType::AllowAdminUserPasswordAuth,
            ExplicitAuthFlowsType::AllowUserPasswordAuth,
            ExplicitAuthFlowsType::AllowRefreshTokenAuth,
        ];
        let request = self.create_user_pool_client().client_name("application");
        let mut request = settings(request);
        if request.get_explicit_auth_flows().is_none() {
            request = request.set_explicit_auth_flows(Some(flows.to_vec()));
        }
        let created = request.send().await.unwrap().user_pool_client.unwrap();
        (created.client_id.unwrap(), created.client_secret)
    }

    /// A confirmed user with `PASSWORD`; answers the `sub`.
    pub async fn user(&self, username: &str) -> String {
        self.user_with(username, &[]).await
    }

    /// The same, with attributes.
    pub async fn user_with(&self, username: &str, attributes: &[(&str, &str)]) -> String {
        let sub = self.invite_with(username, attributes).await;
        self.admin_set_user_password(username).password(PASSWORD).permanent(true).send().await.unwrap();
        sub
    }

    /// A confirmed user with a verified address.
    pub async fn user_with_email(&self, username: &str, address: &str) -> String {
        self.user_with(username, &[("email", address), ("email_verified", "true")]).await
    }

    /// A user with the temporary password `TEMPORARY`; answers the `sub`.
    pub async fn invite(&self, username: &str) -> String {
        self.invite_with(username, &[]).await
    }

    /// The same, with attributes.
    pub async fn invite_with(&self, username: &str, attributes: &[(&str, &str)]) -> String {
        let request = self.admin_create_user(username).temporary_password(TEMPORARY);
        let request = request.message_action(MessageActionType::Suppress);
        let created = request.set_user_attributes(Some(list(attributes))).send().await.unwrap().user.unwrap();
        map(created.attributes()).remove("sub").unwrap()
    }

    /// The attributes of a user as they are now.
    pub async fn attributes_of(&self, username: &str) -> HashMap<String, String> {
        map(self.admin_get_user(username).send().await.unwrap().user_attributes())
    }

    /// The status of a user as it is now.
    pub async fn status_of(&self, username: &str) -> UserStatusType {
        self.admin_get_user(username).send().await.unwrap().user_status.unwrap()
    }

    /// The newest message to a user.
    pub async fn newest_message_to(&self, username: &str) -> Option<Message> {
        self.cognate.outbox().await.unwrap().newest_for(username)
    }

    /// The code in the newest message to a user.
    pub async fn newest_code_for(&self, username: &str) -> String {
        self.newest_message_to(username).await.unwrap().code.unwrap()
    }

    /// `AdminInitiateAuth` with a password.
    pub fn admin_sign_in(
        &self,
        username: &str,
        password: &str,
    ) -> operation::admin_initiate_auth::builders::AdminInitiateAuthFluentBuilder {
        self.admin_initiate_auth()
            .auth_flow(AuthFlowType::AdminUserPasswordAuth)
            .auth_parameters("USERNAME", username)
            .auth_parameters("PASSWORD", password)
    }

    /// `InitiateAuth` with a password.
    pub fn public_sign_in(
        &self,
        username: &str,
        password: &str,
    ) -> operation::initiate_auth::builders::InitiateAuthFluentBuilder {
        self.initiate_auth()
            .auth_flow(AuthFlowType::UserPasswordAuth)
            .auth_parameters("USERNAME", username)
            .auth_parameters("PASSWORD", password)
    }

    /// `AdminInitiateAuth` with a refresh token.
    pub fn refresh(&self, token: &str) -> operation::admin_initiate_auth::builders::AdminInitiateAuthFluentBuilder {
        self.admin_initiate_auth().auth_flow(AuthFlowType::RefreshTokenAuth).auth_parameters("REFRESH_TOKEN", token)
    }

    /// `GetTokensFromRefreshToken`.
    pub fn exchange(
        &self,
        token: &str,
    ) -> operation::get_tokens_from_refresh_token::builders::GetTokensFromRefreshTokenFluentBuilder {
        self.sdk.get_tokens_from_refresh_token().client_id(&self.client).refresh_token(token)
    }

    /// `AdminInitiateAuth`.
    pub fn admin_initiate_auth(&self) -> operation::admin_initiate_auth::builders::AdminInitiateAuthFluentBuilder {
        self.sdk.admin_initiate_auth().user_pool_id(&self.id).client_id(&self.client)
    }

    /// `InitiateAuth`.
    pub fn initiate_auth(&self) -> operation::initiate_auth::builders::InitiateAuthFluentBuilder {
        self.sdk.initiate_auth().client_id(&self.client)
    }

    /// The tokens of a user who needs nothing but `PASSWORD`.
    pub async fn tokens_of(&self, username: &str) -> Tokens {
        tokens(self.admin_sign_in(username, PASSWORD).send().await.unwrap().authentication_result)
    }

    /// Signs a user in who has to choose a new password; answers the session.
    pub async fn session_of(&self, username: &str) -> String {
        let challenge = self.admin_sign_in(username, TEMPORARY).send().await.unwrap();
        assert_eq!(challenge.challenge_name, Some(ChallengeNameType::NewPasswordRequired));
        challenge.session.unwrap()
    }

    /// `AdminRespondToAuthChallenge` with a new password.
    pub fn answer_new_password(
        &self,
        username: &str,
        session: &str,
    ) -> operation::admin_respond_to_auth_challenge::builders::AdminRespondToAuthChallengeFluentBuilder {
        self.admin_respond_to_auth_challenge()
            .challenge_name(ChallengeNameType::NewPasswordRequired)
            .session(session)
            .challenge_responses("USERNAME", username)
            .challenge_responses("NEW_PASSWORD", PASSWORD)
    }

    /// `AdminRespondToAuthChallenge`.
    pub fn admin_respond_to_auth_challenge(
        &self,
    ) -> operation::admin_respond_to_auth_challenge::builders::AdminRespondToAuthChallengeFluentBuilder {
        self.sdk.admin_respond_to_auth_challenge().user_pool_id(&self.id).client_id(&self.client)
    }

    /// `ForgotPassword`.
    pub fn forgot_password(&self, username: &str) -> operation::forgot_password::builders::ForgotPasswordFluentBuilder {
        self.sdk.forgot_password().client_id(&self.client).username(username)
    }

    /// `ConfirmForgotPassword` with `OTHER` as the new password.
    pub fn confirm_forgot_password(
        &self,
        username: &str,
        code: &str,
    ) -> operation::confirm_forgot_password::builders::ConfirmForgotPasswordFluentBuilder {
        let request = self.sdk.confirm_forgot_password().client_id(&self.client).username(username);
        request.confirmation_code(code).password(OTHER)
    }

    /// `GetUser`.
    pub fn get_user(&self, access_token: &str) -> operation::get_user::builders::GetUserFluentBuilder {
        self.sdk.get_user().access_token(access_token)
    }

    /// `RevokeToken`.
    pub fn revoke_token(&self, token: &str) -> operation::revoke_token::builders::RevokeTokenFluentBuilder {
        self.sdk.revoke_token().client_id(&self.client).token(token)
    }
}

macro_rules! about_the_pool {
    ($($operation:ident $builder:ident),* $(,)?) => {
        impl Pool {
            $(pub fn $operation(&self) -> operation::$operation::builders::$builder {
                self.sdk.$operation().user_pool_id(&self.id)
            })*
        }
    };
}

about_the_pool! {
    describe_user_pool DescribeUserPoolFluentBuilder,
    update_user_pool UpdateUserPoolFluentBuilder,
    delete_user_pool DeleteUserPoolFluentBuilder,
    add_custom_attributes AddCustomAttributesFluentBuilder,
    get_user_pool_mfa_config GetUserPoolMfaConfigFluentBuilder,
    set_user_pool_mfa_config SetUserPoolMfaConfigFluentBuilder,
    create_user_pool_client CreateUserPoolClientFluentBuilder,
    list_user_pool_clients ListUserPoolClientsFluentBuilder,
    list_groups ListGroupsFluentBuilder,
    list_users ListUsersFluentBuilder,
}

macro_rules! about_the_client {
    ($($operation:ident $builder:ident),* $(,)?) => {
        impl Pool {
            $(pub fn $operation(&self) -> operation::$operation::builders::$builder {
                self.sdk.$operation().user_pool_id(&self.id).client_id(&self.client)
            })*
        }
    };
}

about_the_client! {
    describe_user_pool_client DescribeUserPoolClientFluentBuilder,
    update_user_pool_client UpdateUserPoolClientFluentBuilder,
    delete_user_pool_client DeleteUserPoolClientFluentBuilder,
    add_user_pool_client_secret AddUserPoolClientSecretFluentBuilder,
    list_user_pool_client_secrets ListUserPoolClientSecretsFluentBuilder,
    delete_user_pool_client_secret DeleteUserPoolClientSecretFluentBuilder,
}

macro_rules! about_a_group {
    ($($operation:ident $builder:ident),* $(,)?) => {
        impl Pool {
            $(pub fn $operation(&self, name: &str) -> operation::$operation::builders::$builder {
                self.sdk.$operation().user_pool_id(&self.id).group_name(name)
            })*
        }
    };
}

about_a_group! {
    create_group CreateGroupFluentBuilder,
    get_group GetGroupFluentBuilder,
    update_group UpdateGroupFluentBuilder,
    delete_group DeleteGroupFluentBuilder,
    list_users_in_group ListUsersInGroupFluentBuilder,
}

macro_rules! about_a_user {
    ($($operation:ident $builder:ident),* $(,)?) => {
        impl Pool {
            $(pub fn $operation(&self, username: &str) -> operation::$operation::builders::$builder {
                self.sdk.$operation().user_pool_id(&self.id).username(username)
            })*
        }
    };
}

about_a_user! {
    admin_create_user AdminCreateUserFluentBuilder,
    admin_get_user AdminGetUserFluentBuilder,
    admin_delete_user AdminDeleteUserFluentBuilder,
    admin_disable_user AdminDisableUserFluentBuilder,
    admin_enable_user AdminEnableUserFluentBuilder,
    admin_confirm_sign_up AdminConfirmSignUpFluentBuilder,
    admin_update_user_attributes AdminUpdateUserAttributesFluentBuilder,
    admin_delete_user_attributes AdminDeleteUserAttributesFluentBuilder,
    admin_reset_user_password AdminResetUserPasswordFluentBuilder,
    admin_set_user_password AdminSetUserPasswordFluentBuilder,
    admin_set_user_mfa_preference AdminSetUserMFAPreferenceFluentBuilder,
    admin_set_user_settings AdminSetUserSettingsFluentBuilder,
    admin_delete_software_token AdminDeleteSoftwareTokenFluentBuilder,
    admin_get_user_auth_factors AdminGetUserAuthFactorsFluentBuilder,
    admin_add_user_to_group AdminAddUserToGroupFluentBuilder,
    admin_remove_user_from_group AdminRemoveUserFromGroupFluentBuilder,
    admin_list_groups_for_user AdminListGroupsForUserFluentBuilder,
    admin_user_global_sign_out AdminUserGlobalSignOutFluentBuilder,
    admin_list_user_auth_events AdminListUserAuthEventsFluentBuilder,
    admin_update_auth_event_feedback AdminUpdateAuthEventFeedbackFluentBuilder,
    admin_list_devices AdminListDevicesFluentBuilder,
    admin_get_device AdminGetDeviceFluentBuilder,
    admin_forget_device AdminForgetDeviceFluentBuilder,
    admin_update_device_status AdminUpdateDeviceStatusFluentBuilder,
}

/// One attribute of a request.
pub fn attribute(name: &str, value: &str) -> AttributeType {
    AttributeType::builder().name(name).value(value).build().unwrap()
}

/// The attributes of a request.
pub fn list(attributes: &[(&str, &str)]) -> Vec<AttributeType> {
    attributes.iter().map(|(name, value)| attribute(name, value)).collect()
}

/// The attributes of an answer by name.
pub fn map(attributes: &[AttributeType]) -> HashMap<String, String> {
    let value = |attribute: &AttributeType| attribute.value().unwrap_or_default().to_owned();
    attributes.iter().map(|attribute| (attribute.name().to_owned(), value(attribute))).collect()
}

/// The tokens of a sign-in that ended well.
pub fn tokens(result: Option<AuthenticationResultType>) -> Tokens {
    let result = result.expect("the sign-in should be over");
    Tokens {
        access: result.access_token.unwrap(),
        id: result.id_token.unwrap(),
        refresh: result.refresh_token.unwrap_or_default(),
    }
}

/// What a token says.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

/// A code of an authenticator application (RFC 6238), by itself rather than by the server's arithmetic.
pub fn authenticator_code(secret_code: &str, unix_seconds: i64) -> String {
    let secret = BASE32_NOPAD.decode(secret_code.as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = hmac::sign(&key, &(unix_seconds / 30).to_be_bytes());
    let digest = tag.as_ref();
    let offset = usize::from(digest[19] % 16);
    let word = digest[offset..offset + 4].iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    format!("{:06}", word % (1 << 31) % 1_000_000)
}

/// The proof that a client knows its secret.
pub fn secret_hash(username: &str, client: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    BASE64.encode(hmac::sign(&key, format!("{username}{client}").as_bytes()).as_ref())
}
