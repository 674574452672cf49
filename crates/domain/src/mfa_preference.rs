//! A user's second factors: which may be turned on, and what a sign-in asks for.
//!
//! "Adding MFA to a user pool" in the developer guide gives the rules; texts are recorded from the live service but
//! where a comment says otherwise.

mod next_factor;

use cognate_model::{
    AdminSetUserMFAPreferenceRequest, ChallengeNameType, DeliveryMediumType, EmailMfaSettingsType, Exception,
    MFAOptionType, SMSMfaSettingsType, SetUserMFAPreferenceRequest, SoftwareTokenMfaSettingsType, UserStatusType,
    WebAuthnMfaSettingsType,
};

use crate::{Pool, Refusal, User};

pub use next_factor::{Factor, next_factor, possible_factor};

/// The factors, in the order in which answers list them.
pub(crate) const FACTORS: [ChallengeNameType; 3] =
    [ChallengeNameType::SmsMfa, ChallengeNameType::SoftwareTokenMfa, ChallengeNameType::EmailOtp];

/// What a request says about the factors; one that it does not name stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preference {
    /// `SMSMfaSettings`.
    pub sms: Option<Setting>,
    /// `SoftwareTokenMfaSettings`.
    pub software_token: Option<Setting>,
    /// `EmailMfaSettings`.
    pub email: Option<Setting>,
    /// `WebAuthnMfaSettings`: whether a passkey may stand for the second factor. It is never the preferred one.
    pub web_authn: Option<bool>,
}

/// Who says it: what the user lacks is told to each in other words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// `AdminSetUserMFAPreference`, `AdminSetUserSettings`.
    Administrator,
    /// `SetUserMFAPreference`, `SetUserSettings`.
    User,
}

/// What a request says about one factor; a member that is absent counts as false.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Setting {
    /// Whether it is on.
    pub enabled: bool,
    /// Whether it is the one that a sign-in asks for.
    pub preferred: bool,
}

impl Preference {
    fn settings(self) -> impl Iterator<Item = (ChallengeNameType, Setting)> {
        let settings = [self.sms, self.software_token, self.email];
        FACTORS.into_iter().zip(settings).filter_map(|(factor, setting)| Some((factor, setting?)))
    }
}

impl From<&AdminSetUserMFAPreferenceRequest> for Preference {
    fn from(request: &AdminSetUserMFAPreferenceRequest) -> Self {
        Self {
            sms: request.sms_mfa_settings.as_ref().map(Setting::from),
            software_token: request.software_token_mfa_settings.as_ref().map(Setting::from),
            email: request.email_mfa_settings.as_ref().map(Setting::from),
            web_authn: request.web_authn_mfa_settings.as_ref().map(is_enabled),
        }
    }
}

impl From<&SetUserMFAPreferenceRequest> for Preference {
    fn from(request: &SetUserMFAPreferenceRequest) -> Self {
        Self {
            sms: request.sms_mfa_settings.as_ref().map(Setting::from),
            software_token: request.software_token_mfa_settings.as_ref().map(Setting::from),
            email: request.email_mfa_settings.as_ref().map(Setting::from),
            web_authn: request.web_authn_mfa_settings.as_ref().map(is_enabled),
        }
    }
}

impl From<&SMSMfaSettingsType> for Setting {
    fn from(settings: &SMSMfaSettingsType) -> Self {
        Self::read(settings.enabled, settings.preferred_mfa)
    }
}

impl From<&SoftwareTokenMfaSettingsType> for Setting {
    fn from(settings: &SoftwareTokenMfaSettingsType) -> Self {
        Self::read(settings.enabled, settings.preferred_mfa)
    }
}

impl From<&EmailMfaSettingsType> for Setting {
    fn from(settings: &EmailMfaSettingsType) -> Self {
        Self::read(settings.enabled, settings.preferred_mfa)
    }
}

impl Setting {
    fn read(enabled: Option<bool>, preferred: Option<bool>) -> Self {
        Self { enabled: enabled.unwrap_or_default(), preferred: preferred.unwrap_or_default() }
    }
}

fn is_enabled(settings: &WebAuthnMfaSettingsType) -> bool {
    settings.enabled.unwrap_or_default()
}

/// `AdminSetUserMFAPreference` and `SetUserMFAPreference`. Turning off what the user never had is fine.
pub fn set_preference(pool: &Pool, user: &mut User, asker: Asker, preference: Preference) -> Result<(), Refusal> {
    check_status(user)?;
    check_preferred(preference)?;
    for (factor, _) in preference.settings().filter(|(_, setting)| setting.enabled) {
        check_usable(pool, user, asker, factor)?;
    }
    for (factor, setting) in preference.settings() {
        turn(user, factor, setting);
    }
    user.hidden.mfa.web_authn = preference.web_authn.unwrap_or(user.hidden.mfa.web_authn);
    Ok(())
}

/// `AdminSetUserSettings` and `SetUserSettings`, the older way to turn text messages on and, with an empty list, off.
pub fn set_options(pool: &Pool, user: &mut User, asker: Asker, options: &[MFAOptionType]) -> Result<(), Refusal> {
    let is_sms_to_phone = |option: &MFAOptionType| {
        option.delivery_medium.is_none_or(|medium| medium == DeliveryMediumType::Sms)
            && option.attribute_name.as_deref() == Some("phone_number")
    };
    if !options.iter().all(is_sms_to_phone) {
        // The rule is documented (`AdminSetUserSettings`), the text is not recorded.
        return Err(Refusal::invalid("MFA options can only deliver by SMS to phone_number."));
    }
    if !options.is_empty() {
        check_usable(pool, user, asker, ChallengeNameType::SmsMfa)?;
    }
    user.hidden.mfa.options = options.to_vec();
    Ok(())
}

fn check_status(user: &User) -> Result<(), Refusal> {
    match user.status {
        UserStatusType::Unconfirmed => Err(Refusal::new(Exception::UserNotConfirmed, "User is not confirmed.")),
        UserStatusType::ResetRequired => {
            Err(Refusal::new(Exception::PasswordResetRequired, "Password reset required for the user"))
        }
        _ => Ok(()),
    }
}

/// Both rules are documented (`AdminSetUserMFAPreference`, API Reference), their texts are not recorded.
fn check_preferred(preference: Preference) -> Result<(), Refusal> {
    let preferred: Vec<Setting> =
        preference.settings().map(|(_, setting)| setting).filter(|setting| setting.preferred).collect();
    if preferred.len() > 1 {
        return Err(Refusal::invalid("Only one MFA method can be preferred."));
    }
    if preferred.iter().any(|setting| !setting.enabled) {
        return Err(Refusal::invalid("An MFA method that is not enabled cannot be preferred."));
    }
    Ok(())
}

/// Whether the user has what the factor needs.
fn check_usable(pool: &Pool, user: &User, asker: Asker, factor: ChallengeNameType) -> Result<(), Refusal> {
    let is_token = factor == ChallengeNameType::SoftwareTokenMfa;
    if has_means(user, factor) || (is_token && pool.leniencies.mfa_preference_before_enrolment) {
        return Ok(());
    }
    if is_token && user.hidden.mfa.pending_totp_secret.is_some() {
        return Err(Refusal::invalid("User has not verified software token mfa"));
    }
    Err(match (asker, factor) {
        (Asker::User, ChallengeNameType::SmsMfa) => {
            Refusal::invalid("User does not have a phone_number set to turn on SMS MFA")
        }
        (Asker::User, ChallengeNameType::SoftwareTokenMfa) => {
            Refusal::invalid("User has not set up software token mfa")
        }
        _ => Refusal::invalid(format!("User does not have delivery config set to turn on {factor}")),
    })
}

/// Whether a code of this factor can reach the user: verified or not, there is an address or an enrolled token.
pub(crate) fn has_means(user: &User, factor: ChallengeNameType) -> bool {
    match factor {
        ChallengeNameType::SmsMfa => user.attribute("phone_number").is_some(),
        ChallengeNameType::EmailOtp => user.attribute("email").is_some(),
        ChallengeNameType::SoftwareTokenMfa => user.hidden.mfa.totp_secret.is_some(),
        _ => false,
    }
}

/// Turns a factor on that was just proved; it is the preferred one unless there is another.
pub(crate) fn turn_on(user: &mut User, factor: ChallengeNameType) {
    let preferred = user.hidden.mfa.preferred.as_deref().is_none_or(|preferred| preferred == factor.as_str());
    turn(user, factor, Setting { enabled: true, preferred });
}

fn turn(user: &mut User, factor: ChallengeNameType, setting: Setting) {
    let mfa = &mut user.hidden.mfa;
    match factor {
        ChallengeNameType::SmsMfa => {
            mfa.sms = setting.enabled;
            if !setting.enabled {
                // Otherwise the older setting would keep asking for what was just turned off.
                mfa.options.clear();
            }
        }
        ChallengeNameType::SoftwareTokenMfa => mfa.software_token = setting.enabled,
        ChallengeNameType::EmailOtp => mfa.email = setting.enabled,
        _ => {}
    }
    if setting.preferred {
        mfa.preferred = Some(factor.as_str().to_owned());
    } else if mfa.preferred.as_deref() == Some(factor.as_str()) {
        mfa.preferred = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{plain_pool, user_with};
    use proptest::prelude::*;

    const ON: Setting = Setting { enabled: true, preferred: false };
    const PREFERRED: Setting = Setting { enabled: true, preferred: true };
    const OFF: Setting = Setting { enabled: false, preferred: false };

    fn maria() -> User {
        let mut user = user_with("maria", &[("phone_number", "+12065550100"), ("email", "maria@example.com")]);
        user.hidden.mfa.totp_secret = Some(vec![1]);
        user
    }

    fn set(pool: &Pool, user: &mut User, preference: Preference) -> Result<(), Refusal> {
        set_preference(pool, user, Asker::Administrator, preference)
    }

    fn refused(user: &User, preference: Preference) -> String {
        set(&plain_pool(), &mut user.clone(), preference).unwrap_err().to_string()
    }

    #[test]
    fn factors_are_turned_on_and_one_is_preferred() {
        let mut user = maria();
        let preference = Preference { sms: Some(ON), software_token: Some(PREFERRED), ..Preference::default() };
        set(&plain_pool(), &mut user, preference).unwrap();
        let list = user.hidden.mfa.setting_list().unwrap();
        assert_eq!(list, ["SMS_MFA", "SOFTWARE_TOKEN_MFA"]);
        assert_eq!(user.hidden.mfa.preferred.as_deref(), Some("SOFTWARE_TOKEN_MFA"));
    }

    #[test]
    fn a_factor_that_is_not_named_stays_as_it_is() {
        let mut user = maria();
        set(&plain_pool(), &mut user, Preference { sms: Some(PREFERRED), ..Preference::default() }).unwrap();
        set(&plain_pool(), &mut user, Preference { email: Some(ON), ..Preference::default() }).unwrap();
        assert!(user.hidden.mfa.sms && user.hidden.mfa.email);
        assert_eq!(user.hidden.mfa.preferred.as_deref(), Some("SMS_MFA"));
    }

    #[test]
    fn turning_a_factor_off_leaves_no_trace_in_answers() {
        let mut user = maria();
        for setting in [PREFERRED, OFF] {
            let preference = Preference { software_token: Some(setting), ..Preference::default() };
            set(&plain_pool(), &mut user, preference).unwrap();
        }
        assert_eq!(user.hidden.mfa.setting_list(), None);
        assert_eq!(user.hidden.mfa.preferred, None);
    }

    #[test]
    fn turning_off_what_the_user_never_had_is_fine() {
        let mut user = user_with("maria", &[]);
        let preference = Preference { sms: Some(OFF), software_token: Some(OFF), email: Some(OFF), web_authn: None };
        assert_eq!(set(&plain_pool(), &mut user, preference), Ok(()));
    }

    #[test]
    fn only_one_factor_can_be_preferred_and_it_must_be_on() {
        let two = Preference { sms: Some(PREFERRED), email: Some(PREFERRED), ..Preference::default() };
        assert!(refused(&maria(), two).starts_with("InvalidParameterException: Only one"));
        let off = Preference { sms: Some(Setting { enabled: false, preferred: true }), ..Preference::default() };
        assert!(refused(&maria(), off).starts_with("InvalidParameterException: An MFA method"));
    }

    #[test]
    fn a_factor_needs_its_means() {
        let user = user_with("maria", &[]);
        let preferences = [
            (Preference { sms: Some(ON), ..Preference::default() }, "SMS_MFA"),
            (Preference { software_token: Some(ON), ..Preference::default() }, "SOFTWARE_TOKEN_MFA"),
            (Preference { email: Some(ON), ..Preference::default() }, "EMAIL_OTP"),
        ];
        for (preference, name) in preferences {
            assert_eq!(
                refused(&user, preference),
                format!("InvalidParameterException: User does not have delivery config set to turn on {name}")
            );
        }
    }

    #[test]
    fn users_are_told_in_words_of_their_own_what_they_lack() {
        let mut user = user_with("maria", &[]);
        let preferences = [
            (Preference { sms: Some(ON), ..Preference::default() }, "a phone_number set to turn on SMS MFA"),
            (Preference { email: Some(ON), ..Preference::default() }, "delivery config set to turn on EMAIL_OTP"),
        ];
        for (preference, lacking) in preferences {
            let refusal = set_preference(&plain_pool(), &mut user, Asker::User, preference).unwrap_err();
            assert_eq!(refusal.to_string(), format!("InvalidParameterException: User does not have {lacking}"));
        }
        let token = Preference { software_token: Some(ON), ..Preference::default() };
        let refusal = set_preference(&plain_pool(), &mut user, Asker::User, token).unwrap_err();
        assert_eq!(refusal.message, "User has not set up software token mfa");
    }

    #[test]
    fn passkeys_as_second_factor_are_remembered_until_turned_off() {
        let mut user = maria();
        for (web_authn, kept) in [(Some(true), true), (None, true), (Some(false), false)] {
            set(&plain_pool(), &mut user, Preference { web_authn, ..Preference::default() }).unwrap();
            assert_eq!(user.hidden.mfa.web_authn, kept);
        }
        assert_eq!(user.hidden.mfa.setting_list(), None);
    }

    #[test]
    fn a_token_that_waits_for_its_first_code_is_named() {
        let mut user = user_with("maria", &[]);
        user.hidden.mfa.pending_totp_secret = Some(vec![1]);
        assert_eq!(
            refused(&user, Preference { software_token: Some(ON), ..Preference::default() }),
            "InvalidParameterException: User has not verified software token mfa"
        );
    }

    #[test]
    fn a_lenient_pool_keeps_the_preference_before_enrolment_for_tokens_only() {
        let mut pool = plain_pool();
        pool.leniencies.mfa_preference_before_enrolment = true;
        let mut user = user_with("maria", &[]);
        let token = Preference { software_token: Some(PREFERRED), ..Preference::default() };
        assert_eq!(set(&pool, &mut user, token), Ok(()));
        assert_eq!(user.hidden.mfa.preferred.as_deref(), Some("SOFTWARE_TOKEN_MFA"));
        let sms = Preference { sms: Some(ON), ..Preference::default() };
        assert!(set(&pool, &mut user, sms).is_err());
    }

    #[test]
    fn users_who_cannot_sign_in_yet_have_no_preference() {
        let mut user = maria();
        user.status = UserStatusType::Unconfirmed;
        assert_eq!(refused(&user, Preference::default()), "UserNotConfirmedException: User is not confirmed.");
        user.status = UserStatusType::ResetRequired;
        assert_eq!(
            refused(&user, Preference::default()),
            "PasswordResetRequiredException: Password reset required for the user"
        );
    }

    #[test]
    fn a_request_is_read_with_absent_members_as_false() {
        let request = AdminSetUserMFAPreferenceRequest {
            sms_mfa_settings: Some(SMSMfaSettingsType::default()),
            software_token_mfa_settings: Some(SoftwareTokenMfaSettingsType {
                enabled: Some(true),
                preferred_mfa: Some(true),
            }),
            ..Default::default()
        };
        let expected = Preference { sms: Some(OFF), software_token: Some(PREFERRED), ..Preference::default() };
        assert_eq!(Preference::from(&request), expected);
        let own = SetUserMFAPreferenceRequest {
            email_mfa_settings: Some(EmailMfaSettingsType { enabled: Some(true), preferred_mfa: None }),
            web_authn_mfa_settings: Some(WebAuthnMfaSettingsType { enabled: Some(true) }),
            ..Default::default()
        };
        let expected = Preference { email: Some(ON), web_authn: Some(true), ..Preference::default() };
        assert_eq!(Preference::from(&own), expected);
    }

    #[test]
    fn the_older_setting_takes_text_messages_only() {
        let option = |attribute: &str, medium| MFAOptionType {
            delivery_medium: Some(medium),
            attribute_name: Some(attribute.to_owned()),
        };
        let sms = option("phone_number", DeliveryMediumType::Sms);
        let mut user = maria();
        assert_eq!(set_options(&plain_pool(), &mut user, Asker::Administrator, std::slice::from_ref(&sms)), Ok(()));
        assert!(user.hidden.mfa.is_on());
        for wrong in [option("email", DeliveryMediumType::Email), option("email", DeliveryMediumType::Sms)] {
            assert!(set_options(&plain_pool(), &mut user, Asker::Administrator, &[wrong]).is_err());
        }
        assert_eq!(set_options(&plain_pool(), &mut user, Asker::Administrator, &[]), Ok(()));
        assert!(!user.hidden.mfa.is_on());
        assert!(set_options(&plain_pool(), &mut user_with("eva", &[]), Asker::Administrator, &[sms]).is_err());
    }

    fn any_setting() -> impl Strategy<Value = Option<Setting>> {
        proptest::option::of(any::<(bool, bool)>().prop_map(|(enabled, preferred)| Setting { enabled, preferred }))
    }

    proptest! {
        #[test]
        fn the_preferred_factor_is_always_on(
            steps in proptest::collection::vec((any_setting(), any_setting(), any_setting()), 1..6),
        ) {
            let mut user = maria();
            for (sms, software_token, email) in steps {
                let _ = set(&plain_pool(), &mut user, Preference { sms, software_token, email, web_authn: None });
                if let Some(preferred) = &user.hidden.mfa.preferred {
                    prop_assert!(user.hidden.mfa.setting_list().unwrap_or_default().contains(preferred));
                }
            }
        }
    }
}
