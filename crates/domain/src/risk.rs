//! How likely an attempt to sign in is somebody else's, and what follows from it.
//!
//! [`engine`] compares an attempt with what is known of its user, and gives a level. [`configuration`] says what a pool
//! or an app client does at that level. `docs/risk.md` explains both. All of it is a plain function of its inputs: the
//! same attempt on the same history gets the same level, every time.

pub mod address;
pub mod compromised;
pub mod configuration;
pub mod device_name;
pub mod engine;
pub mod learning;
pub mod places;

use cognate_model::{AdvancedSecurityEnabledModeType, AdvancedSecurityModeType, Exception};

use crate::sign_in::Flow;
use crate::{Pool, Refusal};

/// What threat protection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Risks are recorded, and nothing follows from them.
    Audit,
    /// Risks have the consequences that are configured.
    Enforced,
}

/// The mode of a pool for what its users do with passwords; none where threat protection is off.
pub fn mode(pool: &Pool) -> Option<Mode> {
    match pool.config.user_pool_add_ons.as_ref()?.advanced_security_mode {
        AdvancedSecurityModeType::Off => None,
        AdvancedSecurityModeType::Audit => Some(Mode::Audit),
        AdvancedSecurityModeType::Enforced => Some(Mode::Enforced),
    }
}

/// The mode for a sign-in: custom authentication has a switch of its own.
pub fn mode_of(pool: &Pool, flow: Flow) -> Option<Mode> {
    let of_pool = mode(pool)?;
    if flow != Flow::Custom {
        return Some(of_pool);
    }
    let flows = pool.config.user_pool_add_ons.as_ref()?.advanced_security_additional_flows.as_ref()?;
    match flows.custom_auth_mode? {
        AdvancedSecurityEnabledModeType::Audit => Some(Mode::Audit),
        AdvancedSecurityEnabledModeType::Enforced => Some(Mode::Enforced),
    }
}

/// What is said of an attempt that is blocked.
pub fn blocked() -> Refusal {
    Refusal::new(Exception::NotAuthorized, "Request not allowed due to security reasons.")
}

#[cfg(test)]
mod tests {
    use cognate_model::{AdvancedSecurityAdditionalFlowsType, UserPoolAddOnsType};

    use super::*;
    use crate::fixtures::plain_pool;

    fn watched(mode: AdvancedSecurityModeType, custom: Option<AdvancedSecurityEnabledModeType>) -> Pool {
        let mut pool = plain_pool();
        pool.config.user_pool_add_ons = Some(UserPoolAddOnsType {
            advanced_security_mode: mode,
            advanced_security_additional_flows: custom
                .map(|custom| AdvancedSecurityAdditionalFlowsType { custom_auth_mode: Some(custom) }),
        });
        pool
    }

    #[test]
    fn a_pool_watches_what_it_says() {
        assert_eq!(mode(&plain_pool()), None);
        assert_eq!(mode(&watched(AdvancedSecurityModeType::Off, None)), None);
        let pool = watched(AdvancedSecurityModeType::Enforced, None);
        assert_eq!(mode_of(&pool, Flow::Password), Some(Mode::Enforced));
        assert_eq!(mode_of(&pool, Flow::Choice), Some(Mode::Enforced));
    }

    #[test]
    fn custom_authentication_is_watched_only_on_request() {
        let audit = Some(AdvancedSecurityEnabledModeType::Audit);
        assert_eq!(mode_of(&watched(AdvancedSecurityModeType::Enforced, None), Flow::Custom), None);
        assert_eq!(mode_of(&watched(AdvancedSecurityModeType::Enforced, audit), Flow::Custom), Some(Mode::Audit));
        assert_eq!(mode_of(&watched(AdvancedSecurityModeType::Off, audit), Flow::Custom), None);
    }
}
