//! Pages outside the API: the keys and the discovery document of a user pool.
//!
//! Sources: "Verifying JSON web tokens" (Amazon Cognito developer guide), RFC 7517, `OpenID` Connect Discovery 1.0.

mod confirm_user;

use cognate_operations::{Context, Error, keys};
use serde_json::{Value, json};

pub use confirm_user::Confirmation;

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page<'a> {
    /// `/<pool>/.well-known/jwks.json`.
    Keys(&'a str),
    /// `/<pool>/.well-known/openid-configuration`.
    Discovery(&'a str),
}

impl<'a> Page<'a> {
    /// Reads a path; none for paths that are not of this kind.
    pub fn read(path: &'a str) -> Option<Self> {
        let (pool, name) = path.strip_prefix('/')?.split_once("/.well-known/")?;
        match name {
            "jwks.json" => Some(Self::Keys(pool)),
            "openid-configuration" => Some(Self::Discovery(pool)),
            _ => None,
        }
    }

    /// The document.
    pub async fn document(&self, cx: &Context, base: &str) -> Result<Value, Error> {
        match self {
            Self::Keys(id) => {
                let pool = cx.pool(id).await?;
                keys::key_set(cx, &pool).await
            }
            Self::Discovery(id) => {
                let pool = cx.pool(id).await?;
                let issuer = cx.settings.issuer_of(pool.id());
                // The keys are where this server answers, whatever the tokens say about where they come from.
                let keys = format!("{}/{}/.well-known/jwks.json", base.trim_end_matches('/'), pool.id());
                Ok(json!({
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "issuer": issuer,
                    "jwks_uri": keys,
                    "response_types_supported": ["code", "token"],
                    "scopes_supported": ["openid", "email", "phone", "profile"],
                    "subject_types_supported": ["public"],
                    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn only_the_two_documents_are_pages() {
        assert_eq!(Page::read("/us-east-1_A/.well-known/jwks.json"), Some(Page::Keys("us-east-1_A")));
        assert_eq!(Page::read("/us-east-1_A/.well-known/openid-configuration"), Some(Page::Discovery("us-east-1_A")));
        assert_eq!(Page::read("/us-east-1_A/.well-known/openid_configuration"), None);
        assert_eq!(Page::read("/"), None);
    }
}
