//! Which first factors a user may choose from in a choice-based sign-in (`USER_AUTH`).

use std::collections::BTreeMap;

use cognate_model::{
    AuthFactorType, ChallengeNameType, UserPoolMfaType, UserPoolTierType, UserStatusType,
    WebAuthnFactorConfigurationType,
};

use super::allows;
use crate::mfa_preference::{self, Factor};
use crate::{Pool, User};

/// What a user has to sign in with that is not in their own record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Means {
    /// Whether they registered a passkey.
    pub passkey: bool,
}

/// The first factors that the pool allows and the user has, in the order in which the live service lists them.
///
/// Who needs a second factor signs in with a password ("Authentication flows", choice-based sign-in and MFA), but for
/// passkeys that stand for both.
pub fn available(pool: &Pool, user: &User, means: Means) -> Vec<ChallengeNameType> {
    let has_password = user.hidden.password.hash.is_some();
    let password_only = user.status == UserStatusType::ForceChangePassword || pool.tier() == UserPoolTierType::Lite;
    let one_is_enough = mfa_preference::next_factor(pool, user) == Ok(Factor::None);
    let passkey_is_enough = one_is_enough || passkeys_stand_for_two(pool, user);
    let code_to = |attribute: &str, factor: AuthFactorType| {
        !password_only
            && one_is_enough
            && allows(pool, factor)
            && user.is_verified(attribute)
            && user.attribute(attribute).is_some()
    };
    let passkey = means.passkey && !password_only && passkey_is_enough && allows(pool, AuthFactorType::WebAuthn);
    let password = has_password && allows(pool, AuthFactorType::Password);
    [
        (ChallengeNameType::PasswordSrp, password),
        (ChallengeNameType::Password, password),
        (ChallengeNameType::EmailOtp, code_to("email", AuthFactorType::EmailOtp)),
        (ChallengeNameType::SmsOtp, code_to("phone_number", AuthFactorType::SmsOtp)),
        (ChallengeNameType::WebAuthn, passkey),
    ]
    .into_iter()
    .filter_map(|(factor, is_available)| is_available.then_some(factor))
    .collect()
}

/// Whether users with these attributes can do without a password: the pool lets them sign in by a code, and they have
/// an address for it ("`SignUp`", API Reference: `Password`).
pub fn codes_suffice(pool: &Pool, attributes: &BTreeMap<String, String>) -> bool {
    let has = |name: &str| attributes.get(name).is_some_and(|value| !value.is_empty());
    codes_are_open(pool)
        && (allows(pool, AuthFactorType::EmailOtp) && has("email")
            || allows(pool, AuthFactorType::SmsOtp) && has("phone_number"))
}

/// Whether a code alone may sign anybody in.
fn codes_are_open(pool: &Pool) -> bool {
    pool.tier() != UserPoolTierType::Lite && pool.config.mfa_configuration.unwrap_or_default() != UserPoolMfaType::On
}

/// What a name that nobody has is offered: what most users of the pool are.
pub fn offered_to_strangers(pool: &Pool) -> Vec<ChallengeNameType> {
    let open = codes_are_open(pool);
    [
        (ChallengeNameType::PasswordSrp, allows(pool, AuthFactorType::Password)),
        (ChallengeNameType::Password, allows(pool, AuthFactorType::Password)),
        (ChallengeNameType::EmailOtp, open && allows(pool, AuthFactorType::EmailOtp)),
        (ChallengeNameType::SmsOtp, open && allows(pool, AuthFactorType::SmsOtp)),
    ]
    .into_iter()
    .filter_map(|(factor, is_offered)| is_offered.then_some(factor))
    .collect()
}

/// Whether a passkey whose authenticator verified the user counts for both factors: the pool allows it, and the user
/// turned it on (`WebAuthnMfaSettings`).
pub(super) fn passkeys_stand_for_two(pool: &Pool, user: &User) -> bool {
    let config = pool.web_authn.as_ref().and_then(|config| config.factor_configuration);
    user.hidden.mfa.web_authn && config == Some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification)
}
