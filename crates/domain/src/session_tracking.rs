//! Whether a pool keeps a list of its users' sessions, and how many each user may have ("Managing user sessions" in the
//! developer guide; `SetUserPoolSessionConfiguration`, API Reference).

use cognate_model::{
    ClientSSOSessionConfigType, GetUserPoolClientSessionConfigurationResponse, GetUserPoolSessionConfigurationResponse,
    SetUserPoolClientSessionConfigurationRequest, SetUserPoolClientSessionConfigurationResponse,
    SetUserPoolSessionConfigurationRequest, SetUserPoolSessionConfigurationResponse, UserPoolTierType,
    UserPoolTokenSessionConfigType, UserSessionTrackingType,
};
use serde::{Deserialize, Serialize};

use crate::{Client, Pool, Refusal, tier};

/// The name of the paid feature; not recorded.
const FEATURE: &str = "User Session Management";

/// How many sessions a user may have unless told otherwise.
const DEFAULT_MAX_PER_USER: i32 = 20;

/// How long a client reuses a session of the hosted pages unless told otherwise.
const DEFAULT_SSO_MINUTES: i32 = 60;

/// What a pool was told about sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionConfig {
    /// Whether they are tracked.
    pub tracking: UserSessionTrackingType,
    /// How many a user may have.
    pub max_per_user: i32,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self { tracking: UserSessionTrackingType::Disabled, max_per_user: DEFAULT_MAX_PER_USER }
    }
}

/// How many sessions each user of a pool may have; none where sessions are not tracked. A pool that went down to LITE
/// keeps its configuration, and tracks nothing.
pub fn limit(pool: &Pool) -> Option<i64> {
    let config = pool.sessions.unwrap_or_default();
    let tracks = config.tracking == UserSessionTrackingType::Enabled && pool.tier() != UserPoolTierType::Lite;
    tracks.then_some(i64::from(config.max_per_user))
}

/// `GetUserPoolSessionConfiguration`.
pub fn describe(pool: &Pool) -> GetUserPoolSessionConfigurationResponse {
    let config = pool.sessions.unwrap_or_default();
    GetUserPoolSessionConfigurationResponse {
        user_pool_id: Some(pool.id().to_owned()),
        user_session_tracking: Some(config.tracking),
        token_session: Some(UserPoolTokenSessionConfigType { max_per_user: config.max_per_user }),
    }
}

/// `SetUserPoolSessionConfiguration`.
pub fn set(
    pool: &mut Pool,
    request: &SetUserPoolSessionConfigurationRequest,
) -> Result<SetUserPoolSessionConfigurationResponse, Refusal> {
    require_tier(pool)?;
    pool.sessions = Some(SessionConfig {
        tracking: request.user_session_tracking,
        max_per_user: request.token_session.max_per_user,
    });
    let set = describe(pool);
    Ok(SetUserPoolSessionConfigurationResponse {
        user_pool_id: set.user_pool_id,
        user_session_tracking: set.user_session_tracking,
        token_session: set.token_session,
    })
}

/// `GetUserPoolClientSessionConfiguration`.
pub fn describe_client(client: &Client) -> GetUserPoolClientSessionConfigurationResponse {
    let minutes = client.sso_minutes.unwrap_or(DEFAULT_SSO_MINUTES);
    GetUserPoolClientSessionConfigurationResponse {
        user_pool_id: Some(client.pool().to_owned()),
        client_id: Some(client.id().to_owned()),
        sso_session: Some(ClientSSOSessionConfigType { max_validity_minutes: minutes }),
    }
}

/// `SetUserPoolClientSessionConfiguration`. The pool has to track sessions; the text of that refusal is not recorded.
pub fn set_client(
    pool: &Pool,
    client: &mut Client,
    request: &SetUserPoolClientSessionConfigurationRequest,
) -> Result<SetUserPoolClientSessionConfigurationResponse, Refusal> {
    require_tier(pool)?;
    if limit(pool).is_none() {
        return Err(Refusal::invalid(format!("User session tracking is not enabled for user pool {}.", pool.id())));
    }
    client.sso_minutes = Some(request.sso_session.max_validity_minutes);
    let set = describe_client(client);
    Ok(SetUserPoolClientSessionConfigurationResponse {
        user_pool_id: set.user_pool_id,
        client_id: set.client_id,
        sso_session: set.sso_session,
    })
}

fn require_tier(pool: &Pool) -> Result<(), Refusal> {
    match pool.tier() {
        UserPoolTierType::Lite => Err(tier::unavailable(UserPoolTierType::Lite, FEATURE)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use cognate_model::{Exception, UserPoolType};

    use super::*;

    fn pool(tier: UserPoolTierType) -> Pool {
        let config = UserPoolType { user_pool_tier: Some(tier), ..UserPoolType::default() };
        Pool { config, ..Pool::default() }
    }

    fn enabled(max_per_user: i32) -> SetUserPoolSessionConfigurationRequest {
        SetUserPoolSessionConfigurationRequest {
            user_pool_id: String::new(),
            user_session_tracking: UserSessionTrackingType::Enabled,
            token_session: UserPoolTokenSessionConfigType { max_per_user },
        }
    }

    fn minutes(max_validity_minutes: i32) -> SetUserPoolClientSessionConfigurationRequest {
        let sso_session = ClientSSOSessionConfigType { max_validity_minutes };
        SetUserPoolClientSessionConfigurationRequest { sso_session, ..Default::default() }
    }

    #[test]
    fn sessions_are_not_tracked_unless_told() {
        let mut pool = pool(UserPoolTierType::Essentials);
        let before = describe(&pool);
        assert_eq!(before.user_session_tracking, Some(UserSessionTrackingType::Disabled));
        assert_eq!(before.token_session.unwrap().max_per_user, 20);
        assert_eq!(limit(&pool), None);
        set(&mut pool, &enabled(3)).unwrap();
        assert_eq!(limit(&pool), Some(3));
    }

    #[test]
    fn the_lite_tier_has_no_sessions() {
        let mut lite = pool(UserPoolTierType::Lite);
        assert_eq!(set(&mut lite, &enabled(3)).unwrap_err().exception, Exception::FeatureUnavailableInTier);
        let refused = set_client(&lite, &mut Client::default(), &minutes(5)).unwrap_err();
        assert_eq!(refused.exception, Exception::FeatureUnavailableInTier);
    }

    #[test]
    fn a_pool_that_went_down_to_lite_tracks_nothing_until_it_comes_back() {
        let mut pool = pool(UserPoolTierType::Plus);
        set(&mut pool, &enabled(3)).unwrap();
        pool.config.user_pool_tier = Some(UserPoolTierType::Lite);
        assert_eq!(limit(&pool), None);
        pool.config.user_pool_tier = Some(UserPoolTierType::Essentials);
        assert_eq!(limit(&pool), Some(3));
    }

    #[test]
    fn a_client_is_configured_where_sessions_are_tracked() {
        let (mut pool, mut client) = (pool(UserPoolTierType::Essentials), Client::default());
        assert_eq!(describe_client(&client).sso_session.unwrap().max_validity_minutes, 60);
        let refused = set_client(&pool, &mut client, &minutes(0)).unwrap_err();
        assert_eq!(refused.exception, Exception::InvalidParameter);
        set(&mut pool, &enabled(3)).unwrap();
        set_client(&pool, &mut client, &minutes(0)).unwrap();
        assert_eq!(describe_client(&client).sso_session.unwrap().max_validity_minutes, 0);
    }
}
