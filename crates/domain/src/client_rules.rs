//! The life of an app client: created, replaced, described.
//!
//! The messages are recorded from the live service, but for those that name no recording.

use cognate_model::{
    AnalyticsConfigurationType, CreateUserPoolClientRequest, FeatureType, PreventUserExistenceErrorTypes,
    RefreshTokenRotationType, Secret, Timestamp, UpdateUserPoolClientRequest, UserPoolClientDescription,
    UserPoolClientType,
};

use crate::client_attributes::{Occasion, check_attributes, expand_attributes};
pub use crate::client_attributes::{readable, writable};
pub use crate::client_flows::{AllowedFlows, flows};
use crate::client_flows::{check_flows, complete_flows};
use crate::client_oauth::{Confidentiality, check_oauth};
pub use crate::client_token_validity::{TokenLifetimes, auth_session_seconds, token_lifetimes};
use crate::client_token_validity::{check_validity, complete_validity};
use crate::lists::unique;
use crate::{Client, Pool, Refusal};

/// The provider that is the pool itself.
const OWN_PROVIDER: &str = "COGNITO";

/// What a new client does not get from its request.
#[derive(Debug, Clone)]
pub struct ClientIdentity {
    /// Twenty-six lower-case letters and digits.
    pub id: String,
    /// When it is created.
    pub now: Timestamp,
}

/// `CreateUserPoolClient`. The caller adds the secret that the request asks for.
pub fn create_client(
    pool: &Pool,
    request: CreateUserPoolClientRequest,
    identity: ClientIdentity,
) -> Result<Client, Refusal> {
    if request.generate_secret == Some(true) && request.client_secret.is_some() {
        // Documented as exclusive; the text is not recorded.
        return Err(Refusal::invalid("GenerateSecret and ClientSecret cannot be used together."));
    }
    let confidentiality = if request.generate_secret == Some(true) || request.client_secret.is_some() {
        Confidentiality::Confidential
    } else {
        Confidentiality::Public
    };
    let config = UserPoolClientType {
        user_pool_id: Some(pool.id().to_owned()),
        client_name: Some(request.client_name),
        client_id: Some(identity.id),
        client_secret: None,
        last_modified_date: Some(identity.now),
        creation_date: Some(identity.now),
        refresh_token_validity: request.refresh_token_validity,
        access_token_validity: request.access_token_validity,
        id_token_validity: request.id_token_validity,
        token_validity_units: request.token_validity_units,
        read_attributes: request.read_attributes,
        write_attributes: request.write_attributes,
        explicit_auth_flows: request.explicit_auth_flows,
        supported_identity_providers: request.supported_identity_providers,
        callback_urls: request.callback_urls,
        logout_urls: request.logout_urls,
        default_redirect_uri: request.default_redirect_uri,
        allowed_oauth_flows: request.allowed_oauth_flows,
        allowed_oauth_scopes: request.allowed_oauth_scopes,
        allowed_oauth_flows_user_pool_client: request.allowed_oauth_flows_user_pool_client,
        analytics_configuration: request.analytics_configuration,
        prevent_user_existence_errors: request.prevent_user_existence_errors,
        enable_token_revocation: request.enable_token_revocation,
        enable_propagate_additional_user_context_data: request.enable_propagate_additional_user_context_data,
        auth_session_validity: request.auth_session_validity,
        refresh_token_rotation: request.refresh_token_rotation,
        client_type: None,
    };
    let config = accept(config, pool, confidentiality, Occasion::Creating)?;
    Ok(Client { config, ..Client::default() })
}

/// `UpdateUserPoolClient`: what the request leaves out goes back to its default, but for the name and token
/// revocation. Secrets never change.
pub fn update_client(
    pool: &Pool,
    client: &Client,
    request: UpdateUserPoolClientRequest,
    now: Timestamp,
) -> Result<Client, Refusal> {
    let current = &client.config;
    let config = UserPoolClientType {
        user_pool_id: current.user_pool_id.clone(),
        client_name: request.client_name.or_else(|| current.client_name.clone()),
        client_id: current.client_id.clone(),
        client_secret: None,
        last_modified_date: Some(now),
        creation_date: current.creation_date,
        refresh_token_validity: request.refresh_token_validity,
        access_token_validity: request.access_token_validity,
        id_token_validity: request.id_token_validity,
        token_validity_units: request.token_validity_units,
        read_attributes: request.read_attributes,
        write_attributes: request.write_attributes,
        explicit_auth_flows: request.explicit_auth_flows,
        supported_identity_providers: request.supported_identity_providers,
        callback_urls: request.callback_urls,
        logout_urls: request.logout_urls,
        default_redirect_uri: request.default_redirect_uri,
        allowed_oauth_flows: request.allowed_oauth_flows,
        allowed_oauth_scopes: request.allowed_oauth_scopes,
        allowed_oauth_flows_user_pool_client: request.allowed_oauth_flows_user_pool_client,
        analytics_configuration: request.analytics_configuration,
        prevent_user_existence_errors: request.prevent_user_existence_errors,
        enable_token_revocation: request.enable_token_revocation.or(current.enable_token_revocation),
        enable_propagate_additional_user_context_data: request.enable_propagate_additional_user_context_data,
        auth_session_validity: request.auth_session_validity,
        refresh_token_rotation: request.refresh_token_rotation.or_else(|| rotation_off(current)),
        client_type: current.client_type,
    };
    let confidentiality =
        if client.is_confidential() { Confidentiality::Confidential } else { Confidentiality::Public };
    let config = accept(config, pool, confidentiality, Occasion::Updating)?;
    Ok(Client { config, ..client.clone() })
}

/// A rotation that an update leaves out is shown as off from then on (recorded from the live service).
fn rotation_off(current: &UserPoolClientType) -> Option<RefreshTokenRotationType> {
    current
        .refresh_token_rotation
        .as_ref()
        .map(|_| RefreshTokenRotationType { feature: FeatureType::Disabled, retry_grace_period_seconds: Some(0) })
}

/// Checks a configuration and fills in what the live service shows.
fn accept(
    mut config: UserPoolClientType,
    pool: &Pool,
    confidentiality: Confidentiality,
    occasion: Occasion,
) -> Result<UserPoolClientType, Refusal> {
    expand_attributes(&mut config);
    check_flows(&config, pool.tier())?;
    check_validity(&config)?;
    check_attributes(&config, pool, occasion)?;
    check_providers(&config)?;
    check_oauth(&config, confidentiality)?;
    check_analytics(config.analytics_configuration.as_ref())?;
    if config.enable_propagate_additional_user_context_data == Some(true) && confidentiality == Confidentiality::Public
    {
        return Err(Refusal::invalid(
            "Client Secret is required to set EnablePropagateAdditionalUserContextData as true",
        ));
    }
    complete(&mut config);
    Ok(config)
}

fn check_providers(config: &UserPoolClientType) -> Result<(), Refusal> {
    match config.supported_identity_providers.iter().flatten().find(|provider| *provider != OWN_PROVIDER) {
        Some(unknown) => Err(Refusal::invalid(format!("The provider {unknown} does not exist for User Pool"))),
        None => Ok(()),
    }
}

fn check_analytics(analytics: Option<&AnalyticsConfigurationType>) -> Result<(), Refusal> {
    let Some(analytics) = analytics else {
        return Ok(());
    };
    let parts = [&analytics.application_id, &analytics.role_arn, &analytics.external_id];
    let given = parts.iter().filter(|part| part.is_some()).count();
    let is_complete = if analytics.application_arn.is_some() { given == 0 } else { given == parts.len() };
    if is_complete {
        return Ok(());
    }
    Err(Refusal::invalid(
        "Invalid analytics configuration given, either <application arn> or <application id, role arn, external id> \
         are valid",
    ))
}

fn complete(config: &mut UserPoolClientType) {
    complete_flows(config);
    complete_validity(config);
    config.supported_identity_providers = unique(config.supported_identity_providers.take());
    config.callback_urls = unique(config.callback_urls.take());
    config.logout_urls = unique(config.logout_urls.take());
    config.allowed_oauth_scopes = unique(config.allowed_oauth_scopes.take());
    config.allowed_oauth_flows = unique(config.allowed_oauth_flows.take());
    if let Some(flows) = &mut config.allowed_oauth_flows {
        flows.sort_unstable();
    }
    config.allowed_oauth_flows_user_pool_client.get_or_insert(false);
    config.enable_token_revocation.get_or_insert(true);
    config.enable_propagate_additional_user_context_data.get_or_insert(false);
}

/// The answer of `CreateUserPoolClient`, `UpdateUserPoolClient` and `DescribeUserPoolClient`, with the secret in
/// clear if there is one.
pub fn describe(client: &Client, secret: Option<Secret>) -> UserPoolClientType {
    UserPoolClientType { client_secret: secret, ..client.config.clone() }
}

/// An item of `ListUserPoolClients`.
pub fn list_item(client: &Client) -> UserPoolClientDescription {
    UserPoolClientDescription {
        client_id: client.config.client_id.clone(),
        user_pool_id: client.config.user_pool_id.clone(),
        client_name: client.config.client_name.clone(),
    }
}

/// Whether unknown users look like known ones. The API's default is that they do not.
pub fn prevents_user_existence_errors(client: &Client) -> bool {
    client.config.prevent_user_existence_errors == Some(PreventUserExistenceErrorTypes::Enabled)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client::ClientSecret;
    use crate::schema_declaration::standard_attributes;

    const CREATED: Timestamp = Timestamp::from_micros(1_751_426_859_867_000);
    const LATER: Timestamp = Timestamp::from_micros(1_751_426_900_000_000);

    fn pool() -> Pool {
        let mut pool = Pool::default();
        pool.config.id = Some("ap-northeast-1_abcdefghi".to_owned());
        pool.config.schema_attributes = Some(standard_attributes());
        pool
    }

    fn create(mut request: Value) -> Result<Client, Refusal> {
        request["UserPoolId"] = json!("ap-northeast-1_abcdefghi");
        request["ClientName"] = json!("test-userpool-client");
        let identity = ClientIdentity { id: "4bq5qotn1hmrlil7k760cmcqll".to_owned(), now: CREATED };
        create_client(&pool(), serde_json::from_value(request).unwrap(), identity)
    }

    fn update(client: &Client, mut request: Value) -> Result<Client, Refusal> {
        request["UserPoolId"] = json!(client.pool());
        request["ClientId"] = json!(client.id());
        update_client(&pool(), client, serde_json::from_value(request).unwrap(), LATER)
    }

    fn refused(request: Value) -> String {
        create(request).unwrap_err().message.into_owned()
    }

    fn confidential(request: Value) -> Client {
        let mut client = create(request).unwrap();
        client.secrets.push(ClientSecret { id: "a--1".to_owned(), sealed: vec![1], created: 1 });
        client
    }

    #[test]
    fn a_client_with_one_flow_is_answered_as_the_live_service_does() {
        let client = create(json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]})).unwrap();
        assert_eq!(
            serde_json::to_value(describe(&client, None)).unwrap(),
            json!({
                "UserPoolId": "ap-northeast-1_abcdefghi", "ClientName": "test-userpool-client",
                "ClientId": "4bq5qotn1hmrlil7k760cmcqll",
                "LastModifiedDate": 1_751_426_859.867, "CreationDate": 1_751_426_859.867,
                "RefreshTokenValidity": 30, "TokenValidityUnits": {},
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
                "AllowedOAuthFlowsUserPoolClient": false,
                "EnableTokenRevocation": true, "EnablePropagateAdditionalUserContextData": false,
                "AuthSessionValidity": 3
            })
        );
    }

    #[test]
    fn a_secret_is_shown_but_not_kept_in_the_configuration() {
        let client = create(json!({"ClientSecret": "abcdefghijklmnopqrstuvwxyz"})).unwrap();
        assert_eq!(client.config.client_secret, None);
        let shown = describe(&client, Some(Secret::from("shown")));
        assert_eq!(shown.client_secret, Some(Secret::from("shown")));
    }

    #[test]
    fn a_list_shows_three_members() {
        let item = serde_json::to_value(list_item(&create(json!({})).unwrap())).unwrap();
        assert_eq!(
            item,
            json!({"ClientId": "4bq5qotn1hmrlil7k760cmcqll", "UserPoolId": "ap-northeast-1_abcdefghi",
                   "ClientName": "test-userpool-client"})
        );
    }

    #[test]
    fn a_secret_is_generated_or_given() {
        let both = json!({"GenerateSecret": true, "ClientSecret": "abcdefghijklmnopqrstuvwxyz"});
        assert_eq!(refused(both), "GenerateSecret and ClientSecret cannot be used together.");
    }

    #[test]
    fn only_the_pool_itself_is_a_provider() {
        assert!(create(json!({"SupportedIdentityProviders": ["COGNITO"]})).is_ok());
        let unknown = json!({"SupportedIdentityProviders": ["COGNITO", "Google"]});
        assert_eq!(refused(unknown), "The provider Google does not exist for User Pool");
    }

    #[test]
    fn analytics_name_an_application_in_one_of_two_ways() {
        let by_id = json!({"ApplicationId": "a", "RoleArn": "r", "ExternalId": "e"});
        let by_arn = json!({"ApplicationArn": "arn"});
        for valid in [&by_id, &by_arn] {
            assert!(create(json!({"AnalyticsConfiguration": valid})).is_ok());
        }
        for invalid in [json!({}), json!({"ApplicationId": "a"}), json!({"ApplicationArn": "arn", "RoleArn": "r"})] {
            let message = refused(json!({"AnalyticsConfiguration": invalid}));
            assert!(message.starts_with("Invalid analytics configuration given, either <application arn> or"));
        }
    }

    #[test]
    fn context_data_needs_a_secret() {
        let request = json!({"EnablePropagateAdditionalUserContextData": true});
        assert_eq!(
            refused(request.clone()),
            "Client Secret is required to set EnablePropagateAdditionalUserContextData as true"
        );
        assert!(update(&create(json!({})).unwrap(), request.clone()).is_err());
        assert!(update(&confidential(json!({})), request).is_ok());
    }

    #[test]
    fn what_an_update_leaves_out_goes_back_to_its_default() {
        let client = confidential(json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH"], "AccessTokenValidity": 2,
            "ReadAttributes": ["email"], "EnableTokenRevocation": false, "AuthSessionValidity": 15,
            "PreventUserExistenceErrors": "ENABLED", "LogoutURLs": ["https://a.example"]}));
        let mut expected = confidential(json!({"EnableTokenRevocation": false}));
        expected.config.client_name = Some("Renamed".to_owned());
        expected.config.last_modified_date = Some(LATER);
        assert_eq!(update(&client, json!({"ClientName": "Renamed"})).unwrap(), expected);
        assert_eq!(update(&client, json!({})).unwrap().config.client_name, client.config.client_name);
    }

    #[test]
    fn a_rotation_that_an_update_leaves_out_is_shown_as_off() {
        let client = create(json!({"RefreshTokenRotation": {"Feature": "ENABLED"}})).unwrap();
        let shown = |client: &Client| serde_json::to_value(&client.config.refresh_token_rotation).unwrap();
        assert_eq!(shown(&client), json!({"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}));
        let updated = update(&client, json!({})).unwrap();
        assert_eq!(shown(&updated), json!({"Feature": "DISABLED", "RetryGracePeriodSeconds": 0}));
    }

    #[test]
    fn lists_lose_duplicates_and_empty_ones_vanish() {
        let client = create(json!({"AllowedOAuthFlows": ["implicit", "code", "implicit"],
            "CallbackURLs": ["https://b.example", "https://a.example", "https://b.example"],
            "LogoutURLs": [], "ReadAttributes": [], "ExplicitAuthFlows": []}))
        .unwrap();
        let shown = serde_json::to_value(describe(&client, None)).unwrap();
        assert_eq!(shown["AllowedOAuthFlows"], json!(["code", "implicit"]));
        assert_eq!(shown["CallbackURLs"], json!(["https://b.example", "https://a.example"]));
        for absent in ["LogoutURLs", "ReadAttributes", "ExplicitAuthFlows"] {
            assert!(shown.get(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn messages_name_the_occasion() {
        let request = json!({"ReadAttributes": ["unknown"]});
        assert_eq!(refused(request.clone()), "Invalid read attributes specified while creating a client");
        let refusal = update(&create(json!({})).unwrap(), request).unwrap_err();
        assert_eq!(refusal.message, "Invalid read attributes specified while updating a client");
    }

    #[test]
    fn unknown_users_are_admitted_unless_told_otherwise() {
        assert!(!prevents_user_existence_errors(&create(json!({})).unwrap()));
        let client = create(json!({"PreventUserExistenceErrors": "ENABLED"})).unwrap();
        assert!(prevents_user_existence_errors(&client));
    }
}
