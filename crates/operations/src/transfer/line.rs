//! The lines of a file. Members that nobody knows are refused: a misspelt one would lose what it says.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cognate_domain::passkeys::Details;
use cognate_domain::{Client, Pool};
use cognate_model::{GroupType, MFAOptionType, RiskConfigurationType, UserStatusType};
use serde::{Deserialize, Serialize};

use super::moment::Moment;

/// What the header calls the format.
pub(super) const FORMAT: &str = "cognate-export";
/// Its version. Readers refuse a higher one.
pub(super) const VERSION: u32 = 1;

/// What a line is: its member `type`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Header,
    Pool,
    Client,
    Risk,
    Group,
    #[default]
    User,
    End,
}

/// What a line begins to be read by.
#[derive(Deserialize)]
pub(super) struct Typed<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    #[serde(default, borrow)]
    pub(super) pool: Option<Cow<'a, str>>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) format: String,
    pub(super) version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created: Option<Moment>,
    #[serde(default)]
    pub(super) secrets: bool,
}

/// A pool, ahead of what is in it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoolLine {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) definition: Pool,
}

/// An app client.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientLine {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) client: Client,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<ClientSecretLine>,
}

/// A secret of a client, in clear.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientSecretLine {
    pub(super) id: String,
    pub(super) created: Moment,
    pub(super) secret: String,
}

/// What a pool or one of its clients does about risks.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RiskLine {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pool: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<String>,
    pub(super) configuration: RiskConfigurationType,
}

/// A group.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupLine {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pool: Option<String>,
    pub(super) group: GroupType,
}

/// A user.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct UserLine {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pool: Option<String>,
    pub(super) username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<UserStatusType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) modified: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signed_out: Option<Moment>,
    pub(super) attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<PasswordLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mfa: Option<MfaLine>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) passkeys: Vec<PasskeyLine>,
}

/// What a password is checked by.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PasswordLine {
    pub(super) hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temporary_until: Option<Moment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) history: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) srp: Option<SrpLine>,
}

/// What SRP checks it by, in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SrpLine {
    pub(super) salt: String,
    pub(super) verifier: String,
}

/// The second factors.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MfaLine {
    pub(super) sms: bool,
    pub(super) software_token: bool,
    pub(super) email: bool,
    pub(super) web_authn: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) preferred: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) options: Vec<MFAOptionType>,
    /// In base32 without padding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) totp_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) totp_name: Option<String>,
    /// The last time step whose code was taken, so that none is taken twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) totp_last_step: Option<u64>,
}

/// A passkey; id and key in base64url without padding.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyLine {
    pub(super) id: String,
    pub(super) public_key: String,
    pub(super) counter: u32,
    pub(super) backed_up: bool,
    pub(super) created: Moment,
    pub(super) details: Details,
}

/// The last line: how many users came before it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) users: u64,
}
