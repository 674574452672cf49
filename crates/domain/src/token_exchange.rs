//! Exchanging a user's token for one that is narrower (`GetDerivedToken`, API Reference; RFC 8693).
//!
//! What is documented is followed. Texts of errors are not recorded, and where the documentation is silent the narrower
//! reading is taken: a derived token never lives longer than its subject's.

use cognate_model::{
    Exception, ExplicitAuthFlowsType, GetDerivedTokenRequest, IssuedTokenTypeIdentifierType, TokenTypeIdentifierType,
    UserPoolTierType,
};
use serde_json::{Value, json};

use crate::{Client, Pool, Refusal, client_rules};

/// A kind of token of the pool's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An access token.
    Access,
    /// An ID token.
    Id,
}

/// What an exchange is about, checked as far as the request alone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange<'a> {
    /// What stands for the user.
    pub subject: Kind,
    /// What stands for the service in between, where there is one.
    pub actor: Option<Kind>,
    /// What is asked for.
    pub wanted: Kind,
    /// For whom it is meant.
    pub audience: Option<&'a str>,
}

/// Reads a request of a client of this pool.
pub fn exchange<'a>(
    pool: &Pool,
    client: &Client,
    request: &'a GetDerivedTokenRequest,
) -> Result<Exchange<'a>, Refusal> {
    if pool.tier() == UserPoolTierType::Lite {
        let message = "Token exchange is not available for the LITE pricing tier.";
        return Err(Refusal::new(Exception::OperationNotEnabled, message));
    }
    let flow = match request.actor_token {
        None => ExplicitAuthFlowsType::AllowTokenExchangeImpersonation,
        Some(_) => ExplicitAuthFlowsType::AllowTokenExchangeDelegation,
    };
    if !client_rules::flows(client).lists(flow) {
        return Err(Refusal::invalid(format!("{flow} is not enabled for the client.")));
    }
    let actor = match (&request.actor_token, request.actor_token_type) {
        (None, None) => None,
        (Some(_), Some(kind)) => Some(own_kind(kind, request.actor_token_provider_name.as_deref())?),
        _ => return Err(Refusal::invalid("ActorToken and ActorTokenType must be given together.")),
    };
    Ok(Exchange {
        subject: own_kind(request.subject_token_type, request.subject_token_provider_name.as_deref())?,
        actor,
        wanted: match request.requested_token_type {
            Some(IssuedTokenTypeIdentifierType::IdToken) => Kind::Id,
            Some(IssuedTokenTypeIdentifierType::AccessToken) | None => Kind::Access,
        },
        audience: audience(request)?,
    })
}

/// Tokens of other issuers come from identity providers, of which a pool has none yet.
fn own_kind(kind: TokenTypeIdentifierType, provider: Option<&str>) -> Result<Kind, Refusal> {
    if let Some(provider) = provider {
        let message = format!("Identity provider {provider} does not exist.");
        return Err(Refusal::new(Exception::ResourceNotFound, message));
    }
    match kind {
        TokenTypeIdentifierType::AccessToken => Ok(Kind::Access),
        TokenTypeIdentifierType::IdToken => Ok(Kind::Id),
        TokenTypeIdentifierType::Saml2 => Err(Refusal::invalid("A SAML2 token needs the name of its provider.")),
    }
}

/// A resource is the identifier of a resource server, of which a pool has none yet.
fn audience(request: &GetDerivedTokenRequest) -> Result<Option<&str>, Refusal> {
    let audience = request.audiences.as_deref().and_then(<[String]>::first);
    let resource = request.resources.as_deref().and_then(<[String]>::first);
    match (audience.map(String::as_str), resource) {
        (Some(_), Some(_)) => Err(Refusal::invalid("Audiences and Resources cannot be requested together.")),
        (None, Some(resource)) => {
            let message = format!("Resource server {resource} does not exist.");
            Err(Refusal::new(Exception::ResourceNotFound, message))
        }
        (audience, None) => Ok(audience),
    }
}

/// The scopes of a derived token: those of the subject's, and of them only what is asked for and the client may have
/// where anything is asked for.
pub fn scopes(client: &Client, requested: Option<&[String]>, subject: &str) -> Result<Vec<String>, Refusal> {
    let subject = subject.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned);
    let Some(requested) = requested.filter(|list| !list.is_empty()) else { return Ok(subject.collect()) };
    let allowed = client.config.allowed_oauth_scopes.as_deref().unwrap_or_default();
    let granted: Vec<String> = subject.filter(|scope| requested.contains(scope) && allowed.contains(scope)).collect();
    if granted.is_empty() {
        return Err(Refusal::invalid("None of the requested scopes can be granted."));
    }
    Ok(granted)
}

/// The claim that names the service in between; a service before it stays named within (RFC 8693, section 4.1).
pub fn actor_claim(sub: &str, client: &str, earlier: Option<Value>) -> Value {
    let mut claim = json!({ "sub": sub, "client_id": client });
    if let (Some(members), Some(earlier)) = (claim.as_object_mut(), earlier) {
        members.insert("act".to_owned(), earlier);
    }
    claim
}

#[cfg(test)]
mod tests {
    use cognate_model::{Secret, UserPoolType};

    use super::*;

    fn pool(tier: UserPoolTierType) -> Pool {
        let config = UserPoolType { user_pool_tier: Some(tier), ..UserPoolType::default() };
        Pool { config, ..Pool::default() }
    }

    fn client(config: Value) -> Client {
        Client { config: serde_json::from_value(config).unwrap(), ..Client::default() }
    }

    fn impersonator() -> Client {
        client(json!({"ExplicitAuthFlows": ["ALLOW_TOKEN_EXCHANGE_IMPERSONATION"]}))
    }

    fn request() -> GetDerivedTokenRequest {
        GetDerivedTokenRequest::default()
    }

    fn refusal(client: &Client, request: &GetDerivedTokenRequest) -> String {
        exchange(&pool(UserPoolTierType::Plus), client, request).unwrap_err().to_string()
    }

    #[test]
    fn an_access_token_is_exchanged_for_an_access_token_unless_told_otherwise() {
        let request = request();
        let read = exchange(&pool(UserPoolTierType::Essentials), &impersonator(), &request);
        let expected = Exchange { subject: Kind::Access, actor: None, wanted: Kind::Access, audience: None };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn each_way_needs_its_flow() {
        let actor = GetDerivedTokenRequest {
            actor_token: Some(Secret::from("token".to_owned())),
            actor_token_type: Some(TokenTypeIdentifierType::IdToken),
            ..request()
        };
        let delegate = client(json!({"ExplicitAuthFlows": ["ALLOW_TOKEN_EXCHANGE_DELEGATION"]}));
        let read = exchange(&pool(UserPoolTierType::Plus), &delegate, &actor).unwrap();
        assert_eq!(read.actor, Some(Kind::Id));
        assert_eq!(
            refusal(&impersonator(), &actor),
            "InvalidParameterException: ALLOW_TOKEN_EXCHANGE_DELEGATION is not enabled for the client."
        );
        assert_eq!(
            refusal(&delegate, &request()),
            "InvalidParameterException: ALLOW_TOKEN_EXCHANGE_IMPERSONATION is not enabled for the client."
        );
        assert!(refusal(&client(json!({})), &request()).contains("is not enabled"));
    }

    #[test]
    fn what_does_not_exist_yet_is_not_found() {
        let resource = GetDerivedTokenRequest { resources: Some(vec!["orders".to_owned()]), ..request() };
        assert_eq!(
            refusal(&impersonator(), &resource),
            "ResourceNotFoundException: Resource server orders does not exist."
        );
        let provider = GetDerivedTokenRequest { subject_token_provider_name: Some("Acme".to_owned()), ..request() };
        assert_eq!(
            refusal(&impersonator(), &provider),
            "ResourceNotFoundException: Identity provider Acme does not exist."
        );
        let saml = GetDerivedTokenRequest { subject_token_type: TokenTypeIdentifierType::Saml2, ..request() };
        assert!(refusal(&impersonator(), &saml).starts_with("InvalidParameterException"));
    }

    #[test]
    fn members_that_exclude_or_need_each_other_are_told() {
        let one = |name: &str| Some(vec![name.to_owned()]);
        let both = GetDerivedTokenRequest { audiences: one("a"), resources: one("b"), ..request() };
        assert!(refusal(&impersonator(), &both).contains("Audiences and Resources"));
        let half = GetDerivedTokenRequest { actor_token_type: Some(TokenTypeIdentifierType::AccessToken), ..request() };
        assert!(refusal(&impersonator(), &half).contains("must be given together"));
    }

    #[test]
    fn the_lite_tier_exchanges_nothing() {
        let refused = exchange(&pool(UserPoolTierType::Lite), &impersonator(), &request()).unwrap_err();
        assert_eq!(refused.exception, Exception::OperationNotEnabled);
    }

    #[test]
    fn scopes_only_get_fewer() {
        let client = client(json!({"AllowedOAuthScopes": ["openid", "email"]}));
        let granted = |requested: &[&str]| {
            let requested: Vec<String> = requested.iter().map(|scope| (*scope).to_owned()).collect();
            scopes(&client, Some(&requested), "openid email phone")
        };
        assert_eq!(scopes(&client, None, "openid email phone").unwrap(), ["openid", "email", "phone"]);
        assert_eq!(granted(&[]).unwrap(), ["openid", "email", "phone"]);
        assert_eq!(granted(&["email", "phone", "profile"]).unwrap(), ["email"]);
        assert_eq!(granted(&["phone"]).unwrap_err().exception, Exception::InvalidParameter);
        assert_eq!(scopes(&client, None, "").unwrap(), [""; 0]);
    }

    #[test]
    fn actors_are_named_one_within_the_other() {
        let first = actor_claim("user-1", "client-1", None);
        assert_eq!(first, json!({"sub": "user-1", "client_id": "client-1"}));
        let second = actor_claim("user-2", "client-2", Some(first.clone()));
        assert_eq!(second, json!({"sub": "user-2", "client_id": "client-2", "act": first}));
    }
}
