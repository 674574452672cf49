//! A user: what is stored of them.

use std::collections::BTreeMap;

use cognate_model::{AttributeType, MFAOptionType, Timestamp, UserStatusType};
use serde::{Deserialize, Serialize};

/// The sixteen bytes of a user's `sub`.
pub type UserId = [u8; 16];

/// A user of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The `sub`.
    pub id: UserId,
    /// The name that responses carry; the `sub` as text in pools whose users sign in by e-mail or phone.
    pub username: String,
    /// Where the account stands between creation and use.
    pub status: UserStatusType,
    /// Whether the user may sign in.
    pub enabled: bool,
    /// When the user was created.
    pub created: Timestamp,
    /// When attributes, status, password or preferences last changed.
    pub modified: Timestamp,
    /// Name and value of every attribute but `sub`, with `custom:` and `dev:custom:` prefixes.
    pub attributes: BTreeMap<String, String>,
    /// What is not shown.
    pub hidden: Hidden,
    /// Counts the changes, for compare-and-set.
    pub version: i64,
}

/// The part of a user that no answer shows as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hidden {
    /// How the user proves who they are.
    pub password: Password,
    /// The second factors.
    pub mfa: Mfa,
    /// Failed attempts.
    pub lockout: Lockout,
    /// Tokens issued at or before this moment are refused (microseconds; 0 when never signed out).
    pub signed_out_at: i64,
    /// Attribute values that wait for their verification code: name to new value.
    pub pending_attributes: BTreeMap<String, String>,
}

/// A password at rest.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Password {
    /// The Argon2id hash in PHC form; none for a user without a password.
    pub hash: Option<String>,
    /// When a temporary password stops working (microseconds); none for a permanent one.
    pub temporary_until: Option<i64>,
    /// Hashes of earlier passwords, newest first, as many as the pool's history asks for.
    pub history: Vec<String>,
    /// Whether the hash came from elsewhere without what SRP checks a password by: both are made at the next right one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lacks_verifier: bool,
    /// The sealed SRP verifier of a password that was set just now. It is kept in a table of its own, because few
    /// reads of a user need it; the store writes it there together with the user.
    #[serde(skip)]
    pub fresh_verifier: Option<Vec<u8>>,
}

/// A password to set: its hash, and what SRP checks it by.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword {
    /// The Argon2id hash in PHC form.
    pub hash: String,
    /// The SRP verifier with its salt, sealed with the pool's data key.
    pub verifier: Vec<u8>,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(..)")
    }
}

impl Password {
    /// A first password.
    pub fn first(new: NewPassword, temporary_until: Option<i64>) -> Self {
        let fresh_verifier = Some(new.verifier);
        Self { hash: Some(new.hash), temporary_until, history: Vec::new(), lacks_verifier: false, fresh_verifier }
    }

    /// Keeps the same password in another form: neither its time nor the history changes.
    pub fn renew(&mut self, new: NewPassword) {
        self.hash = Some(new.hash);
        self.lacks_verifier = false;
        self.fresh_verifier = Some(new.verifier);
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Password").field("is_set", &self.hash.is_some()).finish_non_exhaustive()
    }
}

/// The second factors of a user.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mfa {
    /// Codes by text message.
    pub sms: bool,
    /// Codes from an authenticator application.
    pub software_token: bool,
    /// Codes by e-mail.
    pub email: bool,
    /// `SMS_MFA`, `SOFTWARE_TOKEN_MFA` or `EMAIL_OTP`.
    pub preferred: Option<String>,
    /// The legacy setting of `AdminSetUserSettings`.
    pub options: Vec<MFAOptionType>,
    /// The verified TOTP secret, sealed with the pool's data key.
    pub totp_secret: Option<Vec<u8>>,
    /// A TOTP secret that waits for its first code, sealed likewise.
    pub pending_totp_secret: Option<Vec<u8>>,
    /// What the user calls the token.
    pub totp_name: Option<String>,
    /// The last time step whose code was accepted.
    pub totp_last_step: Option<u64>,
    /// Whether a passkey may stand for the second factor (`WebAuthnMfaSettings`).
    pub web_authn: bool,
}

impl std::fmt::Debug for Mfa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mfa")
            .field("sms", &self.sms)
            .field("software_token", &self.software_token)
            .field("email", &self.email)
            .field("web_authn", &self.web_authn)
            .field("preferred", &self.preferred)
            .finish_non_exhaustive()
    }
}

/// Failed password attempts in a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lockout {
    /// How many.
    pub failures: u32,
    /// When the last one was (microseconds).
    pub last_failure: i64,
    /// Until when attempts are refused unseen (microseconds).
    pub locked_until: i64,
}

impl Mfa {
    /// `UserMFASettingList`: the factors that are on, none rather than an empty list.
    pub fn setting_list(&self) -> Option<Vec<String>> {
        let on = [(self.sms, "SMS_MFA"), (self.software_token, "SOFTWARE_TOKEN_MFA"), (self.email, "EMAIL_OTP")];
        let list: Vec<String> = on.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()).collect();
        (!list.is_empty()).then_some(list)
    }

    /// Whether a sign-in must not end with the password alone.
    pub fn is_on(&self) -> bool {
        self.sms || self.software_token || self.email || !self.options.is_empty()
    }
}

impl User {
    /// A user who does not exist, for what is asked of a name that nobody has.
    pub fn nobody(id: UserId) -> Self {
        Self {
            username: uuid::Uuid::from_bytes(id).hyphenated().to_string(),
            id,
            status: UserStatusType::Confirmed,
            enabled: true,
            created: Timestamp::default(),
            modified: Timestamp::default(),
            attributes: BTreeMap::new(),
            hidden: Hidden::default(),
            version: 1,
        }
    }

    /// The `sub` as text.
    pub fn sub(&self) -> String {
        uuid::Uuid::from_bytes(self.id).hyphenated().to_string()
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Whether `email` or `phone_number` is verified.
    pub fn is_verified(&self, attribute: &str) -> bool {
        self.attribute(&format!("{attribute}_verified")) == Some("true")
    }

    /// The attributes as answers carry them: `sub` first, the rest by name.
    pub fn attribute_list(&self) -> Vec<AttributeType> {
        let sub = AttributeType { name: "sub".to_owned(), value: Some(self.sub()) };
        let rest = self
            .attributes
            .iter()
            .map(|(name, value)| AttributeType { name: name.clone(), value: Some(value.clone()) });
        std::iter::once(sub).chain(rest).collect()
    }
}
