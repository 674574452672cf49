//! The second factors of a pool: `GetUserPoolMfaConfig` and `SetUserPoolMfaConfig`.
//!
//! The messages are recorded from the live service, but for those that name no recording.

use cognate_model::{
    EmailSendingAccountType, GetUserPoolMfaConfigResponse, SetUserPoolMfaConfigRequest, SetUserPoolMfaConfigResponse,
    SmsMfaConfigType, Timestamp, UserPoolMfaType, UserPoolTierType, WebAuthnConfigurationType,
};

use crate::pool_checks::{MFA_NEEDS_SMS, check_sms};
use crate::pool_defaults::{complete_sms, given_sms};
use crate::pool_rules::{account, region};
use crate::{Pool, Refusal, tier};

/// The answer of `GetUserPoolMfaConfig`: a fresh pool shows `MfaConfiguration` alone.
pub fn get(pool: &Pool) -> GetUserPoolMfaConfigResponse {
    let sms = pool.config.sms_configuration.as_ref().map(|configuration| SmsMfaConfigType {
        sms_authentication_message: pool.config.sms_authentication_message.clone(),
        sms_configuration: Some(configuration.clone()),
    });
    GetUserPoolMfaConfigResponse {
        sms_mfa_configuration: sms,
        software_token_mfa_configuration: pool.software_token_mfa.clone(),
        email_mfa_configuration: pool.email_mfa.clone(),
        mfa_configuration: Some(mode(pool)),
        web_authn_configuration: pool.web_authn.clone(),
    }
}

/// `SetUserPoolMfaConfig`: replaces the factors and answers the new configuration. Text messages are turned off only
/// as a factor, since verification may need them; passkeys stay unless mentioned.
pub fn set(
    pool: &mut Pool,
    request: SetUserPoolMfaConfigRequest,
    now: Timestamp,
) -> Result<SetUserPoolMfaConfigResponse, Refusal> {
    let mut request = request;
    if let Some(sms) = &mut request.sms_mfa_configuration {
        sms.sms_configuration = given_sms(sms.sms_configuration.take());
    }
    let mode = request.mfa_configuration.unwrap_or_else(|| mode(pool));
    check(pool, &request, mode)?;
    if let Some(sms) = request.sms_mfa_configuration {
        pool.config.sms_authentication_message = sms.sms_authentication_message;
        if let Some(mut configuration) = sms.sms_configuration {
            complete_sms(&mut configuration, region(pool));
            pool.config.sms_configuration = Some(configuration);
        }
    }
    pool.software_token_mfa = request.software_token_mfa_configuration;
    pool.email_mfa = request.email_mfa_configuration;
    if request.web_authn_configuration.is_some() {
        pool.web_authn = request.web_authn_configuration;
    }
    pool.config.mfa_configuration = Some(mode);
    pool.config.last_modified_date = Some(now);
    let answer = get(pool);
    Ok(SetUserPoolMfaConfigResponse {
        sms_mfa_configuration: answer.sms_mfa_configuration,
        software_token_mfa_configuration: answer.software_token_mfa_configuration,
        email_mfa_configuration: answer.email_mfa_configuration,
        mfa_configuration: answer.mfa_configuration,
        web_authn_configuration: answer.web_authn_configuration,
    })
}

fn mode(pool: &Pool) -> UserPoolMfaType {
    pool.config.mfa_configuration.unwrap_or(UserPoolMfaType::Off)
}

fn check(pool: &Pool, request: &SetUserPoolMfaConfigRequest, mode: UserPoolMfaType) -> Result<(), Refusal> {
    let tokens = request.software_token_mfa_configuration.as_ref();
    let has_factor = request.sms_mfa_configuration.is_some()
        || request.email_mfa_configuration.is_some()
        || tokens.is_some_and(|tokens| tokens.enabled == Some(true));
    if mode == UserPoolMfaType::Off && has_factor {
        return Err(Refusal::invalid(
            "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.",
        ));
    }
    if mode != UserPoolMfaType::Off && !has_factor {
        return Err(Refusal::invalid(
            "Invalid MFA Configuration given. SMS MFA, Email MFA, or Software Token MFA must be enabled.",
        ));
    }
    if request.email_mfa_configuration.is_some() {
        check_email(pool)?;
    }
    if let Some(sms) = &request.sms_mfa_configuration {
        check_sms_factor(pool, sms)?;
    }
    request.web_authn_configuration.as_ref().map_or(Ok(()), check_web_authn)
}

/// Codes by e-mail need a paid tier and a sender of one's own.
fn check_email(pool: &Pool) -> Result<(), Refusal> {
    if pool.tier() == UserPoolTierType::Lite {
        return Err(tier::unavailable(pool.tier(), "Email MFA"));
    }
    let sender = pool.config.email_configuration.as_ref().and_then(|email| email.email_sending_account);
    if sender != Some(EmailSendingAccountType::Developer) {
        return Err(Refusal::invalid(
            "Cannot set EmailMfaConfiguration when user pool EmailConfiguration contains an EmailSendingAccount of \
             COGNITO_DEFAULT.",
        ));
    }
    Ok(())
}

fn check_sms_factor(pool: &Pool, sms: &SmsMfaConfigType) -> Result<(), Refusal> {
    match &sms.sms_configuration {
        Some(configuration) => check_sms(configuration, region(pool), account(pool)),
        None if pool.config.sms_configuration.is_some() => Ok(()),
        None => Err(Refusal::invalid(MFA_NEEDS_SMS)),
    }
}

/// A relying party is a bare domain (the text is not recorded).
fn check_web_authn(web_authn: &WebAuthnConfigurationType) -> Result<(), Refusal> {
    let is_domain = |id: &str| {
        id.split('.').all(|label| !label.is_empty()) && id.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.')
    };
    if web_authn.relying_party_id.as_deref().is_none_or(is_domain) {
        return Ok(());
    }
    Err(Refusal::invalid("RelyingPartyId must be a domain without scheme, port or path."))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(5_000_000);

    fn pool(config: Value) -> Pool {
        let mut pool = Pool { config: serde_json::from_value(config).unwrap(), ..Pool::default() };
        pool.config.id = Some("us-east-1_abc".to_owned());
        pool.config.arn = Some("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc".to_owned());
        pool
    }

    fn set_on(pool: &mut Pool, mut request: Value) -> Result<Value, String> {
        request["UserPoolId"] = json!("us-east-1_abc");
        let answer = set(pool, serde_json::from_value(request).unwrap(), NOW);
        answer.map(|answer| serde_json::to_value(answer).unwrap()).map_err(|refusal| refusal.message.into_owned())
    }

    fn refused(config: Value, request: Value) -> String {
        let mut pool = pool(config);
        let before = pool.clone();
        let message = set_on(&mut pool, request).unwrap_err();
        assert_eq!(pool, before);
        message
    }

    fn role() -> Value {
        json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"})
    }

    #[test]
    fn a_fresh_pool_shows_that_mfa_is_off() {
        let answer = serde_json::to_value(get(&pool(json!({})))).unwrap();
        assert_eq!(answer, json!({"MfaConfiguration": "OFF"}));
    }

    #[test]
    fn setting_echoes_what_getting_shows_later() {
        let mut pool = pool(json!({"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER"}}));
        let answer = set_on(
            &mut pool,
            json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true},
                "SmsMfaConfiguration": {"SmsAuthenticationMessage": "Your OTP: use {####}.",
                    "SmsConfiguration": role()},
                "EmailMfaConfiguration": {"Message": "Your OTP: use {####}", "Subject": "OTP test"},
                "WebAuthnConfiguration": {"RelyingPartyId": "auth.example.com", "UserVerification": "preferred"}}),
        )
        .unwrap();
        assert_eq!(
            answer,
            json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true},
                "SmsMfaConfiguration": {"SmsAuthenticationMessage": "Your OTP: use {####}.", "SmsConfiguration":
                    {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "SnsRegion": "us-east-1"}},
                "EmailMfaConfiguration": {"Message": "Your OTP: use {####}", "Subject": "OTP test"},
                "WebAuthnConfiguration": {"RelyingPartyId": "auth.example.com", "UserVerification": "preferred"}})
        );
        assert_eq!(serde_json::to_value(get(&pool)).unwrap(), answer);
        assert_eq!(pool.config.last_modified_date, Some(NOW));
    }

    #[test]
    fn turning_mfa_off_forgets_the_factors() {
        let mut pool = pool(json!({}));
        set_on(&mut pool, json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}}))
            .unwrap();
        let off = set_on(&mut pool, json!({"MfaConfiguration": "OFF"})).unwrap();
        assert_eq!(off, json!({"MfaConfiguration": "OFF"}));
    }

    #[test]
    fn off_and_a_factor_contradict_each_other() {
        let request = json!({"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
        assert_eq!(
            refused(json!({}), request),
            "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
        );
        let disabled = json!({"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": {"Enabled": false}});
        assert!(set_on(&mut pool(json!({})), disabled).is_ok());
    }

    #[test]
    fn on_needs_a_factor_and_a_passkey_is_none() {
        let message = "Invalid MFA Configuration given. SMS MFA, Email MFA, or Software Token MFA must be enabled.";
        let passkey = json!({"RelyingPartyId": "example.com"});
        assert_eq!(refused(json!({}), json!({"MfaConfiguration": "ON", "WebAuthnConfiguration": passkey})), message);
        let disabled = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": false}});
        assert_eq!(refused(json!({}), disabled), message);
    }

    #[test]
    fn codes_by_email_need_a_paid_tier_and_an_own_sender() {
        let request = json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {"Subject": "Code"}});
        assert_eq!(
            refused(json!({"EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"}}), request.clone()),
            "Cannot set EmailMfaConfiguration when user pool EmailConfiguration contains an EmailSendingAccount of \
             COGNITO_DEFAULT."
        );
        assert_eq!(
            refused(json!({"UserPoolTier": "LITE"}), request),
            "The following feature is not available for the LITE pricing tier configured: Email MFA"
        );
    }

    #[test]
    fn codes_by_text_message_need_a_role() {
        let request = json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": {"SmsAuthenticationMessage": "{####}!"}});
        assert_eq!(refused(json!({}), request.clone()), MFA_NEEDS_SMS);
        let from_nobody = json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": {"SmsConfiguration": {}}});
        assert_eq!(refused(json!({}), from_nobody), MFA_NEEDS_SMS);
        assert!(set_on(&mut pool(json!({"SmsConfiguration": role()})), request).is_ok());
    }

    #[test]
    fn a_relying_party_is_a_bare_domain() {
        for id in ["https://example.com", "example.com:443", "example.com/login", "example..com"] {
            let request = json!({"WebAuthnConfiguration": {"RelyingPartyId": id}});
            assert!(refused(json!({}), request).starts_with("RelyingPartyId"), "{id}");
        }
    }
}
