//! What the live service refuses in a pool's configuration, in its order.
//!
//! The messages are recorded from the live service, but for those that name no recording.

use cognate_model::{
    AccountRecoverySettingType, AuthFactorType, Exception, RecoveryOptionNameType, SmsConfigurationType,
    UserPoolMfaType, UserPoolType, VerifiedAttributeType,
};

use crate::Refusal;
use crate::pool_defaults::sms_region;
use crate::pool_senders::{check_email, check_lambda};
use crate::tier;

pub(crate) const MFA_NEEDS_SMS: &str =
    "SMS configuration and Auto verification for phone_number are required when MFA is required/optional";

/// How many tags a pool can have ("Quotas in Amazon Cognito").
const MAX_TAGS: usize = 50;

/// Where the pool stands, as far as its configuration depends on it.
pub(crate) struct Ground<'a> {
    /// The pool's Region.
    pub region: &'a str,
    /// The account that owns the pool.
    pub account: &'a str,
    /// The second factors that `SetUserPoolMfaConfig` turned on.
    pub other_factors: OtherFactors,
}

/// Whether a pool has second factors beside text messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherFactors {
    /// Text messages are the only second factor that the pool can have.
    None,
    /// An authenticator application or e-mail will do.
    Some,
}

/// Checks a configuration as the caller sent it, before anything is filled in.
pub(crate) fn check(pool: &UserPoolType, ground: &Ground<'_>) -> Result<(), Refusal> {
    check_sign_in_attributes(pool)?;
    check_validity_days(pool)?;
    check_verification(pool)?;
    check_mfa(pool, ground.other_factors)?;
    check_attribute_updates(pool)?;
    check_first_factors(pool)?;
    check_recovery(pool.account_recovery_setting.as_ref())?;
    check_email(pool.email_configuration.as_ref(), ground.region)?;
    if let Some(sms) = &pool.sms_configuration {
        check_sms(sms, ground.region, ground.account)?;
    }
    if let Some(lambda) = &pool.lambda_config {
        check_lambda(lambda, ground.region)?;
    }
    tier::check_features(pool)?;
    check_tags(pool)
}

fn check_sign_in_attributes(pool: &UserPoolType) -> Result<(), Refusal> {
    let has_aliases = pool.alias_attributes.as_ref().is_some_and(|list| !list.is_empty());
    let has_username_attributes = pool.username_attributes.as_ref().is_some_and(|list| !list.is_empty());
    if has_aliases && has_username_attributes {
        return Err(Refusal::invalid(
            "Only one of the aliasAttributes or usernameAttributes can be set in a User pool.",
        ));
    }
    Ok(())
}

fn check_validity_days(pool: &UserPoolType) -> Result<(), Refusal> {
    let unused = pool.admin_create_user_config.as_ref().and_then(|config| config.unused_account_validity_days);
    let temporary = pool
        .policies
        .as_ref()
        .and_then(|policies| policies.password_policy.as_ref())
        .and_then(|policy| policy.temporary_password_validity_days);
    if unused.is_some() && temporary.is_some() {
        return Err(Refusal::invalid(
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
        ));
    }
    Ok(())
}

fn auto_verified(pool: &UserPoolType) -> &[VerifiedAttributeType] {
    pool.auto_verified_attributes.as_deref().unwrap_or_default()
}

fn check_verification(pool: &UserPoolType) -> Result<(), Refusal> {
    if auto_verified(pool).contains(&VerifiedAttributeType::PhoneNumber) && pool.sms_configuration.is_none() {
        return Err(Refusal::invalid(
            "SMS configuration is required when phone_number is selected for auto verification",
        ));
    }
    Ok(())
}

fn check_mfa(pool: &UserPoolType, others: OtherFactors) -> Result<(), Refusal> {
    let is_off = pool.mfa_configuration.is_none_or(|mfa| mfa == UserPoolMfaType::Off);
    if !is_off && pool.sms_configuration.is_none() && others == OtherFactors::None {
        return Err(Refusal::invalid(MFA_NEEDS_SMS));
    }
    Ok(())
}

fn check_attribute_updates(pool: &UserPoolType) -> Result<(), Refusal> {
    let settings = pool.user_attribute_update_settings.as_ref();
    let mut listed =
        settings.iter().flat_map(|settings| settings.attributes_require_verification_before_update.iter().flatten());
    if listed.any(|attribute| !auto_verified(pool).contains(attribute)) {
        return Err(Refusal::invalid(
            "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes",
        ));
    }
    Ok(())
}

fn check_first_factors(pool: &UserPoolType) -> Result<(), Refusal> {
    let factors = tier::first_factors(pool);
    if !factors.is_empty() && !factors.contains(&AuthFactorType::Password) {
        return Err(Refusal::invalid("Password should be configured as one of the allowed first auth factors."));
    }
    Ok(())
}

fn check_recovery(setting: Option<&AccountRecoverySettingType>) -> Result<(), Refusal> {
    let Some(mechanisms) = setting.and_then(|setting| setting.recovery_mechanisms.as_deref()) else {
        return Ok(());
    };
    if mechanisms.len() > 1 && mechanisms.iter().any(|mechanism| mechanism.name == RecoveryOptionNameType::AdminOnly) {
        return Err(Refusal::invalid(
            "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.",
        ));
    }
    let mut seen = Vec::new();
    for mechanism in mechanisms {
        if seen.iter().any(|(priority, name)| *priority == mechanism.priority || *name == mechanism.name) {
            return Err(Refusal::invalid(
                "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.",
            ));
        }
        seen.push((mechanism.priority, mechanism.name));
    }
    Ok(())
}

/// Text messages leave from one Region and with a role of the pool's own account. What the role allows is the
/// owner's matter.
pub(crate) fn check_sms(sms: &SmsConfigurationType, region: &str, account: &str) -> Result<(), Refusal> {
    let allowed = sms_region(region);
    if sms.sns_region.as_deref().is_some_and(|given| given != allowed) {
        return Err(Refusal::invalid(format!("Invalid snsRegion. Allowed SNS region for {region} is {allowed}")));
    }
    let owner = sms.sns_caller_arn.as_deref().and_then(|arn| arn.split(':').nth(4));
    if owner.is_some_and(|owner| owner != account) {
        return Err(Refusal::invalid("Cross-account pass role is not allowed."));
    }
    Ok(())
}

fn check_tags(pool: &UserPoolType) -> Result<(), Refusal> {
    if pool.user_pool_tags.as_ref().is_some_and(|tags| tags.len() > MAX_TAGS) {
        // The limit is documented, its text is not.
        let message = format!("A user pool cannot have more than {MAX_TAGS} tags.");
        return Err(Refusal::new(Exception::UserPoolTagging, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check_with(pool: Value, other_factors: OtherFactors) -> Result<(), String> {
        let ground = Ground { region: "eu-west-1", account: "123456789012", other_factors };
        let pool = serde_json::from_value(pool).unwrap();
        super::check(&pool, &ground).map_err(|refusal| refusal.message.into_owned())
    }

    fn refused(pool: Value) -> String {
        check_with(pool, OtherFactors::None).unwrap_err()
    }

    fn accepted(pool: Value) {
        assert_eq!(check_with(pool, OtherFactors::None), Ok(()));
    }

    fn role(account: &str) -> String {
        format!("arn:aws:iam::{account}:role/service-role/sms")
    }

    #[test]
    fn aliases_and_username_attributes_exclude_each_other() {
        assert_eq!(
            refused(json!({"AliasAttributes": ["email"], "UsernameAttributes": ["phone_number"]})),
            "Only one of the aliasAttributes or usernameAttributes can be set in a User pool."
        );
    }

    #[test]
    fn the_days_of_temporary_passwords_are_given_once() {
        assert_eq!(
            refused(json!({"AdminCreateUserConfig": {"UnusedAccountValidityDays": 7},
                "Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 7}}})),
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"
        );
    }

    #[test]
    fn phone_verification_and_mfa_need_text_messages() {
        assert_eq!(
            refused(json!({"AutoVerifiedAttributes": ["phone_number"]})),
            "SMS configuration is required when phone_number is selected for auto verification"
        );
        assert_eq!(refused(json!({"MfaConfiguration": "OPTIONAL"})), MFA_NEEDS_SMS);
        accepted(json!({"MfaConfiguration": "ON", "AutoVerifiedAttributes": ["phone_number"],
            "SmsConfiguration": {"SnsCallerArn": role("123456789012"), "SnsRegion": "eu-west-1"}}));
    }

    #[test]
    fn mfa_without_text_messages_is_fine_where_another_factor_is_on() {
        assert_eq!(check_with(json!({"MfaConfiguration": "ON"}), OtherFactors::Some), Ok(()));
    }

    #[test]
    fn only_verified_attributes_wait_for_verification() {
        assert_eq!(
            refused(json!({"AutoVerifiedAttributes": ["email"],
                "SmsConfiguration": {"SnsCallerArn": role("123456789012")},
                "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["phone_number"]}})),
            "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes"
        );
    }

    #[test]
    fn a_password_is_always_a_first_factor() {
        assert_eq!(
            refused(json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["EMAIL_OTP"]}}})),
            "Password should be configured as one of the allowed first auth factors."
        );
    }

    #[test]
    fn recovery_mechanisms_are_distinct_and_admin_only_stands_alone() {
        let setting = |first: (i32, &str), second: (i32, &str)| {
            json!({"AccountRecoverySetting": {"RecoveryMechanisms": [
                {"Priority": first.0, "Name": first.1}, {"Priority": second.0, "Name": second.1}]}})
        };
        assert_eq!(
            refused(setting((1, "admin_only"), (2, "verified_email"))),
            "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms."
        );
        let duplicate = "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.";
        assert_eq!(refused(setting((1, "verified_email"), (1, "verified_phone_number"))), duplicate);
        assert_eq!(refused(setting((1, "verified_email"), (2, "verified_email"))), duplicate);
        accepted(setting((2, "verified_email"), (1, "verified_phone_number")));
    }

    #[test]
    fn text_messages_use_the_pools_region_and_account() {
        let arn = role("123456789012");
        assert_eq!(
            refused(json!({"SmsConfiguration": {"SnsCallerArn": arn, "SnsRegion": "us-east-1"}})),
            "Invalid snsRegion. Allowed SNS region for eu-west-1 is eu-west-1"
        );
        assert_eq!(
            refused(json!({"SmsConfiguration": {"SnsCallerArn": role("210987654321")}})),
            "Cross-account pass role is not allowed."
        );
    }
}
