//! How long a client's tokens live (`TokenValidityUnitsType` and `CreateUserPoolClient`, API Reference).

use cognate_model::{TimeUnitsType, UserPoolClientType};

use crate::{Client, Refusal};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Access and ID tokens unless told otherwise.
const DEFAULT_TOKEN: i64 = HOUR;

/// Refresh tokens unless told otherwise.
const DEFAULT_REFRESH: i64 = 30 * DAY;

/// The time between two challenges unless told otherwise, in minutes.
pub(crate) const DEFAULT_SESSION_MINUTES: i32 = 3;

/// Lifetimes in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLifetimes {
    /// Of access tokens.
    pub access: i64,
    /// Of ID tokens.
    pub id: i64,
    /// Of refresh tokens.
    pub refresh: i64,
}

/// The lifetimes that a client's configuration means.
pub fn token_lifetimes(client: &Client) -> TokenLifetimes {
    lifetimes(&client.config)
}

/// How long a sign-in may wait for the answer to a challenge, in seconds.
pub fn auth_session_seconds(client: &Client) -> i64 {
    i64::from(client.config.auth_session_validity.unwrap_or(DEFAULT_SESSION_MINUTES)) * MINUTE
}

fn lifetimes(config: &UserPoolClientType) -> TokenLifetimes {
    let units = config.token_validity_units.clone().unwrap_or_default();
    let token = |value: Option<i32>, unit: Option<TimeUnitsType>| {
        value.map_or(DEFAULT_TOKEN, |value| i64::from(value) * seconds(unit.unwrap_or(TimeUnitsType::Hours)))
    };
    let refresh = config.refresh_token_validity.filter(|value| *value != 0);
    TokenLifetimes {
        access: token(config.access_token_validity, units.access_token),
        id: token(config.id_token_validity, units.id_token),
        refresh: refresh.map_or(DEFAULT_REFRESH, |value| i64::from(value) * refresh_unit(config)),
    }
}

fn refresh_unit(config: &UserPoolClientType) -> i64 {
    let unit = config.token_validity_units.as_ref().and_then(|units| units.refresh_token);
    seconds(unit.unwrap_or(TimeUnitsType::Days))
}

const fn seconds(unit: TimeUnitsType) -> i64 {
    match unit {
        TimeUnitsType::Seconds => 1,
        TimeUnitsType::Minutes => MINUTE,
        TimeUnitsType::Hours => HOUR,
        TimeUnitsType::Days => DAY,
    }
}

/// Ranges hold in seconds, whatever the unit, and no token outlives the one that renews it (messages recorded from
/// the live service).
pub(crate) fn check_validity(config: &UserPoolClientType) -> Result<(), Refusal> {
    let lifetimes = lifetimes(config);
    let is_token = |lifetime: i64| (5 * MINUTE..=DAY).contains(&lifetime);
    let is_refresh = |lifetime: i64| (HOUR..=3650 * DAY).contains(&lifetime);
    if !is_token(lifetimes.access) || !is_token(lifetimes.id) || !is_refresh(lifetimes.refresh) {
        return Err(Refusal::invalid("Invalid range for token validity."));
    }
    if lifetimes.access > lifetimes.refresh || lifetimes.id > lifetimes.refresh {
        return Err(Refusal::invalid(
            "Access and Id Token expiration times must be less than or equal to refresh token expiration times.",
        ));
    }
    Ok(())
}

/// Shows the default lifetime of refresh tokens, in the client's unit, and the units even where there are none.
pub(crate) fn complete_validity(config: &mut UserPoolClientType) {
    if config.refresh_token_validity.is_none_or(|value| value == 0) {
        config.refresh_token_validity = i32::try_from(DEFAULT_REFRESH / refresh_unit(config)).ok();
    }
    config.token_validity_units.get_or_insert_default();
    config.auth_session_validity.get_or_insert(DEFAULT_SESSION_MINUTES);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn client(config: Value) -> Client {
        Client { config: serde_json::from_value(config).unwrap(), ..Client::default() }
    }

    fn check(config: Value) -> Result<(), String> {
        check_validity(&client(config).config).map_err(|refusal| refusal.message.into_owned())
    }

    #[test]
    fn tokens_live_an_hour_and_refresh_tokens_thirty_days() {
        let expected = TokenLifetimes { access: 3600, id: 3600, refresh: 2_592_000 };
        assert_eq!(token_lifetimes(&client(json!({}))), expected);
        assert_eq!(token_lifetimes(&client(json!({"RefreshTokenValidity": 0}))), expected);
    }

    #[test]
    fn values_count_in_hours_and_days_unless_units_say_otherwise() {
        let plain = client(json!({"AccessTokenValidity": 2, "IdTokenValidity": 3, "RefreshTokenValidity": 4}));
        assert_eq!(token_lifetimes(&plain), TokenLifetimes { access: 7200, id: 10_800, refresh: 345_600 });
        let units = client(json!({"AccessTokenValidity": 600, "IdTokenValidity": 10, "RefreshTokenValidity": 4,
            "TokenValidityUnits": {"AccessToken": "seconds", "IdToken": "minutes", "RefreshToken": "hours"}}));
        assert_eq!(token_lifetimes(&units), TokenLifetimes { access: 600, id: 600, refresh: 14_400 });
    }

    #[test]
    fn ranges_hold_in_every_unit() {
        let message = "Invalid range for token validity.";
        for config in [
            json!({"AccessTokenValidity": 25}),
            json!({"IdTokenValidity": 4, "TokenValidityUnits": {"IdToken": "minutes"}}),
            json!({"RefreshTokenValidity": 59, "TokenValidityUnits": {"RefreshToken": "minutes"}}),
            json!({"RefreshTokenValidity": 3651}),
            json!({"RefreshTokenValidity": i32::MAX, "TokenValidityUnits": {"RefreshToken": "days"}}),
        ] {
            assert_eq!(check(config.clone()).unwrap_err(), message, "{config}");
        }
        assert_eq!(check(json!({"AccessTokenValidity": 1, "TokenValidityUnits": {"AccessToken": "days"}})), Ok(()));
    }

    #[test]
    fn no_token_outlives_the_one_that_renews_it() {
        let message =
            "Access and Id Token expiration times must be less than or equal to refresh token expiration times.";
        let hours = |access| {
            json!({"AccessTokenValidity": access, "RefreshTokenValidity": 2,
                "TokenValidityUnits": {"RefreshToken": "hours"}})
        };
        assert_eq!(check(hours(3)).unwrap_err(), message);
        assert_eq!(check(hours(2)), Ok(()));
    }

    #[test]
    fn the_default_is_shown_in_the_clients_unit() {
        let shown = |config| {
            let mut client = client(config);
            complete_validity(&mut client.config);
            client.config.refresh_token_validity
        };
        assert_eq!(shown(json!({})), Some(30));
        assert_eq!(shown(json!({"RefreshTokenValidity": 0})), Some(30));
        assert_eq!(shown(json!({"TokenValidityUnits": {"RefreshToken": "hours"}})), Some(720));
    }

    #[test]
    fn a_sign_in_waits_three_minutes_unless_told_otherwise() {
        assert_eq!(auth_session_seconds(&client(json!({}))), 180);
        assert_eq!(auth_session_seconds(&client(json!({"AuthSessionValidity": 15}))), 900);
    }
}
