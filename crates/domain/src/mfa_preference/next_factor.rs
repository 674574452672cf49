//! What a sign-in asks for after the first factor.
//!
//! Follows the decision tree of "Adding MFA to a user pool" in the developer guide.

use cognate_model::{ChallengeNameType, Exception, RecoveryOptionNameType, UserPoolMfaType};

use super::{FACTORS, has_means};
use crate::{Pool, Refusal, User};

/// The next step of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Factor {
    /// Nothing more.
    None,
    /// A code of this factor.
    Challenge(ChallengeNameType),
    /// The user chooses one of these: `SELECT_MFA_TYPE`.
    Select(Vec<ChallengeNameType>),
    /// The user sets up one of these: `MFA_SETUP`.
    Setup(Vec<ChallengeNameType>),
}

/// What the user must show after the first factor; refused where the pool requires a second one and offers none.
pub fn next_factor(pool: &Pool, user: &User) -> Result<Factor, Refusal> {
    let required = pool.config.mfa_configuration.unwrap_or_default();
    if required == UserPoolMfaType::Off {
        // A lenient pool kept a preference that nothing backs yet; to ignore it would let the user in without it.
        let kept = pool.leniencies.mfa_preference_before_enrolment && awaits_enrolment(pool, user);
        return Ok(if kept { Factor::Setup(vec![ChallengeNameType::SoftwareTokenMfa]) } else { Factor::None });
    }
    let active: Vec<ChallengeNameType> =
        FACTORS.into_iter().filter(|factor| is_on(user, *factor) && has_means(user, *factor)).collect();
    let preferred = user.hidden.mfa.preferred.as_deref();
    if let Some(factor) = active.iter().find(|factor| Some(factor.as_str()) == preferred) {
        return Ok(Factor::Challenge(*factor));
    }
    if !active.is_empty() {
        return Ok(one_or_choice(active));
    }
    if awaits_enrolment(pool, user) {
        return Ok(Factor::Setup(vec![ChallengeNameType::SoftwareTokenMfa]));
    }
    if required == UserPoolMfaType::Optional {
        // A factor is on, but its address is gone: the user is not let in on the password alone.
        return if user.hidden.mfa.is_on() { Err(no_method()) } else { Ok(Factor::None) };
    }
    let available: Vec<ChallengeNameType> =
        FACTORS.into_iter().filter(|factor| is_available(pool, user, *factor)).collect();
    if !available.is_empty() {
        return Ok(one_or_choice(available));
    }
    let offered: Vec<ChallengeNameType> =
        FACTORS.into_iter().filter(|factor| offers(pool, *factor) && !recovers_accounts(pool, *factor)).collect();
    if offered.is_empty() {
        return Err(no_method());
    }
    Ok(Factor::Setup(offered))
}

/// A second factor that the user could show although none is due, for adaptive authentication: one that is on, or one
/// that the pool offers and the user has the means for. A user without any is asked for none.
pub fn possible_factor(pool: &Pool, user: &User) -> Factor {
    if pool.config.mfa_configuration.unwrap_or_default() == UserPoolMfaType::Off {
        return Factor::None;
    }
    let available: Vec<ChallengeNameType> =
        FACTORS.into_iter().filter(|factor| is_available(pool, user, *factor)).collect();
    if available.is_empty() { Factor::None } else { one_or_choice(available) }
}

/// The exception is documented for this case, its text is not recorded.
fn no_method() -> Refusal {
    Refusal::new(Exception::MFAMethodNotFound, "No MFA mechanism registered in the account.")
}

fn one_or_choice(factors: Vec<ChallengeNameType>) -> Factor {
    match factors.as_slice() {
        [only] => Factor::Challenge(*only),
        _ => Factor::Select(factors),
    }
}

fn is_on(user: &User, factor: ChallengeNameType) -> bool {
    let mfa = &user.hidden.mfa;
    match factor {
        ChallengeNameType::SmsMfa => mfa.sms || !mfa.options.is_empty(),
        ChallengeNameType::SoftwareTokenMfa => mfa.software_token,
        ChallengeNameType::EmailOtp => mfa.email,
        _ => false,
    }
}

/// A token was preferred before it was enrolled, which a lenient pool allows. It asks for enrolment only where no
/// other factor is on: else a stolen password would be enough to enrol a token of the thief's.
fn awaits_enrolment(pool: &Pool, user: &User) -> bool {
    let mfa = &user.hidden.mfa;
    let is_offered =
        pool.leniencies.mfa_preference_before_enrolment || offers(pool, ChallengeNameType::SoftwareTokenMfa);
    mfa.software_token && mfa.totp_secret.is_none() && is_offered
}

/// Whether a user who chose nothing can be asked for this factor where the pool requires one. An enrolled token can;
/// an address can unless accounts are recovered by it, and then still if the user has the other address too.
fn is_available(pool: &Pool, user: &User, factor: ChallengeNameType) -> bool {
    let has_both = user.attribute("email").is_some() && user.attribute("phone_number").is_some();
    offers(pool, factor) && has_means(user, factor) && (has_both || !recovers_accounts(pool, factor))
}

/// Whether the pool offers the factor.
fn offers(pool: &Pool, factor: ChallengeNameType) -> bool {
    match factor {
        ChallengeNameType::SmsMfa => pool.config.sms_configuration.is_some(),
        ChallengeNameType::SoftwareTokenMfa => {
            pool.software_token_mfa.as_ref().is_some_and(|config| config.enabled.unwrap_or(false))
        }
        ChallengeNameType::EmailOtp => pool.email_mfa.is_some(),
        _ => false,
    }
}

/// Whether the factor's address is the first by which accounts are recovered. Pools without a setting keep none back.
fn recovers_accounts(pool: &Pool, factor: ChallengeNameType) -> bool {
    let setting = pool.config.account_recovery_setting.as_ref();
    let first = setting
        .and_then(|setting| setting.recovery_mechanisms.as_ref())
        .and_then(|mechanisms| mechanisms.iter().min_by_key(|mechanism| mechanism.priority));
    first.is_some_and(|first| {
        matches!(
            (first.name, factor),
            (RecoveryOptionNameType::VerifiedEmail, ChallengeNameType::EmailOtp)
                | (RecoveryOptionNameType::VerifiedPhoneNumber, ChallengeNameType::SmsMfa)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChallengeNameType::{EmailOtp, SmsMfa, SoftwareTokenMfa};
    use cognate_model::{
        AccountRecoverySettingType, EmailMfaConfigType, RecoveryOptionType, SmsConfigurationType,
        SoftwareTokenMfaConfigType,
    };

    use crate::fixtures::{plain_pool, user_with};

    fn pool(required: UserPoolMfaType, factors: &[ChallengeNameType]) -> Pool {
        let mut pool = plain_pool();
        pool.config.mfa_configuration = Some(required);
        pool.config.sms_configuration = factors.contains(&SmsMfa).then(SmsConfigurationType::default);
        pool.software_token_mfa =
            factors.contains(&SoftwareTokenMfa).then_some(SoftwareTokenMfaConfigType { enabled: Some(true) });
        pool.email_mfa = factors.contains(&EmailOtp).then(EmailMfaConfigType::default);
        pool
    }

    fn recovering_by(mut pool: Pool, name: RecoveryOptionNameType) -> Pool {
        let mechanisms = vec![RecoveryOptionType { priority: 1, name }];
        pool.config.account_recovery_setting =
            Some(AccountRecoverySettingType { recovery_mechanisms: Some(mechanisms) });
        pool
    }

    fn required() -> Pool {
        pool(UserPoolMfaType::On, &FACTORS)
    }

    fn optional() -> Pool {
        pool(UserPoolMfaType::Optional, &FACTORS)
    }

    fn with_token(mut user: User) -> User {
        user.hidden.mfa.totp_secret = Some(vec![1]);
        user
    }

    const PHONE: (&str, &str) = ("phone_number", "+12065550100");
    const EMAIL: (&str, &str) = ("email", "maria@example.com");

    #[test]
    fn a_pool_without_second_factors_asks_for_none() {
        let mut user = with_token(user_with("maria", &[]));
        user.hidden.mfa.software_token = true;
        assert_eq!(next_factor(&pool(UserPoolMfaType::Off, &FACTORS), &user), Ok(Factor::None));
    }

    #[test]
    fn the_preferred_factor_comes_first() {
        let mut user = with_token(user_with("maria", &[PHONE]));
        user.hidden.mfa.sms = true;
        user.hidden.mfa.software_token = true;
        assert_eq!(next_factor(&optional(), &user), Ok(Factor::Select(vec![SmsMfa, SoftwareTokenMfa])));
        user.hidden.mfa.preferred = Some("SOFTWARE_TOKEN_MFA".to_owned());
        assert_eq!(next_factor(&optional(), &user), Ok(Factor::Challenge(SoftwareTokenMfa)));
    }

    #[test]
    fn an_optional_second_factor_that_is_not_on_is_not_asked_for() {
        let user = with_token(user_with("maria", &[PHONE, EMAIL]));
        assert_eq!(next_factor(&optional(), &user), Ok(Factor::None));
    }

    #[test]
    fn the_older_setting_asks_for_a_text_message() {
        let mut user = user_with("maria", &[PHONE]);
        user.hidden.mfa.options = vec![cognate_model::MFAOptionType::default()];
        assert_eq!(next_factor(&optional(), &user), Ok(Factor::Challenge(SmsMfa)));
    }

    #[test]
    fn a_factor_that_lost_its_address_does_not_let_the_user_in() {
        let mut user = user_with("maria", &[]);
        user.hidden.mfa.sms = true;
        assert_eq!(next_factor(&optional(), &user), Err(no_method()));
        assert_eq!(next_factor(&required(), &user), Ok(Factor::Setup(FACTORS.to_vec())));
    }

    #[test]
    fn a_required_second_factor_takes_what_the_user_has() {
        let user = with_token(user_with("maria", &[]));
        assert_eq!(next_factor(&required(), &user), Ok(Factor::Challenge(SoftwareTokenMfa)));
        let user = user_with("maria", &[PHONE]);
        assert_eq!(next_factor(&required(), &user), Ok(Factor::Challenge(SmsMfa)));
        let user = user_with("maria", &[PHONE, EMAIL]);
        assert_eq!(next_factor(&required(), &user), Ok(Factor::Select(vec![SmsMfa, EmailOtp])));
    }

    #[test]
    fn the_address_that_recovers_accounts_is_no_second_factor_unless_there_is_another() {
        let pool = recovering_by(required(), RecoveryOptionNameType::VerifiedEmail);
        assert_eq!(
            next_factor(&pool, &user_with("maria", &[EMAIL])),
            Ok(Factor::Setup(vec![SmsMfa, SoftwareTokenMfa]))
        );
        assert_eq!(
            next_factor(&pool, &user_with("maria", &[EMAIL, PHONE])),
            Ok(Factor::Select(vec![SmsMfa, EmailOtp]))
        );
    }

    #[test]
    fn a_user_with_nothing_sets_up_what_the_pool_offers() {
        let tokens_only = pool(UserPoolMfaType::On, &[SoftwareTokenMfa]);
        assert_eq!(next_factor(&tokens_only, &user_with("maria", &[PHONE])), Ok(Factor::Setup(vec![SoftwareTokenMfa])));
        let nothing = pool(UserPoolMfaType::On, &[]);
        assert_eq!(
            next_factor(&nothing, &user_with("maria", &[])).unwrap_err().exception,
            Exception::MFAMethodNotFound
        );
    }

    #[test]
    fn a_token_preferred_before_enrolment_is_enrolled_at_the_next_sign_in() {
        let mut user = user_with("maria", &[PHONE]);
        user.hidden.mfa.software_token = true;
        user.hidden.mfa.preferred = Some("SOFTWARE_TOKEN_MFA".to_owned());
        assert_eq!(next_factor(&optional(), &user), Ok(Factor::Setup(vec![SoftwareTokenMfa])));
        user.hidden.mfa.sms = true;
        assert_eq!(next_factor(&optional(), &user), Ok(Factor::Challenge(SmsMfa)), "enrolling must not go around it");
    }
}
