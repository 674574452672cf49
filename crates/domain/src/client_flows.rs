//! The ways to sign in that a client allows (`CreateUserPoolClient`, `ExplicitAuthFlows`, API Reference).

use cognate_model::{
    AuthFlowType, ExplicitAuthFlowsType, FeatureType, RefreshTokenRotationType, UserPoolClientType, UserPoolTierType,
};

use crate::lists::unique;
use crate::{Client, Refusal, tier};

/// The order in which the live service lists flows, whatever the order of the request (the first nine recorded, but
/// for the place of `ALLOW_USER_AUTH`).
const ORDER: [ExplicitAuthFlowsType; 11] = [
    ExplicitAuthFlowsType::AdminNoSrpAuth,
    ExplicitAuthFlowsType::CustomAuthFlowOnly,
    ExplicitAuthFlowsType::UserPasswordAuth,
    ExplicitAuthFlowsType::AllowCustomAuth,
    ExplicitAuthFlowsType::AllowUserPasswordAuth,
    ExplicitAuthFlowsType::AllowAdminUserPasswordAuth,
    ExplicitAuthFlowsType::AllowUserAuth,
    ExplicitAuthFlowsType::AllowUserSrpAuth,
    ExplicitAuthFlowsType::AllowRefreshTokenAuth,
    ExplicitAuthFlowsType::AllowTokenExchangeDelegation,
    ExplicitAuthFlowsType::AllowTokenExchangeImpersonation,
];

/// What a client without `ExplicitAuthFlows` allows.
const DEFAULT: [ExplicitAuthFlowsType; 3] = [
    ExplicitAuthFlowsType::AllowUserSrpAuth,
    ExplicitAuthFlowsType::AllowCustomAuth,
    ExplicitAuthFlowsType::AllowRefreshTokenAuth,
];

/// The flows that a client allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedFlows {
    flows: Vec<ExplicitAuthFlowsType>,
}

/// The flows that a client allows, defaults and legacy names included.
pub fn flows(client: &Client) -> AllowedFlows {
    let listed = client.config.explicit_auth_flows.as_deref().unwrap_or_default();
    let mut flows: Vec<_> = if listed.is_empty() { DEFAULT.to_vec() } else { listed.to_vec() };
    // The old names add to what every client could do, unless the client is for custom challenges only (SRP beside
    // `USER_PASSWORD_AUTH` is recorded from the live service).
    if listed.iter().any(|flow| is_legacy(*flow)) {
        flows.push(ExplicitAuthFlowsType::AllowRefreshTokenAuth);
        flows.push(ExplicitAuthFlowsType::AllowCustomAuth);
        if !listed.contains(&ExplicitAuthFlowsType::CustomAuthFlowOnly) {
            flows.push(ExplicitAuthFlowsType::AllowUserSrpAuth);
        }
    }
    // A rotating refresh token is exchanged with GetTokensFromRefreshToken only.
    if rotates(client.config.refresh_token_rotation.as_ref()) {
        flows.retain(|flow| *flow != ExplicitAuthFlowsType::AllowRefreshTokenAuth);
    }
    AllowedFlows { flows }
}

impl AllowedFlows {
    /// Whether a sign-in may start with this flow.
    pub fn allows(&self, flow: AuthFlowType) -> bool {
        use ExplicitAuthFlowsType as Explicit;
        let any: &[Explicit] = match flow {
            AuthFlowType::UserSrpAuth => &[Explicit::AllowUserSrpAuth],
            AuthFlowType::RefreshTokenAuth | AuthFlowType::RefreshToken => &[Explicit::AllowRefreshTokenAuth],
            AuthFlowType::CustomAuth => &[Explicit::AllowCustomAuth],
            AuthFlowType::AdminNoSrpAuth | AuthFlowType::AdminUserPasswordAuth => {
                &[Explicit::AllowAdminUserPasswordAuth, Explicit::AdminNoSrpAuth]
            }
            AuthFlowType::UserPasswordAuth => &[Explicit::AllowUserPasswordAuth, Explicit::UserPasswordAuth],
            AuthFlowType::UserAuth => &[Explicit::AllowUserAuth],
        };
        any.iter().any(|flow| self.flows.contains(flow))
    }

    /// Whether the client lists this flow, which starts no sign-in.
    pub fn lists(&self, flow: ExplicitAuthFlowsType) -> bool {
        self.flows.contains(&flow)
    }
}

fn is_legacy(flow: ExplicitAuthFlowsType) -> bool {
    !flow.as_str().starts_with("ALLOW_")
}

fn rotates(rotation: Option<&RefreshTokenRotationType>) -> bool {
    rotation.is_some_and(|rotation| rotation.feature == FeatureType::Enabled)
}

/// Messages recorded from the live service, but for the name of the paid feature.
pub(crate) fn check_flows(config: &UserPoolClientType, tier: UserPoolTierType) -> Result<(), Refusal> {
    let listed = config.explicit_auth_flows.as_deref().unwrap_or_default();
    let legacy = listed.iter().filter(|flow| is_legacy(**flow)).count();
    if legacy != 0 && legacy != listed.len() {
        return Err(Refusal::invalid("Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names."));
    }
    if tier == UserPoolTierType::Lite && listed.contains(&ExplicitAuthFlowsType::AllowUserAuth) {
        return Err(tier::unavailable(tier, "Passwordless Sign-In"));
    }
    let refreshes = listed.contains(&ExplicitAuthFlowsType::AllowRefreshTokenAuth);
    if refreshes && rotates(config.refresh_token_rotation.as_ref()) {
        return Err(Refusal::invalid(
            "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled.",
        ));
    }
    Ok(())
}

/// Lists flows in the service's order, and shows the grace period that was left out (recorded from the live service).
pub(crate) fn complete_flows(config: &mut UserPoolClientType) {
    config.explicit_auth_flows = unique(config.explicit_auth_flows.take());
    if let Some(flows) = &mut config.explicit_auth_flows {
        flows.sort_by_key(|flow| ORDER.iter().position(|known| known == flow));
    }
    if let Some(rotation) = &mut config.refresh_token_rotation {
        rotation.retry_grace_period_seconds.get_or_insert(0);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn allowed(config: Value) -> Vec<&'static str> {
        let client = Client { config: serde_json::from_value(config).unwrap(), ..Client::default() };
        let flows = flows(&client);
        [
            AuthFlowType::UserSrpAuth,
            AuthFlowType::RefreshTokenAuth,
            AuthFlowType::RefreshToken,
            AuthFlowType::CustomAuth,
            AuthFlowType::AdminNoSrpAuth,
            AuthFlowType::UserPasswordAuth,
            AuthFlowType::AdminUserPasswordAuth,
            AuthFlowType::UserAuth,
        ]
        .into_iter()
        .filter(|flow| flows.allows(*flow))
        .map(AuthFlowType::as_str)
        .collect()
    }

    fn explicit(names: &[&str]) -> Value {
        json!({"ExplicitAuthFlows": names})
    }

    fn check(config: Value, tier: UserPoolTierType) -> Result<(), String> {
        let config = serde_json::from_value(config).unwrap();
        check_flows(&config, tier).map_err(|refusal| refusal.message.into_owned())
    }

    #[test]
    fn without_flows_a_client_allows_srp_custom_and_refresh() {
        let expected = ["USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "CUSTOM_AUTH"];
        assert_eq!(allowed(json!({})), expected);
    }

    #[test]
    fn explicit_flows_allow_what_they_name() {
        assert_eq!(allowed(explicit(&["ALLOW_USER_PASSWORD_AUTH"])), ["USER_PASSWORD_AUTH"]);
        assert_eq!(
            allowed(explicit(&["ALLOW_ADMIN_USER_PASSWORD_AUTH"])),
            ["ADMIN_NO_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH"]
        );
        assert_eq!(allowed(explicit(&["ALLOW_USER_AUTH"])), ["USER_AUTH"]);
    }

    #[test]
    fn legacy_names_add_to_the_default() {
        assert_eq!(
            allowed(explicit(&["USER_PASSWORD_AUTH"])),
            ["USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "CUSTOM_AUTH", "USER_PASSWORD_AUTH"]
        );
        assert_eq!(
            allowed(explicit(&["CUSTOM_AUTH_FLOW_ONLY"])),
            ["REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "CUSTOM_AUTH"]
        );
    }

    #[test]
    fn rotation_takes_the_refresh_flow_away() {
        let rotating = json!({"RefreshTokenRotation": {"Feature": "ENABLED"}});
        assert_eq!(allowed(rotating), ["USER_SRP_AUTH", "CUSTOM_AUTH"]);
    }

    #[test]
    fn old_and_new_names_do_not_mix() {
        assert_eq!(
            check(explicit(&["ALLOW_USER_SRP_AUTH", "ADMIN_NO_SRP_AUTH"]), UserPoolTierType::Plus).unwrap_err(),
            "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names."
        );
        assert_eq!(check(explicit(&["USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"]), UserPoolTierType::Lite), Ok(()));
    }

    #[test]
    fn choice_based_sign_in_needs_a_paid_tier() {
        let choice = explicit(&["ALLOW_USER_AUTH"]);
        assert!(check(choice.clone(), UserPoolTierType::Lite).unwrap_err().contains("LITE pricing tier"));
        assert_eq!(check(choice, UserPoolTierType::Essentials), Ok(()));
    }

    #[test]
    fn rotation_and_the_refresh_flow_exclude_each_other() {
        let both = |feature| {
            let mut config = explicit(&["ALLOW_REFRESH_TOKEN_AUTH"]);
            config["RefreshTokenRotation"] = json!({"Feature": feature});
            config
        };
        assert_eq!(
            check(both("ENABLED"), UserPoolTierType::Essentials).unwrap_err(),
            "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled."
        );
        assert_eq!(check(both("DISABLED"), UserPoolTierType::Essentials), Ok(()));
    }

    #[test]
    fn flows_are_listed_once_in_the_services_order() {
        let mut config: UserPoolClientType = serde_json::from_value(explicit(&[
            "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_CUSTOM_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_USER_SRP_AUTH",
        ]))
        .unwrap();
        complete_flows(&mut config);
        assert_eq!(
            serde_json::to_value(config.explicit_auth_flows).unwrap(),
            json!([
                "ALLOW_CUSTOM_AUTH",
                "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",
                "ALLOW_USER_SRP_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH"
            ])
        );
    }
}
