//! What a client may do at the OAuth 2.0 endpoints (`CreateUserPoolClient`, API Reference).
//!
//! The messages are recorded from the live service.

use cognate_model::{Exception, OAuthFlowType, UserPoolClientType};

use crate::Refusal;

/// The scopes that exist without a resource server.
const SCOPES: [&str; 5] = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

/// Whether the client can prove who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confidentiality {
    /// It has a secret.
    Confidential,
    /// It has none.
    Public,
}

pub(crate) fn check_oauth(config: &UserPoolClientType, confidentiality: Confidentiality) -> Result<(), Refusal> {
    let flows = config.allowed_oauth_flows.as_deref().unwrap_or_default();
    let scopes = config.allowed_oauth_scopes.as_deref().unwrap_or_default();
    if config.allowed_oauth_flows_user_pool_client == Some(true) && (flows.is_empty() || scopes.is_empty()) {
        return Err(Refusal::invalid(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
        ));
    }
    let has_users = flows.iter().any(|flow| *flow != OAuthFlowType::ClientCredentials);
    if flows.contains(&OAuthFlowType::ClientCredentials) {
        check_client_credentials(has_users, confidentiality, scopes)?;
    }
    check_urls(config, has_users)?;
    match scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        Some(unknown) => Err(Refusal::new(Exception::ScopeDoesNotExist, format!("Invalid scope requested: {unknown}"))),
        None => Ok(()),
    }
}

fn flow_refusal(message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(Exception::InvalidOAuthFlow, message)
}

/// A client that acts for itself has no user, so scopes about users make no sense for it.
fn check_client_credentials(
    has_users: bool,
    confidentiality: Confidentiality,
    scopes: &[String],
) -> Result<(), Refusal> {
    if has_users {
        return Err(flow_refusal("client_credentials flow can not be selected along with code flow or implicit flow."));
    }
    if confidentiality == Confidentiality::Public {
        return Err(flow_refusal(
            "client_credentials flow can not be selected if client does not have a client secret.",
        ));
    }
    match scopes.iter().find(|scope| SCOPES.contains(&scope.as_str())) {
        Some(scope) => Err(flow_refusal(format!("{scope} is not supported with client_credentials flow"))),
        None => Ok(()),
    }
}

fn check_urls(config: &UserPoolClientType, has_users: bool) -> Result<(), Refusal> {
    let callbacks = config.callback_urls.as_deref().unwrap_or_default();
    if has_users && callbacks.is_empty() {
        return Err(flow_refusal("CallbackUrls can not be empty when code flow or implicit flow is selected"));
    }
    for url in callbacks.iter().chain(config.logout_urls.iter().flatten()) {
        if is_plain_http(url) {
            return Err(Refusal::invalid(format!("{url} cannot use the HTTP protocol.")));
        }
    }
    if let Some(url) = callbacks.iter().find(|url| url.contains('#')) {
        return Err(Refusal::invalid(format!("{url} cannot use fragment")));
    }
    match &config.default_redirect_uri {
        Some(default) if !callbacks.contains(default) => {
            Err(Refusal::invalid(format!("The default redirect URI {default} is not in the callback URIs list.")))
        }
        _ => Ok(()),
    }
}

/// Plain HTTP never leaves the machine. What stands before an `@` is no host.
fn is_plain_http(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let is_local = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|host| authority.strip_prefix(host).is_some_and(|port| port.is_empty() || is_port(port)));
    scheme.eq_ignore_ascii_case("http") && !is_local
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(config: Value, confidentiality: Confidentiality) -> String {
        let config = serde_json::from_value(config).unwrap();
        check_oauth(&config, confidentiality).unwrap_err().to_string()
    }

    fn code(url: &str) -> Value {
        json!({"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid", "email"], "CallbackURLs": [url]})
    }

    fn check_url(url: &str) -> Result<(), String> {
        let config = serde_json::from_value(code(url)).unwrap();
        check_oauth(&config, Confidentiality::Public).map_err(|refusal| refusal.message.into_owned())
    }

    #[test]
    fn a_client_of_the_endpoints_has_flows_and_scopes() {
        let message = "InvalidParameterException: AllowedOAuthFlows and AllowedOAuthScopes are required if user pool \
                       client is allowed to use OAuth flows.";
        assert_eq!(refused(json!({"AllowedOAuthFlowsUserPoolClient": true}), Confidentiality::Public), message);
    }

    #[test]
    fn client_credentials_stand_alone_and_need_a_secret() {
        let both = json!({"AllowedOAuthFlows": ["client_credentials", "code"]});
        assert_eq!(
            refused(both, Confidentiality::Confidential),
            "InvalidOAuthFlowException: client_credentials flow can not be selected along with code flow or implicit \
             flow."
        );
        let alone = json!({"AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["openid"]});
        assert_eq!(
            refused(alone.clone(), Confidentiality::Public),
            "InvalidOAuthFlowException: client_credentials flow can not be selected if client does not have a client \
             secret."
        );
        assert_eq!(
            refused(alone, Confidentiality::Confidential),
            "InvalidOAuthFlowException: openid is not supported with client_credentials flow"
        );
    }

    #[test]
    fn users_come_back_somewhere() {
        assert_eq!(
            refused(json!({"AllowedOAuthFlows": ["implicit"]}), Confidentiality::Public),
            "InvalidOAuthFlowException: CallbackUrls can not be empty when code flow or implicit flow is selected"
        );
    }

    #[test]
    fn plain_http_stays_on_the_machine() {
        for url in ["http://localhost", "http://localhost:3000/a", "http://127.0.0.1/", "http://[::1]:8080", "app://x"]
        {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in
            ["http://example.com", "HTTP://example.com", "http://localhost.example.com", "http://localhost:1@a.b"]
        {
            assert_eq!(check_url(url).unwrap_err(), format!("{url} cannot use the HTTP protocol."));
        }
        let logout = json!({"LogoutURLs": ["http://example.com/bye"]});
        assert!(refused(logout, Confidentiality::Public).ends_with("cannot use the HTTP protocol."));
    }

    #[test]
    fn a_callback_has_no_fragment() {
        assert_eq!(check_url("https://a.example/#b").unwrap_err(), "https://a.example/#b cannot use fragment");
    }

    #[test]
    fn the_default_redirect_is_one_of_the_callbacks() {
        let mut config = code("https://a.example/cb");
        config["DefaultRedirectURI"] = json!("https://b.example/cb");
        assert_eq!(
            refused(config, Confidentiality::Public),
            "InvalidParameterException: The default redirect URI https://b.example/cb is not in the callback URIs list."
        );
    }

    #[test]
    fn only_known_scopes_can_be_allowed() {
        let mut config = code("https://a.example/cb");
        config["AllowedOAuthScopes"] = json!(["openid", "Cognito"]);
        assert_eq!(
            refused(config, Confidentiality::Public),
            "ScopeDoesNotExistException: Invalid scope requested: Cognito"
        );
    }
}
