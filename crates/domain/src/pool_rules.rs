//! The life of a pool: created, replaced, described, deleted.

use cognate_model::{
    CreateUserPoolRequest, DeletionProtectionType, Timestamp, UpdateUserPoolRequest, UserPoolDescriptionType,
    UserPoolMfaType, UserPoolType,
};

use crate::pool_checks::{Ground, OtherFactors, check};
use crate::pool_defaults::{complete, given_sms};
use crate::schema_declaration::{check_aliases, declare_schema};
use crate::{Pool, Refusal};

/// What a new pool does not get from its request.
#[derive(Debug, Clone)]
pub struct PoolIdentity {
    /// `<region>_<nine letters or digits>`.
    pub id: String,
    /// The Region that the pool says it is in.
    pub region: String,
    /// The account that owns it: twelve digits.
    pub account: String,
    /// When it is created.
    pub now: Timestamp,
}

/// `CreateUserPool`.
pub fn create_pool(request: CreateUserPoolRequest, identity: PoolIdentity) -> Result<Pool, Refusal> {
    let mut config = UserPoolType {
        name: Some(request.pool_name),
        policies: request.policies,
        deletion_protection: request.deletion_protection,
        lambda_config: request.lambda_config,
        auto_verified_attributes: request.auto_verified_attributes,
        alias_attributes: request.alias_attributes,
        username_attributes: request.username_attributes,
        sms_verification_message: request.sms_verification_message,
        email_verification_message: request.email_verification_message,
        email_verification_subject: request.email_verification_subject,
        verification_message_template: request.verification_message_template,
        sms_authentication_message: request.sms_authentication_message,
        mfa_configuration: request.mfa_configuration,
        user_attribute_update_settings: request.user_attribute_update_settings,
        device_configuration: request.device_configuration,
        email_configuration: request.email_configuration,
        sms_configuration: given_sms(request.sms_configuration),
        user_pool_tags: request.user_pool_tags,
        admin_create_user_config: request.admin_create_user_config,
        user_pool_add_ons: request.user_pool_add_ons,
        dcr_configuration: request.dcr_configuration,
        username_configuration: request.username_configuration,
        account_recovery_setting: request.account_recovery_setting,
        user_pool_tier: request.user_pool_tier,
        key_configuration: request.key_configuration,
        issuer_configuration: request.issuer_configuration,
        acr_configuration: request.acr_configuration,
        creation_date: Some(identity.now),
        last_modified_date: Some(identity.now),
        ..UserPoolType::default()
    };
    let ground = Ground { region: &identity.region, account: &identity.account, other_factors: OtherFactors::None };
    check(&config, &ground)?;
    let schema = declare_schema(request.schema)?;
    check_aliases(&schema, config.alias_attributes.as_deref())?;
    complete(&mut config, &identity.region);
    config.schema_attributes = Some(schema);
    config.arn = Some(format!("arn:aws:cognito-idp:{}:{}:userpool/{}", identity.region, identity.account, identity.id));
    config.id = Some(identity.id);
    Ok(Pool { config, ..Pool::default() })
}

/// `UpdateUserPool`: the whole mutable configuration is replaced, and what the request leaves out goes back to its
/// default (`UpdateUserPool`, API Reference). Identity, schema, sign-in attributes and domains stay.
pub fn update_pool(current: &Pool, request: UpdateUserPoolRequest, now: Timestamp) -> Result<Pool, Refusal> {
    let mut config = kept(&current.config, &request);
    config.name = request.pool_name.or(config.name);
    config.policies = request.policies;
    config.deletion_protection = request.deletion_protection;
    config.lambda_config = request.lambda_config;
    config.auto_verified_attributes = request.auto_verified_attributes;
    config.sms_verification_message = request.sms_verification_message;
    config.email_verification_message = request.email_verification_message;
    config.email_verification_subject = request.email_verification_subject;
    config.verification_message_template = request.verification_message_template;
    config.sms_authentication_message = request.sms_authentication_message;
    config.user_attribute_update_settings =
        request.user_attribute_update_settings.or(config.user_attribute_update_settings);
    config.mfa_configuration = request.mfa_configuration;
    config.device_configuration = request.device_configuration;
    config.email_configuration = request.email_configuration;
    config.sms_configuration = given_sms(request.sms_configuration).or(config.sms_configuration);
    config.user_pool_tags = request.user_pool_tags.or(config.user_pool_tags);
    config.admin_create_user_config = request.admin_create_user_config;
    config.user_pool_add_ons = request.user_pool_add_ons;
    config.dcr_configuration = request.dcr_configuration.or(config.dcr_configuration);
    config.account_recovery_setting = request.account_recovery_setting;
    config.user_pool_tier = request.user_pool_tier;
    config.key_configuration = request.key_configuration;
    config.issuer_configuration = request.issuer_configuration;
    config.acr_configuration = request.acr_configuration;
    config.last_modified_date = Some(now);

    let region = region(current).to_owned();
    let ground = Ground { region: &region, account: account(current), other_factors: other_factors(current) };
    check(&config, &ground)?;
    complete(&mut config, &region);
    let mut pool = Pool { config, ..current.clone() };
    if pool.config.mfa_configuration == Some(UserPoolMfaType::Off) {
        pool.software_token_mfa = None;
        pool.email_mfa = None;
    }
    Ok(pool)
}

/// What outlives a replacement: identity, schema, sign-in attributes, domains; and text messages, tags, client
/// registration and update settings where the request does not mention them (recorded from the live service).
/// Update settings keep only what is still verified automatically, so that leaving them out is never an error.
fn kept(current: &UserPoolType, request: &UpdateUserPoolRequest) -> UserPoolType {
    let verified = request.auto_verified_attributes.as_deref().unwrap_or_default();
    let mut settings = current.user_attribute_update_settings.clone().unwrap_or_default();
    if let Some(waiting) = &mut settings.attributes_require_verification_before_update {
        waiting.retain(|attribute| verified.contains(attribute));
    }
    UserPoolType {
        id: current.id.clone(),
        name: current.name.clone(),
        arn: current.arn.clone(),
        status: current.status,
        creation_date: current.creation_date,
        schema_attributes: current.schema_attributes.clone(),
        alias_attributes: current.alias_attributes.clone(),
        username_attributes: current.username_attributes.clone(),
        username_configuration: current.username_configuration.clone(),
        user_attribute_update_settings: Some(settings),
        sms_configuration: current.sms_configuration.clone(),
        sms_configuration_failure: current.sms_configuration_failure.clone(),
        email_configuration_failure: current.email_configuration_failure.clone(),
        user_pool_tags: current.user_pool_tags.clone(),
        dcr_configuration: current.dcr_configuration.clone(),
        domain: current.domain.clone(),
        custom_domain: current.custom_domain.clone(),
        ..UserPoolType::default()
    }
}

/// The Region in a pool's id.
pub fn region(pool: &Pool) -> &str {
    pool.id().rsplit_once('_').map_or("", |(region, _)| region)
}

/// The account in a pool's ARN.
pub fn account(pool: &Pool) -> &str {
    pool.config.arn.as_deref().and_then(|arn| arn.split(':').nth(4)).unwrap_or_default()
}

fn other_factors(pool: &Pool) -> OtherFactors {
    let has_tokens = pool.software_token_mfa.as_ref().is_some_and(|tokens| tokens.enabled == Some(true));
    if has_tokens || pool.email_mfa.is_some() { OtherFactors::Some } else { OtherFactors::None }
}

/// The answer of `DescribeUserPool`, which shows tags even where there are none (recorded from the live service).
pub fn describe(pool: &Pool, users: i64) -> UserPoolType {
    UserPoolType {
        estimated_number_of_users: Some(i32::try_from(users).unwrap_or(i32::MAX)),
        user_pool_tags: Some(pool.config.user_pool_tags.clone().unwrap_or_default()),
        ..pool.config.clone()
    }
}

/// The answer of `CreateUserPool`, which shows tags only where there are some (recorded from the live service).
pub fn created_view(pool: &Pool) -> UserPoolType {
    UserPoolType { estimated_number_of_users: Some(0), ..pool.config.clone() }
}

/// An item of `ListUserPools`; its triggers are shown even where there are none.
pub fn list_item(pool: &Pool) -> UserPoolDescriptionType {
    UserPoolDescriptionType {
        id: pool.config.id.clone(),
        name: pool.config.name.clone(),
        lambda_config: Some(pool.config.lambda_config.clone().unwrap_or_default()),
        last_modified_date: pool.config.last_modified_date,
        creation_date: pool.config.creation_date,
        ..UserPoolDescriptionType::default()
    }
}

/// Whether `DeleteUserPool` may delete the pool.
pub fn check_delete(pool: &Pool) -> Result<(), Refusal> {
    if pool.config.deletion_protection == Some(DeletionProtectionType::Active) {
        return Err(Refusal::invalid(
            "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be \
             inactivated first.",
        ));
    }
    if pool.config.domain.is_some() || pool.config.custom_domain.is_some() {
        return Err(Refusal::invalid(
            "User pool cannot be deleted. It has a domain configured that should be deleted first.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CREATED: Timestamp = Timestamp::from_micros(1_733_691_997_612_000);
    const LATER: Timestamp = Timestamp::from_micros(1_733_692_000_000_000);

    fn identity() -> PoolIdentity {
        PoolIdentity {
            id: "us-east-1_SbeSpjvX7".to_owned(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            now: CREATED,
        }
    }

    fn create(mut request: Value) -> Result<Pool, Refusal> {
        request["PoolName"] = json!("MyUserPool");
        create_pool(serde_json::from_value(request).unwrap(), identity())
    }

    fn created(request: Value) -> Pool {
        create(request).unwrap()
    }

    fn update(pool: &Pool, mut request: Value) -> Result<Pool, Refusal> {
        request["UserPoolId"] = json!(pool.id());
        update_pool(pool, serde_json::from_value(request).unwrap(), LATER)
    }

    fn sms() -> Value {
        json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"})
    }

    #[test]
    fn a_pool_with_a_name_only_is_answered_as_the_live_service_does() {
        let mut answer = serde_json::to_value(created_view(&created(json!({})))).unwrap();
        let schema = answer.as_object_mut().unwrap().remove("SchemaAttributes").unwrap();
        assert_eq!(schema.as_array().unwrap().len(), 20);
        assert_eq!(
            answer,
            json!({
                "Id": "us-east-1_SbeSpjvX7",
                "Name": "MyUserPool",
                "Policies": {
                    "PasswordPolicy": {"MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true,
                                       "RequireNumbers": true, "RequireSymbols": true,
                                       "TemporaryPasswordValidityDays": 7},
                    "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}
                },
                "DeletionProtection": "INACTIVE",
                "LambdaConfig": {},
                "LastModifiedDate": 1_733_691_997.612,
                "CreationDate": 1_733_691_997.612,
                "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
                "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": []},
                "MfaConfiguration": "OFF",
                "EstimatedNumberOfUsers": 0,
                "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
                "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7},
                "Arn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_SbeSpjvX7",
                "UserPoolTier": "ESSENTIALS"
            })
        );
    }

    #[test]
    fn describing_shows_empty_tags_and_the_number_of_users() {
        let described = describe(&created(json!({})), 12);
        assert_eq!(described.user_pool_tags, Some(std::collections::BTreeMap::new()));
        assert_eq!(described.estimated_number_of_users, Some(12));
        assert_eq!(describe(&created(json!({})), i64::MAX).estimated_number_of_users, Some(i32::MAX));
    }

    #[test]
    fn a_list_shows_five_members() {
        let item = serde_json::to_value(list_item(&created(json!({})))).unwrap();
        assert_eq!(
            item,
            json!({"Id": "us-east-1_SbeSpjvX7", "Name": "MyUserPool", "LambdaConfig": {},
                   "LastModifiedDate": 1_733_691_997.612, "CreationDate": 1_733_691_997.612})
        );
    }

    #[test]
    fn checks_come_before_the_schema() {
        let schema = json!([{"Name": "role"}]);
        let refusal = create(json!({"MfaConfiguration": "ON", "Schema": schema})).unwrap_err();
        assert_eq!(refusal.message, crate::pool_checks::MFA_NEEDS_SMS);
        assert!(create(json!({"Schema": schema})).unwrap_err().message.starts_with("Invalid AttributeDataType"));
    }

    #[test]
    fn what_an_update_leaves_out_goes_back_to_its_default() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let pool = created(json!({"DeletionProtection": "ACTIVE", "MfaConfiguration": "ON", "SmsConfiguration": sms(),
            "LambdaConfig": {"PreSignUp": arn}, "AutoVerifiedAttributes": ["email"], "UserPoolTier": "PLUS",
            "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}, "SmsAuthenticationMessage": "code {####}",
            "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
            "Policies": {"PasswordPolicy": {"MinimumLength": 20}}}));
        let mut expected = created(json!({"SmsConfiguration": sms()}));
        expected.config.last_modified_date = Some(LATER);
        assert_eq!(update(&pool, json!({})).unwrap(), expected);
    }

    #[test]
    fn an_update_keeps_identity_schema_sign_in_text_messages_and_tags() {
        let pool = created(json!({"AliasAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": false},
            "Schema": [{"Name": "role", "AttributeDataType": "String"}], "SmsConfiguration": sms(),
            "UserPoolTags": {"team": "a"}}));
        let updated = update(&pool, json!({"PoolName": "Renamed"})).unwrap();
        let mut expected = pool.clone();
        expected.config.name = Some("Renamed".to_owned());
        expected.config.last_modified_date = Some(LATER);
        assert_eq!(updated, expected);
    }

    #[test]
    fn text_messages_from_nobody_are_none() {
        let refusal = create(json!({"MfaConfiguration": "ON", "SmsConfiguration": {}})).unwrap_err();
        assert_eq!(refusal.message, crate::pool_checks::MFA_NEEDS_SMS);
        assert_eq!(created(json!({"SmsConfiguration": {}})).config.sms_configuration, None);
        let pool = created(json!({"SmsConfiguration": sms()}));
        let updated = update(&pool, json!({"SmsConfiguration": {}})).unwrap();
        assert_eq!(updated.config.sms_configuration, pool.config.sms_configuration);
    }

    #[test]
    fn update_settings_outlive_an_update_that_does_not_mention_them() {
        let pool = created(json!({"AutoVerifiedAttributes": ["email"],
            "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}}));
        let updated = update(&pool, json!({"AutoVerifiedAttributes": ["email"]})).unwrap();
        assert_eq!(updated.config.user_attribute_update_settings, pool.config.user_attribute_update_settings);
    }

    #[test]
    fn an_update_may_require_mfa_where_authenticator_applications_are_on() {
        let mut pool = created(json!({}));
        assert!(update(&pool, json!({"MfaConfiguration": "ON"})).is_err());
        pool.software_token_mfa = Some(cognate_model::SoftwareTokenMfaConfigType { enabled: Some(true) });
        let on = update(&pool, json!({"MfaConfiguration": "ON"})).unwrap();
        assert_eq!(on.software_token_mfa, pool.software_token_mfa);
        assert_eq!(update(&on, json!({})).unwrap().software_token_mfa, None);
    }

    #[test]
    fn a_refused_update_names_the_same_reason_as_a_creation() {
        let refusal = update(&created(json!({})), json!({"AutoVerifiedAttributes": ["phone_number"]})).unwrap_err();
        assert_eq!(
            refusal.message,
            "SMS configuration is required when phone_number is selected for auto verification"
        );
    }

    #[test]
    fn a_protected_pool_or_one_with_a_domain_stays() {
        let mut pool = created(json!({"DeletionProtection": "ACTIVE"}));
        pool.config.domain = Some("example".to_owned());
        assert!(check_delete(&pool).unwrap_err().message.starts_with("The user pool cannot be deleted because"));
        pool.config.deletion_protection = Some(DeletionProtectionType::Inactive);
        assert!(check_delete(&pool).unwrap_err().message.starts_with("User pool cannot be deleted. It has a domain"));
        assert_eq!(check_delete(&created(json!({}))), Ok(()));
    }
}
