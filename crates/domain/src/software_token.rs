//! The life of a software token: its secret waits until the first code proves that the user's application has it.
//!
//! "TOTP software token MFA" of the developer guide gives the rules. Each request for a secret replaces the one that
//! waits; an enrolled token stays until another one is verified. The texts are recorded from the live service but where
//! a comment says otherwise.

use cognate_model::{ChallengeNameType, Exception};

use crate::user::Mfa;
use crate::{Pool, Refusal, User};

/// The longest name of a token that is kept: with every read of the user, so it has the bound of an attribute.
const LONGEST_NAME: usize = 2_048;

/// Refuses where the pool has no software tokens. A lenient pool that takes the preference before the token has them.
pub fn check_offered(pool: &Pool) -> Result<(), Refusal> {
    let is_on = pool.software_token_mfa.as_ref().is_some_and(|config| config.enabled == Some(true));
    if is_on || pool.leniencies.mfa_preference_before_enrolment {
        return Ok(());
    }
    Err(not_offered())
}

/// What is said where software tokens are not to be had.
pub fn not_offered() -> Refusal {
    Refusal::new(Exception::SoftwareTokenMFANotFound, "Software Token MFA has not been enabled by the userPool")
}

/// Refuses a `FriendlyDeviceName` beyond what is kept. The bound is ours.
pub fn check_name(name: Option<&str>) -> Result<(), Refusal> {
    if name.is_none_or(|name| name.chars().count() <= LONGEST_NAME) {
        return Ok(());
    }
    let message = format!("FriendlyDeviceName must be no longer than {LONGEST_NAME} characters");
    Err(Refusal::invalid(message))
}

/// A sealed secret that the first code is checked against, and the step of that secret whose code was taken last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaiting<'a> {
    /// The secret, sealed.
    pub sealed: &'a [u8],
    /// The last step whose code was accepted.
    pub last_step: Option<u64>,
}

/// The secret that a first code belongs to: the one that waits, else the enrolled one, which may be verified again.
pub fn awaiting(mfa: &Mfa) -> Result<Awaiting<'_>, Refusal> {
    match (&mfa.pending_totp_secret, &mfa.totp_secret) {
        (Some(sealed), _) => Ok(Awaiting { sealed, last_step: None }),
        (None, Some(sealed)) => Ok(Awaiting { sealed, last_step: mfa.totp_last_step }),
        (None, None) => {
            // The exception follows from its name; the text is the one of a sign-in without a token.
            let message = "Software Token MFA does not exist for the user.";
            Err(Refusal::new(Exception::SoftwareTokenMFANotFound, message))
        }
    }
}

/// A new secret, sealed, begins to wait for its first code.
pub fn begin(mfa: &mut Mfa, sealed: Vec<u8>) {
    mfa.pending_totp_secret = Some(sealed);
}

/// The first code was right: the secret is in force. The code's step is used up, as at a sign-in.
pub fn enrol(mfa: &mut Mfa, step: u64, name: Option<String>) {
    if let Some(sealed) = mfa.pending_totp_secret.take() {
        mfa.totp_secret = Some(sealed);
        mfa.totp_name = None;
    }
    mfa.totp_name = name.or_else(|| mfa.totp_name.take());
    mfa.totp_last_step = Some(step);
}

/// `AdminDeleteSoftwareToken`: the token is gone, and nothing prefers it any more.
pub fn remove(user: &mut User) {
    let mfa = &mut user.hidden.mfa;
    mfa.totp_secret = None;
    mfa.pending_totp_secret = None;
    mfa.totp_name = None;
    mfa.totp_last_step = None;
    mfa.software_token = false;
    mfa.preferred.take_if(|preferred| *preferred == ChallengeNameType::SoftwareTokenMfa.as_str());
}

/// The first code is wrong.
pub fn mismatch() -> Refusal {
    Refusal::new(Exception::EnableSoftwareTokenMFA, "Code mismatch and fail enable Software Token MFA")
}

/// The first code was taken before. The text is recorded of a sign-in, whose exception this operation does not model.
pub fn used_before() -> Refusal {
    Refusal::new(Exception::EnableSoftwareTokenMFA, "Your software token has already been used once.")
}

#[cfg(test)]
mod tests {
    use cognate_model::SoftwareTokenMfaConfigType;

    use super::*;
    use crate::fixtures::{plain_pool, user_with};

    #[test]
    fn a_pool_offers_tokens_or_does_not() {
        let mut pool = plain_pool();
        let refusal = check_offered(&pool).unwrap_err().to_string();
        assert_eq!(
            refusal,
            "SoftwareTokenMFANotFoundException: Software Token MFA has not been enabled by the userPool"
        );
        for (enabled, offered) in [(Some(false), false), (None, false), (Some(true), true)] {
            pool.software_token_mfa = Some(SoftwareTokenMfaConfigType { enabled });
            assert_eq!(check_offered(&pool).is_ok(), offered);
        }
        pool.software_token_mfa = None;
        pool.leniencies.mfa_preference_before_enrolment = true;
        assert_eq!(check_offered(&pool), Ok(()));
    }

    #[test]
    fn the_enrolled_token_stays_until_another_is_verified() {
        let mut mfa = Mfa::default();
        assert_eq!(awaiting(&mfa).unwrap_err().exception, Exception::SoftwareTokenMFANotFound);
        begin(&mut mfa, vec![1]);
        begin(&mut mfa, vec![2]);
        assert_eq!(awaiting(&mfa), Ok(Awaiting { sealed: &[2], last_step: None }));
        enrol(&mut mfa, 7, Some("telephone".to_owned()));
        assert_eq!(awaiting(&mfa), Ok(Awaiting { sealed: &[2], last_step: Some(7) }));
        begin(&mut mfa, vec![3]);
        assert_eq!(mfa.totp_secret.as_deref(), Some(&[2][..]));
        enrol(&mut mfa, 5, None);
        assert_eq!((mfa.totp_secret, mfa.totp_last_step, mfa.totp_name), (Some(vec![3]), Some(5), None));
    }

    #[test]
    fn a_token_that_is_verified_again_keeps_its_name() {
        let mut mfa = Mfa::default();
        begin(&mut mfa, vec![1]);
        enrol(&mut mfa, 1, Some("telephone".to_owned()));
        enrol(&mut mfa, 2, None);
        assert_eq!(mfa.totp_name.as_deref(), Some("telephone"));
        assert_eq!(mfa.totp_last_step, Some(2));
    }

    #[test]
    fn a_removed_token_leaves_the_other_factors() {
        let mut user = user_with("maria", &[]);
        user.hidden.mfa = Mfa {
            sms: true,
            software_token: true,
            preferred: Some("SOFTWARE_TOKEN_MFA".to_owned()),
            totp_secret: Some(vec![1]),
            totp_last_step: Some(7),
            ..Mfa::default()
        };
        remove(&mut user);
        assert_eq!(user.hidden.mfa, Mfa { sms: true, ..Mfa::default() });
        user.hidden.mfa.preferred = Some("SMS_MFA".to_owned());
        remove(&mut user);
        assert_eq!(user.hidden.mfa.preferred.as_deref(), Some("SMS_MFA"));
    }

    #[test]
    fn a_name_is_kept_within_bounds() {
        assert_eq!(check_name(None), Ok(()));
        assert_eq!(check_name(Some(&"ф".repeat(2_048))), Ok(()));
        assert!(check_name(Some(&"x".repeat(2_049))).is_err());
    }
}
