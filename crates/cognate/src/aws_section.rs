//! `[aws]` of the configuration: with what calls to AWS endpoints are signed.

use cognate_outbound::AwsCredentials;
use serde::Deserialize;
use zeroize::Zeroizing;

/// The credentials of a file; those of the environment are looked for where it has none.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsSection {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

impl AwsSection {
    /// What the environment holds under the names that AWS tools use: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN`. The first two, or nothing.
    pub fn of_environment() -> Option<Self> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Some(Self {
            access_key_id: variable("AWS_ACCESS_KEY_ID")?,
            secret_access_key: variable("AWS_SECRET_ACCESS_KEY")?,
            session_token: variable("AWS_SESSION_TOKEN"),
        })
    }

    pub(crate) fn credentials(self) -> AwsCredentials {
        AwsCredentials {
            access_key_id: self.access_key_id,
            secret_access_key: Zeroizing::new(self.secret_access_key),
            session_token: self.session_token.map(Zeroizing::new),
        }
    }
}

impl std::fmt::Debug for AwsSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsSection").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}
