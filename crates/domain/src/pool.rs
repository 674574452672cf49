//! A user pool: what is stored of it.

use cognate_model::{
    EmailMfaConfigType, LogConfigurationType, PasswordPolicyType, SoftwareTokenMfaConfigType, UserPoolTierType,
    UserPoolType, UsernameAttributeType, WebAuthnConfigurationType,
};
use serde::{Deserialize, Serialize};

use crate::session_tracking::SessionConfig;

/// A user pool. `config` is what `DescribeUserPool` answers, less the number of users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    /// The configuration as the API shows it; `Id`, `Name`, `Arn` and dates are always set.
    pub config: UserPoolType,
    /// Set by `SetUserPoolMfaConfig` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_token_mfa: Option<SoftwareTokenMfaConfigType>,
    /// Set by `SetUserPoolMfaConfig` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_mfa: Option<EmailMfaConfigType>,
    /// Set by `SetUserPoolMfaConfig` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_authn: Option<WebAuthnConfigurationType>,
    /// Set by `SetUserPoolSessionConfiguration` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionConfig>,
    /// Set by `SetLogDeliveryConfiguration` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log_deliveries: Vec<LogConfigurationType>,
    /// What a declared pool lets pass that the live service would refuse.
    #[serde(default)]
    pub leniencies: Leniencies,
    /// Counts the changes, for compare-and-set.
    #[serde(skip)]
    pub version: i64,
}

/// Deviations from the live service that a declared pool asks for, each off by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Leniencies {
    /// A custom attribute that the pool's schema declares may be named without `custom:`.
    pub bare_custom_attribute_names: bool,
    /// A software-token preference is kept before a token is enrolled; the next sign-in asks for `MFA_SETUP`.
    pub mfa_preference_before_enrolment: bool,
}

impl Pool {
    /// The pool's id.
    pub fn id(&self) -> &str {
        self.config.id.as_deref().unwrap_or_default()
    }

    /// The part of the id behind the underscore, which SRP hashes.
    pub fn short_name(&self) -> &str {
        self.id().rsplit_once('_').map_or("", |(_, name)| name)
    }

    /// Whether user names and aliases differ by case. Absent means they do.
    pub fn is_case_sensitive(&self) -> bool {
        self.config.username_configuration.as_ref().is_none_or(|config| config.case_sensitive)
    }

    /// Whether users sign in with an e-mail address or phone number as their user name.
    pub fn has_username_attribute(&self, attribute: UsernameAttributeType) -> bool {
        self.config.username_attributes.as_ref().is_some_and(|list| list.contains(&attribute))
    }

    /// The tier; pools are ESSENTIALS unless told otherwise.
    pub fn tier(&self) -> UserPoolTierType {
        self.config.user_pool_tier.unwrap_or(UserPoolTierType::Essentials)
    }

    /// The password policy; a pool always has one.
    pub fn password_policy(&self) -> PasswordPolicyType {
        self.config.policies.as_ref().and_then(|policies| policies.password_policy.clone()).unwrap_or_default()
    }
}
