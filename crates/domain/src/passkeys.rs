//! Passkeys: what a pool asks of them, what a browser is told, and whether what it answers holds.
//!
//! "Web Authentication: An API for accessing Public Key Credentials, Level 3" (W3C) is the rule book; its section 7.1 is
//! [`register`], its section 7.2 is [`verify`]. What a pool asks for is "Passkey sign-in" in the developer guide.

mod assertion;
mod attestation;
mod authenticator_data;
mod client_data;
mod encoding;
mod flaw;
mod options;
mod origin;
#[cfg(test)]
mod recorded;
mod registration;

use cognate_model::{AuthFactorType, Exception, Timestamp, UserStatusType, UserVerificationType};
use serde::{Deserialize, Serialize};

use crate::user::UserId;
use crate::{Pool, Refusal, User, tier};

pub use assertion::{Assertion, Use, verify};
pub use encoding::{decode_id, encode_id};
pub use flaw::Flaw;
pub use options::{creation_options, request_options};
pub use registration::{Registered, register};

/// How many passkeys a user may have ("Quotas in Amazon Cognito").
pub const MOST_PER_USER: u8 = 20;

/// How long the challenge of a registration is good, in seconds: longer than a browser asks its user.
pub const REGISTRATION_SECONDS: i64 = 300;

/// Bytes in a challenge. Sixteen are the least that the standard allows.
pub const CHALLENGE_LEN: usize = 32;

/// The site that passkeys of a pool belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// The domain.
    pub id: String,
    /// Whether authenticators have to verify their user, by PIN or biometrics.
    pub verification: UserVerificationType,
}

impl RelyingParty {
    /// The one that the pool names. Without a name it would be the pool's domain, which pools here do not have.
    pub fn of(pool: &Pool) -> Option<Self> {
        let config = pool.web_authn.as_ref()?;
        let id = config.relying_party_id.clone()?;
        Some(Self { id, verification: config.user_verification.unwrap_or(UserVerificationType::Preferred) })
    }

    /// As it appears at the sign-in of a user: whoever lets passkeys stand for two factors is always verified
    /// (`WebAuthnMfaSettingsType`, API Reference).
    pub fn for_sign_in(pool: &Pool, user: &User) -> Option<Self> {
        let party = Self::of(pool)?;
        let verification = if user.hidden.mfa.web_authn { UserVerificationType::Required } else { party.verification };
        Some(Self { verification, ..party })
    }
}

/// Refuses where the pool does not let users sign in with passkeys.
pub fn check_enabled(pool: &Pool) -> Result<(), Refusal> {
    if tier::first_factors(&pool.config).contains(&AuthFactorType::WebAuthn) {
        return Ok(());
    }
    Err(Refusal::new(Exception::WebAuthnNotEnabled, "Passkey sign-in is not enabled for this user pool."))
}

/// Refuses a user who has to choose a new password first: whatever else would let them in, changes with it.
pub fn check_holder(user: &User) -> Result<(), Refusal> {
    if user.status != UserStatusType::ResetRequired {
        return Ok(());
    }
    Err(Refusal::new(Exception::PasswordResetRequired, "Password reset required for the user"))
}

/// Refuses a user who has as many passkeys as there may be.
pub fn check_count(count: i64) -> Result<(), Refusal> {
    if count < i64::from(MOST_PER_USER) {
        return Ok(());
    }
    Err(Refusal::new(Exception::LimitExceeded, format!("A user can have at most {MOST_PER_USER} passkeys.")))
}

/// `ResourceNotFoundException`: the user has no such passkey.
pub fn unknown() -> Refusal {
    Refusal::new(Exception::ResourceNotFound, "Passkey does not exist.")
}

/// `WebAuthnChallengeNotFoundException`: no registration was begun, or it was over already.
pub fn no_challenge() -> Refusal {
    Flaw::WrongChallenge.refusal()
}

/// `WebAuthnClientMismatchException`: the registration was begun with another app client.
pub fn other_client() -> Refusal {
    Refusal::new(Exception::WebAuthnClientMismatch, "The registration was started with another app client.")
}

/// A passkey of a user, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The id that its authenticator gave it.
    pub id: Vec<u8>,
    /// Whose it is.
    pub user: UserId,
    /// Its `COSE_Key`.
    pub public_key: Vec<u8>,
    /// The signature counter of its last use; stays 0 where the authenticator has none.
    pub counter: u32,
    /// Whether it was backed up at its last use.
    pub backed_up: bool,
    /// When it was registered.
    pub created: Timestamp,
    /// What does not change.
    pub details: Details,
    /// Counts the changes, for compare-and-set.
    pub version: i64,
}

/// What was said of a passkey when it was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The relying party that it is good for.
    pub relying_party: String,
    /// `platform` or `cross-platform`, if the browser said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment>,
    /// How the browser reaches the authenticator (`internal`, `hybrid`, `usb`…).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<String>,
    /// Whether it may be copied to other devices.
    #[serde(default)]
    pub backup_eligible: bool,
}

/// Where an authenticator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attachment {
    /// Part of the device.
    Platform,
    /// Carried along.
    CrossPlatform,
}

impl Attachment {
    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }
}

impl Passkey {
    /// What lists call it. `Roaming passkey` is the name in the documentation (`ListWebAuthnCredentials`), the others
    /// are ours.
    pub fn friendly_name(&self) -> &'static str {
        match self.details.attachment {
            Some(Attachment::CrossPlatform) => "Roaming passkey",
            Some(Attachment::Platform) => "Platform passkey",
            None => "Passkey",
        }
    }
}

#[cfg(test)]
mod fixtures {
    //! A relying party, and a passkey that an authenticator registered with it.

    use cognate_crypto::testing::{Authenticator, Ceremony};
    use data_encoding::BASE64URL_NOPAD;

    use super::*;
    use crate::fixtures::user_with;

    pub const RP: &str = "example.com";
    pub const CHALLENGE: [u8; CHALLENGE_LEN] = [0xa5; CHALLENGE_LEN];
    pub const USER: UserId = [7; 16];

    pub fn user() -> User {
        user_with("maria", &[])
    }

    pub fn party() -> RelyingParty {
        RelyingParty { id: RP.to_owned(), verification: UserVerificationType::Preferred }
    }

    pub fn strict_party() -> RelyingParty {
        RelyingParty { verification: UserVerificationType::Required, ..party() }
    }

    pub fn challenge() -> String {
        BASE64URL_NOPAD.encode(&CHALLENGE)
    }

    pub fn registration() -> Ceremony {
        Ceremony::registration(&challenge(), RP)
    }

    pub fn assertion() -> Ceremony {
        Ceremony::assertion(&challenge(), RP)
    }

    pub fn passkey(authenticator: &Authenticator) -> Passkey {
        Passkey {
            id: authenticator.id.clone(),
            user: USER,
            public_key: authenticator.public_key(),
            counter: 0,
            backed_up: false,
            created: Timestamp::from_micros(1),
            details: Details {
                relying_party: RP.to_owned(),
                attachment: Some(Attachment::Platform),
                transports: vec!["internal".to_owned()],
                backup_eligible: false,
            },
            version: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pool(config: serde_json::Value, web_authn: serde_json::Value) -> Pool {
        let config = serde_json::from_value(config).unwrap();
        Pool { config, web_authn: serde_json::from_value(web_authn).unwrap(), ..Pool::default() }
    }

    #[test]
    fn passkeys_are_enabled_as_a_first_factor() {
        let with = |factors: &[&str]| {
            pool(json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": factors}}}), json!(null))
        };
        assert_eq!(check_enabled(&with(&["PASSWORD", "WEB_AUTHN"])), Ok(()));
        for pool in [with(&["PASSWORD"]), pool(json!({}), json!({"RelyingPartyId": "example.com"}))] {
            assert_eq!(check_enabled(&pool).unwrap_err().exception, Exception::WebAuthnNotEnabled);
        }
    }

    #[test]
    fn the_relying_party_is_the_one_that_the_pool_names() {
        let of = |web_authn| RelyingParty::of(&pool(json!({}), web_authn));
        assert_eq!(of(json!(null)), None);
        assert_eq!(of(json!({"UserVerification": "required"})), None);
        let preferred = RelyingParty { id: "example.com".to_owned(), verification: UserVerificationType::Preferred };
        assert_eq!(of(json!({"RelyingPartyId": "example.com"})), Some(preferred.clone()));
        let required = RelyingParty { verification: UserVerificationType::Required, ..preferred };
        assert_eq!(of(json!({"RelyingPartyId": "example.com", "UserVerification": "required"})), Some(required));
    }

    #[test]
    fn a_user_whose_passkeys_stand_for_two_factors_is_verified() {
        let pool = pool(json!({}), json!({"RelyingPartyId": "example.com"}));
        let mut user = fixtures::user();
        let verification = |user: &User| RelyingParty::for_sign_in(&pool, user).unwrap().verification;
        assert_eq!(verification(&user), UserVerificationType::Preferred);
        user.hidden.mfa.web_authn = true;
        assert_eq!(verification(&user), UserVerificationType::Required);
        assert_eq!(RelyingParty::of(&pool).unwrap().verification, UserVerificationType::Preferred);
    }

    #[test]
    fn a_user_who_has_to_reset_their_password_does_that_first() {
        let mut user = fixtures::user();
        assert_eq!(check_holder(&user), Ok(()));
        user.status = UserStatusType::ResetRequired;
        let refusal = check_holder(&user).unwrap_err().to_string();
        assert_eq!(refusal, "PasswordResetRequiredException: Password reset required for the user");
    }

    #[test]
    fn the_twentieth_passkey_is_the_last() {
        assert_eq!(check_count(19), Ok(()));
        assert_eq!(check_count(20).unwrap_err().exception, Exception::LimitExceeded);
    }
}
