//! An app client: what is stored of it.

use cognate_model::{Timestamp, UserPoolClientType};
use serde::{Deserialize, Serialize};

/// An app client. `config` is what `DescribeUserPoolClient` answers, less the secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// The configuration as the API shows it, without `ClientSecret`.
    pub config: UserPoolClientType,
    /// At most two, oldest first; empty for a public client.
    #[serde(default)]
    pub secrets: Vec<ClientSecret>,
    /// `SSOSession.MaxValidityMinutes`, set by `SetUserPoolClientSessionConfiguration` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_minutes: Option<i32>,
    /// Counts the changes, for compare-and-set.
    #[serde(skip)]
    pub version: i64,
}

/// A client secret at rest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSecret {
    /// `<client id>--<seconds since the epoch>`.
    pub id: String,
    /// The secret, sealed with the pool's data key.
    pub sealed: Vec<u8>,
    /// Microseconds since the epoch.
    pub created: i64,
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSecret").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Client {
    /// The client's id.
    pub fn id(&self) -> &str {
        self.config.client_id.as_deref().unwrap_or_default()
    }

    /// The pool that it belongs to.
    pub fn pool(&self) -> &str {
        self.config.user_pool_id.as_deref().unwrap_or_default()
    }

    /// Whether callers must prove that they know a secret.
    pub fn is_confidential(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// When it was created.
    pub fn created(&self) -> Timestamp {
        self.config.creation_date.unwrap_or_default()
    }
}
