//! What a pool's feature plan does not include ("User pool feature plans", Amazon Cognito Developer Guide).

use cognate_model::{AdvancedSecurityModeType, AuthFactorType, Exception, UserPoolTierType, UserPoolType};

use crate::Refusal;

/// Refuses a pool that uses features of a higher tier, naming them all (form and names recorded from the live
/// service, but for `Password History`).
pub(crate) fn check_features(pool: &UserPoolType) -> Result<(), Refusal> {
    let tier = pool.user_pool_tier.unwrap_or(UserPoolTierType::Essentials);
    let mut features = Vec::new();
    if tier == UserPoolTierType::Lite {
        features.extend(paid_features(pool));
    }
    if tier != UserPoolTierType::Plus && has_threat_protection(pool) {
        features.push("Threat Protection".to_owned());
    }
    if features.is_empty() {
        return Ok(());
    }
    let message = format!(
        "The following features need to be disabled for the {tier} pricing tier configured: {}",
        features.join(", ")
    );
    Err(Refusal::new(Exception::FeatureUnavailableInTier, message))
}

/// Refuses a feature beside the pool's own configuration (form recorded from the live service).
pub(crate) fn unavailable(tier: UserPoolTierType, feature: &str) -> Refusal {
    let message = format!("The following feature is not available for the {tier} pricing tier configured: {feature}");
    Refusal::new(Exception::FeatureUnavailableInTier, message)
}

fn paid_features(pool: &UserPoolType) -> Vec<String> {
    let mut features = Vec::new();
    let pre_token = pool.lambda_config.as_ref().and_then(|config| config.pre_token_generation_config.as_ref());
    if let Some(version) = pre_token.map(|config| config.lambda_version.as_str()).filter(|version| *version != "V1_0") {
        features.push(format!("Token Customization with Pre-Token Generation Lambda {version}"));
    }
    if first_factors(pool).iter().any(|factor| *factor != AuthFactorType::Password) {
        features.push("Passwordless Sign-In".to_owned());
    }
    let history = pool
        .policies
        .as_ref()
        .and_then(|policies| policies.password_policy.as_ref())
        .and_then(|policy| policy.password_history_size);
    if history.is_some_and(|size| size > 0) {
        features.push("Password History".to_owned());
    }
    features
}

/// The first factors that the sign-in policy lists.
pub(crate) fn first_factors(pool: &UserPoolType) -> &[AuthFactorType] {
    pool.policies
        .as_ref()
        .and_then(|policies| policies.sign_in_policy.as_ref())
        .and_then(|policy| policy.allowed_first_auth_factors.as_deref())
        .unwrap_or_default()
}

fn has_threat_protection(pool: &UserPoolType) -> bool {
    pool.user_pool_add_ons
        .as_ref()
        .is_some_and(|add_ons| add_ons.advanced_security_mode != AdvancedSecurityModeType::Off)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(json: Value) -> Result<(), Refusal> {
        check_features(&serde_json::from_value(json).unwrap())
    }

    #[test]
    fn threat_protection_needs_plus() {
        let pool = |tier: &str| json!({"UserPoolTier": tier, "UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}});
        assert_eq!(
            check(pool("ESSENTIALS")).unwrap_err().to_string(),
            "FeatureUnavailableInTierException: The following features need to be disabled for the ESSENTIALS \
             pricing tier configured: Threat Protection"
        );
        assert_eq!(check(pool("PLUS")), Ok(()));
        assert_eq!(check(json!({"UserPoolTier": "LITE", "UserPoolAddOns": {"AdvancedSecurityMode": "OFF"}})), Ok(()));
    }

    #[test]
    fn lite_has_no_paid_features() {
        let pool = |tier: &str| {
            json!({"UserPoolTier": tier,
                "Policies": {"PasswordPolicy": {"PasswordHistorySize": 3},
                             "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}},
                "LambdaConfig": {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "arn"}}})
        };
        assert_eq!(
            check(pool("LITE")).unwrap_err().message,
            "The following features need to be disabled for the LITE pricing tier configured: Token Customization \
             with Pre-Token Generation Lambda V2_0, Passwordless Sign-In, Password History"
        );
        assert_eq!(check(pool("ESSENTIALS")), Ok(()));
    }

    #[test]
    fn lite_allows_passwords_and_the_first_pre_token_version() {
        let pool = json!({"UserPoolTier": "LITE",
            "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}},
            "LambdaConfig": {"PreTokenGenerationConfig": {"LambdaVersion": "V1_0", "LambdaArn": "arn"}}});
        assert_eq!(check(pool), Ok(()));
    }
}
