//! With what a user can prove who they are: `GetUserAuthFactors` and `AdminGetUserAuthFactors`.

use cognate_model::AuthFactorType;

use crate::sign_in::Means;
use crate::{Pool, User, tier};

/// The factors that are set up, in the order of the documentation's sample: a password, codes to a verified address and
/// passkeys where the pool takes them as first factor, an enrolled software token.
pub fn configured(pool: &Pool, user: &User, means: Means) -> Vec<AuthFactorType> {
    let takes = |factor: AuthFactorType| tier::first_factors(&pool.config).contains(&factor);
    let code_to = |attribute: &str, factor: AuthFactorType| {
        takes(factor) && user.attribute(attribute).is_some() && user.is_verified(attribute)
    };
    [
        (AuthFactorType::Password, user.hidden.password.hash.is_some()),
        (AuthFactorType::EmailOtp, code_to("email", AuthFactorType::EmailOtp)),
        (AuthFactorType::SmsOtp, code_to("phone_number", AuthFactorType::SmsOtp)),
        (AuthFactorType::WebAuthn, means.passkey && takes(AuthFactorType::WebAuthn)),
        (AuthFactorType::SoftwareToken, user.hidden.mfa.totp_secret.is_some()),
    ]
    .into_iter()
    .filter_map(|(factor, is_set_up)| is_set_up.then_some(factor))
    .collect()
}

#[cfg(test)]
mod tests {
    use AuthFactorType::{EmailOtp, Password, SmsOtp, SoftwareToken, WebAuthn};
    use cognate_model::{SignInPolicyType, UserPoolPolicyType};

    use super::*;
    use crate::fixtures::{plain_pool, user_with};

    const NONE: Means = Means { passkey: false };

    fn taking(factors: &[AuthFactorType]) -> Pool {
        let mut pool = plain_pool();
        let policy = SignInPolicyType { allowed_first_auth_factors: Some(factors.to_vec()) };
        pool.config.policies = Some(UserPoolPolicyType { sign_in_policy: Some(policy), ..Default::default() });
        pool
    }

    fn maria() -> User {
        let mut user = user_with("maria", &[("email", "maria@example.com"), ("phone_number", "+12065550100")]);
        user.hidden.password.hash = Some("hash".to_owned());
        user
    }

    #[test]
    fn a_password_is_a_factor_and_so_is_an_enrolled_token() {
        let mut user = maria();
        user.hidden.mfa.pending_totp_secret = Some(vec![1]);
        assert_eq!(configured(&plain_pool(), &user, NONE), [Password]);
        user.hidden.mfa.totp_secret = user.hidden.mfa.pending_totp_secret.take();
        assert_eq!(configured(&plain_pool(), &user, NONE), [Password, SoftwareToken]);
        assert_eq!(configured(&plain_pool(), &user_with("eva", &[]), NONE), []);
    }

    #[test]
    fn codes_need_a_verified_address_and_a_pool_that_takes_them() {
        let pool = taking(&[Password, SmsOtp, EmailOtp]);
        let mut user = maria();
        assert_eq!(configured(&pool, &user, NONE), [Password]);
        user.attributes.insert("email_verified".to_owned(), "true".to_owned());
        assert_eq!(configured(&pool, &user, NONE), [Password, EmailOtp]);
        user.attributes.insert("phone_number_verified".to_owned(), "true".to_owned());
        assert_eq!(configured(&pool, &user, NONE), [Password, EmailOtp, SmsOtp]);
        assert_eq!(configured(&taking(&[Password]), &user, NONE), [Password]);
    }

    #[test]
    fn a_passkey_is_a_factor_where_the_pool_takes_it() {
        let mut user = maria();
        user.hidden.mfa.totp_secret = Some(vec![1]);
        let passkey = Means { passkey: true };
        assert_eq!(configured(&taking(&[Password, WebAuthn]), &user, passkey), [Password, WebAuthn, SoftwareToken]);
        assert_eq!(configured(&taking(&[Password, WebAuthn]), &user, NONE), [Password, SoftwareToken]);
        assert_eq!(configured(&taking(&[Password]), &user, passkey), [Password, SoftwareToken]);
    }
}
