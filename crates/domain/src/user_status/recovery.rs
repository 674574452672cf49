//! Where the code of a forgotten password goes.

use cognate_model::{
    CodeDeliveryDetailsType, DeliveryMediumType, Exception, RecoveryOptionNameType, RecoveryOptionType, UserPoolMfaType,
};

use crate::{Pool, Refusal, User, masking};

/// An address to which a code goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// How it goes there.
    pub medium: DeliveryMediumType,
    /// `email` or `phone_number`.
    pub attribute: &'static str,
    /// The address.
    pub value: String,
}

impl Destination {
    /// The user's address of this kind, verified or not.
    pub fn of(user: &User, medium: DeliveryMediumType) -> Option<Self> {
        let attribute = match medium {
            DeliveryMediumType::Sms => "phone_number",
            DeliveryMediumType::Email => "email",
        };
        user.attribute(attribute).map(|value| Self { medium, attribute, value: value.to_owned() })
    }

    /// What an answer says about it, masked.
    pub fn details(&self) -> CodeDeliveryDetailsType {
        CodeDeliveryDetailsType {
            destination: Some(masking::destination(self.attribute, &self.value)),
            delivery_medium: Some(self.medium),
            attribute_name: Some(self.attribute.to_owned()),
        }
    }
}

/// The first way of the pool's `AccountRecoverySetting` that the user has verified and does not use as second factor.
///
/// Pools without the setting prefer the telephone, even where it is the second factor (`AccountRecoverySettingType`).
/// Where only administrators recover accounts, `AdminResetUserPassword` is refused like the user's own request: it
/// needs self-service recovery too (`AdminResetUserPassword`, API Reference).
pub fn recovery_destination(pool: &Pool, user: &User) -> Result<Destination, Refusal> {
    let setting = pool.config.account_recovery_setting.as_ref();
    let mechanisms = setting.and_then(|setting| setting.recovery_mechanisms.clone()).unwrap_or_default();
    if mechanisms.is_empty() {
        return [DeliveryMediumType::Sms, DeliveryMediumType::Email]
            .into_iter()
            .find_map(|medium| verified(user, medium))
            .ok_or_else(no_destination);
    }
    for mechanism in in_order(mechanisms) {
        let medium = match mechanism.name {
            RecoveryOptionNameType::AdminOnly => return Err(admin_only()),
            RecoveryOptionNameType::VerifiedEmail => DeliveryMediumType::Email,
            RecoveryOptionNameType::VerifiedPhoneNumber => DeliveryMediumType::Sms,
        };
        if let Some(destination) = verified(user, medium).filter(|_| !is_second_factor(pool, user, medium)) {
            return Ok(destination);
        }
    }
    Err(no_destination())
}

/// Refuses where only administrators recover accounts, whoever the user is.
pub fn check_self_service(pool: &Pool) -> Result<(), Refusal> {
    let setting = pool.config.account_recovery_setting.as_ref();
    let mechanisms = setting.and_then(|setting| setting.recovery_mechanisms.clone()).unwrap_or_default();
    match in_order(mechanisms).first().map(|mechanism| mechanism.name) {
        Some(RecoveryOptionNameType::AdminOnly) => Err(admin_only()),
        _ => Ok(()),
    }
}

fn admin_only() -> Refusal {
    Refusal::new(Exception::NotAuthorized, "Contact administrator to reset password.")
}

fn in_order(mut mechanisms: Vec<RecoveryOptionType>) -> Vec<RecoveryOptionType> {
    mechanisms.sort_by_key(|mechanism| mechanism.priority);
    mechanisms
}

fn verified(user: &User, medium: DeliveryMediumType) -> Option<Destination> {
    Destination::of(user, medium).filter(|destination| user.is_verified(destination.attribute))
}

/// Whether codes to this address are the second factor: then they must not replace the first one as well.
fn is_second_factor(pool: &Pool, user: &User, medium: DeliveryMediumType) -> bool {
    let mfa = &user.hidden.mfa;
    let (is_on, name) = match medium {
        DeliveryMediumType::Sms => (mfa.sms || !mfa.options.is_empty(), "SMS_MFA"),
        DeliveryMediumType::Email => (mfa.email, "EMAIL_OTP"),
    };
    let is_preferred = mfa.preferred.as_deref().is_none_or(|preferred| preferred == name);
    pool.config.mfa_configuration.unwrap_or_default() != UserPoolMfaType::Off && is_on && is_preferred
}

fn no_destination() -> Refusal {
    Refusal::invalid("Cannot reset password for the user as there is no registered/verified email or phone_number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{plain_pool, user_with};
    use RecoveryOptionNameType::{AdminOnly, VerifiedEmail, VerifiedPhoneNumber};
    use cognate_model::AccountRecoverySettingType;

    fn recovering(names: &[RecoveryOptionNameType]) -> Pool {
        let mut pool = plain_pool();
        // Listed backwards, so that the priority decides.
        let mut mechanisms: Vec<_> =
            names.iter().zip(1..).map(|(name, priority)| RecoveryOptionType { priority, name: *name }).collect();
        mechanisms.reverse();
        pool.config.account_recovery_setting =
            Some(AccountRecoverySettingType { recovery_mechanisms: Some(mechanisms) });
        pool
    }

    fn with_both() -> User {
        let mut user = with_email();
        user.attributes.insert("phone_number".to_owned(), "+12065550100".to_owned());
        user.attributes.insert("phone_number_verified".to_owned(), "true".to_owned());
        user
    }

    fn with_email() -> User {
        user_with("maria", &[("email", "maria@example.com"), ("email_verified", "true")])
    }

    fn attribute(pool: &Pool, user: &User) -> Result<&'static str, String> {
        recovery_destination(pool, user).map(|to| to.attribute).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn a_pool_without_a_setting_prefers_the_telephone() {
        assert_eq!(attribute(&plain_pool(), &with_both()), Ok("phone_number"));
        assert_eq!(attribute(&plain_pool(), &with_email()), Ok("email"));
    }

    #[test]
    fn the_setting_decides_by_priority() {
        assert_eq!(attribute(&recovering(&[VerifiedEmail, VerifiedPhoneNumber]), &with_both()), Ok("email"));
        assert_eq!(attribute(&recovering(&[VerifiedPhoneNumber, VerifiedEmail]), &with_both()), Ok("phone_number"));
        assert_eq!(attribute(&recovering(&[VerifiedPhoneNumber, VerifiedEmail]), &with_email()), Ok("email"));
    }

    #[test]
    fn an_unverified_address_receives_no_code() {
        let user = user_with("maria", &[("email", "maria@example.com"), ("email_verified", "false")]);
        assert_eq!(
            attribute(&plain_pool(), &user).unwrap_err(),
            "InvalidParameterException: Cannot reset password for the user as there is no registered/verified email \
             or phone_number"
        );
        assert!(attribute(&recovering(&[VerifiedPhoneNumber]), &with_email()).is_err());
    }

    #[test]
    fn where_only_administrators_recover_nobody_gets_a_code() {
        assert_eq!(
            attribute(&recovering(&[AdminOnly]), &with_both()).unwrap_err(),
            "NotAuthorizedException: Contact administrator to reset password."
        );
        assert!(check_self_service(&recovering(&[AdminOnly])).is_err());
        for pool in [plain_pool(), recovering(&[VerifiedEmail])] {
            assert_eq!(check_self_service(&pool), Ok(()));
        }
    }

    #[test]
    fn the_second_factor_does_not_recover_the_first() {
        let mut pool = recovering(&[VerifiedPhoneNumber, VerifiedEmail]);
        let mut user = with_both();
        user.hidden.mfa.sms = true;
        assert_eq!(attribute(&pool, &user), Ok("phone_number"), "the pool has no second factors");
        pool.config.mfa_configuration = Some(UserPoolMfaType::Optional);
        assert_eq!(attribute(&pool, &user), Ok("email"));
        user.hidden.mfa.preferred = Some("SOFTWARE_TOKEN_MFA".to_owned());
        assert_eq!(attribute(&pool, &user), Ok("phone_number"));
    }

    #[test]
    fn details_show_the_address_masked() {
        let details = recovery_destination(&plain_pool(), &with_email()).unwrap().details();
        assert_eq!(details.destination.as_deref(), Some("m***@e***"));
        assert_eq!(details.delivery_medium, Some(DeliveryMediumType::Email));
        assert_eq!(details.attribute_name.as_deref(), Some("email"));
    }
}
