//! What the live service fills in when it stores a pool's configuration (`CreateUserPool`, Amazon Cognito API
//! Reference; the members of an untouched pool are recorded from the live service).

use cognate_model::{
    AuthFactorType, DefaultEmailOptionType, DeletionProtectionType, EmailSendingAccountType, LambdaConfigType,
    PasswordPolicyType, PreTokenGenerationLambdaVersionType, PreTokenGenerationVersionConfigType, SmsConfigurationType,
    StatusType, UserPoolMfaType, UserPoolPolicyType, UserPoolTierType, UserPoolType,
};

use crate::lists::unique;

/// How long a temporary password works unless told otherwise.
const TEMPORARY_PASSWORD_DAYS: i32 = 7;

/// The shortest password unless told otherwise.
const MINIMUM_LENGTH: i32 = 8;

/// Completes a pool that passed the checks.
pub(crate) fn complete(pool: &mut UserPoolType, region: &str) {
    complete_policies(pool);
    complete_messages(pool);
    complete_lambda(pool.lambda_config.get_or_insert_default());
    complete_switches(pool);
    if let Some(sms) = &mut pool.sms_configuration {
        complete_sms(sms, region);
    }
    pool.auto_verified_attributes = unique(pool.auto_verified_attributes.take());
    pool.alias_attributes = unique(pool.alias_attributes.take());
    pool.username_attributes = unique(pool.username_attributes.take());
    pool.user_pool_tags = pool.user_pool_tags.take().filter(|tags| !tags.is_empty());
}

/// Text messages leave from the pool's Region, Seoul's from Tokyo (`SmsConfigurationType`, API Reference).
pub(crate) fn sms_region(pool_region: &str) -> &str {
    if pool_region == "ap-northeast-2" { "ap-northeast-1" } else { pool_region }
}

/// A configuration that names nobody to send as counts as not given, like an empty list: pools that ask for text
/// messages would have no way to send one.
pub(crate) fn given_sms(sms: Option<SmsConfigurationType>) -> Option<SmsConfigurationType> {
    let has_role = |sms: &SmsConfigurationType| sms.sns_caller_arn.as_ref().is_some_and(|arn| !arn.is_empty());
    sms.filter(|sms| has_role(sms) || sms.eums_sms.is_some())
}

/// Shows the Region that was left out.
pub(crate) fn complete_sms(sms: &mut SmsConfigurationType, region: &str) {
    if sms.sns_caller_arn.is_some() {
        sms.sns_region.get_or_insert_with(|| sms_region(region).to_owned());
    }
}

/// The two members for temporary passwords show the same days, whichever was given.
fn complete_policies(pool: &mut UserPoolType) {
    let admin = pool.admin_create_user_config.get_or_insert_default();
    let policies = pool.policies.get_or_insert_default();
    let given = policies.password_policy.as_ref().and_then(|policy| policy.temporary_password_validity_days);
    let days = given
        .filter(|days| *days > 0)
        .or(admin.unused_account_validity_days.filter(|days| *days > 0))
        .unwrap_or(TEMPORARY_PASSWORD_DAYS);
    admin.allow_admin_create_user_only.get_or_insert(false);
    admin.unused_account_validity_days = Some(days);
    complete_password_policy(policies, days);
    let sign_in = policies.sign_in_policy.get_or_insert_default();
    sign_in.allowed_first_auth_factors =
        unique(sign_in.allowed_first_auth_factors.take()).or_else(|| Some(vec![AuthFactorType::Password]));
}

/// No policy means every requirement; a policy means those that it names.
fn complete_password_policy(policies: &mut UserPoolPolicyType, days: i32) {
    let is_default = policies.password_policy.is_none();
    let given = policies.password_policy.take().unwrap_or_default();
    policies.password_policy = Some(PasswordPolicyType {
        minimum_length: given.minimum_length.or(Some(MINIMUM_LENGTH)),
        require_uppercase: given.require_uppercase.or(Some(is_default)),
        require_lowercase: given.require_lowercase.or(Some(is_default)),
        require_numbers: given.require_numbers.or(Some(is_default)),
        require_symbols: given.require_symbols.or(Some(is_default)),
        password_history_size: given.password_history_size,
        temporary_password_validity_days: Some(days),
    });
}

/// The three legacy members and the template's show the same texts; where both are given the template wins.
fn complete_messages(pool: &mut UserPoolType) {
    let template = pool.verification_message_template.get_or_insert_default();
    template.default_email_option.get_or_insert(DefaultEmailOptionType::ConfirmWithCode);
    mirror(&mut template.sms_message, &mut pool.sms_verification_message);
    mirror(&mut template.email_message, &mut pool.email_verification_message);
    mirror(&mut template.email_subject, &mut pool.email_verification_subject);
}

fn mirror(template: &mut Option<String>, legacy: &mut Option<String>) {
    *template = template.take().or_else(|| legacy.take());
    legacy.clone_from(template);
}

/// The plain and the versioned pre-token trigger name the same function.
fn complete_lambda(config: &mut LambdaConfigType) {
    match (&config.pre_token_generation, &config.pre_token_generation_config) {
        (Some(arn), None) => {
            config.pre_token_generation_config = Some(PreTokenGenerationVersionConfigType {
                lambda_version: PreTokenGenerationLambdaVersionType::V10,
                lambda_arn: arn.clone(),
            });
        }
        (None, Some(versioned)) => config.pre_token_generation = Some(versioned.lambda_arn.clone()),
        _ => {}
    }
}

fn complete_switches(pool: &mut UserPoolType) {
    pool.deletion_protection.get_or_insert(DeletionProtectionType::Inactive);
    pool.mfa_configuration.get_or_insert(UserPoolMfaType::Off);
    pool.user_pool_tier.get_or_insert(UserPoolTierType::Essentials);
    let updates = pool.user_attribute_update_settings.get_or_insert_default();
    updates.attributes_require_verification_before_update =
        unique(updates.attributes_require_verification_before_update.take()).or_else(|| Some(vec![]));
    let email = pool.email_configuration.get_or_insert_default();
    email.email_sending_account.get_or_insert(EmailSendingAccountType::CognitoDefault);
    if let Some(devices) = &mut pool.device_configuration {
        devices.challenge_required_on_new_device.get_or_insert(false);
        devices.device_only_remembered_on_user_prompt.get_or_insert(false);
    }
    // `DcrConfigurationType`, API Reference: a configuration without a status is on.
    if let Some(registration) = &mut pool.dcr_configuration {
        registration.enable_status.get_or_insert(StatusType::Enabled);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn completed(json: Value) -> Value {
        let mut pool = serde_json::from_value(json).unwrap();
        complete(&mut pool, "eu-central-1");
        serde_json::to_value(pool).unwrap()
    }

    #[test]
    fn a_partial_password_policy_requires_only_what_it_names() {
        let pool = completed(json!({"Policies": {"PasswordPolicy": {"RequireNumbers": true}}}));
        assert_eq!(
            pool["Policies"]["PasswordPolicy"],
            json!({"MinimumLength": 8, "RequireUppercase": false, "RequireLowercase": false, "RequireNumbers": true,
                   "RequireSymbols": false, "TemporaryPasswordValidityDays": 7})
        );
    }

    #[test]
    fn the_days_of_temporary_passwords_show_in_both_places() {
        let from_policy = completed(json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 3}}}));
        assert_eq!(from_policy["AdminCreateUserConfig"]["UnusedAccountValidityDays"], 3);
        let from_config = completed(json!({"AdminCreateUserConfig": {"UnusedAccountValidityDays": 30}}));
        assert_eq!(from_config["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"], 30);
        let zero = completed(json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 0}}}));
        assert_eq!(zero["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"], 7);
    }

    #[test]
    fn legacy_messages_and_the_template_mirror_each_other() {
        let pool = completed(json!({"SmsVerificationMessage": "code {####}", "EmailVerificationSubject": "old",
            "VerificationMessageTemplate": {"EmailSubject": "new", "EmailMessage": "your {####}"}}));
        assert_eq!(pool["VerificationMessageTemplate"]["SmsMessage"], "code {####}");
        assert_eq!(pool["EmailVerificationMessage"], "your {####}");
        assert_eq!(pool["EmailVerificationSubject"], "new");
    }

    #[test]
    fn the_pre_token_trigger_shows_in_both_places() {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:f";
        let plain = completed(json!({"LambdaConfig": {"PreTokenGeneration": arn}}));
        assert_eq!(
            plain["LambdaConfig"]["PreTokenGenerationConfig"],
            json!({"LambdaVersion": "V1_0", "LambdaArn": arn})
        );
        let versioned = json!({"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": arn}});
        assert_eq!(completed(json!({"LambdaConfig": versioned}))["LambdaConfig"]["PreTokenGeneration"], arn);
    }

    #[test]
    fn text_messages_leave_from_the_pools_region() {
        let pool = completed(json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}}));
        assert_eq!(pool["SmsConfiguration"]["SnsRegion"], "eu-central-1");
        assert_eq!(sms_region("ap-northeast-2"), "ap-northeast-1");
    }

    #[test]
    fn text_messages_without_a_sender_are_not_given() {
        let given = |json| given_sms(serde_json::from_value(json).unwrap()).is_some();
        for nobody in [json!({}), json!({"SnsCallerArn": ""}), json!({"ExternalId": "a", "SnsRegion": "eu-central-1"})]
        {
            assert!(!given(nobody.clone()), "{nobody}");
        }
        assert!(given(json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"})));
        assert!(given(json!({"EumsSms": {"CallerArn": "arn:aws:iam::123456789012:role/sms"}})));
    }

    #[test]
    fn an_email_configuration_names_its_sender() {
        let pool = completed(json!({"EmailConfiguration": {"ReplyToEmailAddress": "a@example.com"}}));
        assert_eq!(
            pool["EmailConfiguration"],
            json!({"ReplyToEmailAddress": "a@example.com", "EmailSendingAccount": "COGNITO_DEFAULT"})
        );
    }

    #[test]
    fn device_switches_are_shown_off() {
        assert_eq!(
            completed(json!({"DeviceConfiguration": {}}))["DeviceConfiguration"],
            json!({"ChallengeRequiredOnNewDevice": false, "DeviceOnlyRememberedOnUserPrompt": false})
        );
        assert!(completed(json!({})).get("DeviceConfiguration").is_none());
    }
}
