//! Before tokens are signed: the function changes their claims, scopes and groups.

use cognate_domain::claims::{self, SIGN_IN_SCOPE};
use cognate_domain::token_customization::Customization;
use cognate_domain::trigger::{Trigger, passed, user_attributes, with};
use cognate_domain::{Client, Pool, User};
use cognate_model::{GroupType, PreTokenGenerationLambdaVersionType as Version};
use serde_json::{Map, json};

use super::{Happening, Occasion, Passed, call};
use crate::{Context, Error};

/// On which occasion tokens are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A sign-in, or `GetTokensFromRefreshToken`.
    Authentication,
    /// A new password was set in the place of a temporary one.
    NewPasswordChallenge,
    /// A device proved itself.
    AuthenticateDevice,
    /// `REFRESH_TOKEN_AUTH`.
    RefreshTokens,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Authentication => "TokenGeneration_Authentication",
            Self::NewPasswordChallenge => "TokenGeneration_NewPasswordChallenge",
            Self::AuthenticateDevice => "TokenGeneration_AuthenticateDevice",
            Self::RefreshTokens => "TokenGeneration_RefreshTokens",
        }
    }
}

/// Why tokens are made, as the function hears it.
#[derive(Clone, Copy)]
pub(crate) struct Cause<'a> {
    /// The occasion.
    pub(crate) source: Source,
    /// `ClientMetadata`.
    pub(crate) metadata: Option<&'a Passed>,
}

/// Asks what the tokens shall say.
pub(crate) async fn ask(
    cx: &Context,
    pool: &Pool,
    client: &Client,
    user: &User,
    groups: &[GroupType],
    cause: Cause<'_>,
) -> Result<Customization, Error> {
    if Trigger::PreTokenGeneration.function(pool).is_none() {
        return Ok(Customization::default());
    }
    let version = version(pool);
    let mut request = Map::from_iter([
        ("userAttributes".to_owned(), json!(user_attributes(pool, user))),
        ("groupConfiguration".to_owned(), claims::group_configuration(groups)),
    ]);
    if version != Version::V10 {
        request.insert("scopes".to_owned(), json!([SIGN_IN_SCOPE]));
    }
    let (number, response) = match version {
        Version::V10 => ("1", "claimsOverrideDetails"),
        Version::V20 => ("2", "claimsAndScopeOverrideDetails"),
        Version::V30 => ("3", "claimsAndScopeOverrideDetails"),
    };
    let happening = Happening {
        trigger: Trigger::PreTokenGeneration,
        source: cause.source.name(),
        version: number,
        request: with(request, "clientMetadata", passed(cause.metadata)),
        response: json!({response: null}),
    };
    let occasion = Occasion { pool, client: Some(client), user_name: &user.username };
    match call(cx, occasion, happening).await? {
        Some(answer) => Ok(Customization::read(version, &answer)?),
        None => Ok(Customization::default()),
    }
}

fn version(pool: &Pool) -> Version {
    let config = pool.config.lambda_config.as_ref().and_then(|config| config.pre_token_generation_config.as_ref());
    config.map_or(Version::V10, |config| config.lambda_version)
}
