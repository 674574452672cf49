//! Triggers: what a pool's functions are told, and how their answers are read.
//!
//! Source: "Customizing user pool workflows with Lambda triggers" (Amazon Cognito developer guide).

mod answer;
mod caller;

use cognate_model::LambdaConfigType;
use serde_json::{Map, Value, json};

pub use answer::{Answer, Unrecognizable};

use crate::{Pool, User};

/// What stands for the app client where an operation has none.
pub const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

/// A trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// Before a user is created.
    PreSignUp,
    /// After a user was confirmed.
    PostConfirmation,
    /// Before a user signs in.
    PreAuthentication,
    /// After a user signed in.
    PostAuthentication,
    /// What a message says.
    CustomMessage,
    /// Which challenge comes next.
    DefineAuthChallenge,
    /// What a challenge asks.
    CreateAuthChallenge,
    /// Whether an answer is right.
    VerifyAuthChallengeResponse,
    /// What tokens say.
    PreTokenGeneration,
    /// A user who is elsewhere so far.
    UserMigration,
    /// Sends e-mail.
    CustomEmailSender,
    /// Sends text messages.
    CustomSmsSender,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::PreSignUp,
        Self::PostConfirmation,
        Self::PreAuthentication,
        Self::PostAuthentication,
        Self::CustomMessage,
        Self::DefineAuthChallenge,
        Self::CreateAuthChallenge,
        Self::VerifyAuthChallengeResponse,
        Self::PreTokenGeneration,
        Self::UserMigration,
        Self::CustomEmailSender,
        Self::CustomSmsSender,
    ];

    /// Its name in messages and in `LambdaConfig`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreSignUp => "PreSignUp",
            Self::PostConfirmation => "PostConfirmation",
            Self::PreAuthentication => "PreAuthentication",
            Self::PostAuthentication => "PostAuthentication",
            Self::CustomMessage => "CustomMessage",
            Self::DefineAuthChallenge => "DefineAuthChallenge",
            Self::CreateAuthChallenge => "CreateAuthChallenge",
            Self::VerifyAuthChallengeResponse => "VerifyAuthChallengeResponse",
            Self::PreTokenGeneration => "PreTokenGeneration",
            Self::UserMigration => "UserMigration",
            Self::CustomEmailSender => "CustomEmailSender",
            Self::CustomSmsSender => "CustomSMSSender",
        }
    }

    /// The trigger of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.name() == name)
    }

    /// The ARN of the pool's function; none where the trigger is not set.
    pub fn function(self, pool: &Pool) -> Option<&str> {
        let config = pool.config.lambda_config.as_ref()?;
        match self {
            Self::PreSignUp => config.pre_sign_up.as_deref(),
            Self::PostConfirmation => config.post_confirmation.as_deref(),
            Self::PreAuthentication => config.pre_authentication.as_deref(),
            Self::PostAuthentication => config.post_authentication.as_deref(),
            Self::CustomMessage => config.custom_message.as_deref(),
            Self::DefineAuthChallenge => config.define_auth_challenge.as_deref(),
            Self::CreateAuthChallenge => config.create_auth_challenge.as_deref(),
            Self::VerifyAuthChallengeResponse => config.verify_auth_challenge_response.as_deref(),
            Self::PreTokenGeneration => versioned(config).or(config.pre_token_generation.as_deref()),
            Self::UserMigration => config.user_migration.as_deref(),
            Self::CustomEmailSender => config.custom_email_sender.as_ref().map(|sender| sender.lambda_arn.as_str()),
            Self::CustomSmsSender => config.custom_sms_sender.as_ref().map(|sender| sender.lambda_arn.as_str()),
        }
    }
}

fn versioned(config: &LambdaConfigType) -> Option<&str> {
    config.pre_token_generation_config.as_ref().map(|config| config.lambda_arn.as_str())
}

/// What every event says.
#[derive(Debug, Clone, Copy)]
pub struct Common<'a> {
    /// `1`; tokens have events of versions `2` and `3` besides.
    pub version: &'a str,
    /// `triggerSource`: what happens.
    pub source: &'a str,
    /// The pool's region.
    pub region: &'a str,
    /// The pool.
    pub pool: &'a str,
    /// The user's name, or what was typed where there is no user yet.
    pub user_name: &'a str,
    /// The `User-Agent` of the caller.
    pub agent: Option<&'a str>,
    /// The app client; none for operations that have none.
    pub client: Option<&'a str>,
}

/// An event.
pub fn event(common: Common<'_>, request: &Value, response: &Value) -> Value {
    json!({
        "version": common.version,
        "triggerSource": common.source,
        "region": common.region,
        "userPoolId": common.pool,
        "userName": common.user_name,
        "callerContext": {
            "awsSdkVersion": caller::sdk_version(common.agent),
            "clientId": common.client.unwrap_or(NO_CLIENT),
        },
        "request": request,
        "response": response,
    })
}

/// The attributes of a user, with what only events call by these names (recorded from the live service).
pub fn user_attributes(pool: &Pool, user: &User) -> Map<String, Value> {
    let mut attributes: Map<String, Value> =
        user.attributes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    attributes.insert("sub".to_owned(), json!(user.sub()));
    attributes.insert("cognito:user_status".to_owned(), json!(user.status));
    for (attribute, name) in [("email", "cognito:email_alias"), ("phone_number", "cognito:phone_number_alias")] {
        let verified = user.attribute(&format!("{attribute}_verified")) == Some("true");
        let is_alias = pool.config.alias_attributes.iter().flatten().any(|alias| alias.as_str() == attribute);
        if let (true, true, Some(value)) = (verified, is_alias, user.attribute(attribute)) {
            attributes.insert(name.to_owned(), json!(value));
        }
    }
    attributes
}

/// A map of texts for an event; none where nothing was passed.
pub fn passed<M: serde::Serialize>(map: Option<&M>) -> Option<Value> {
    map.map(|map| json!(map))
}

/// Puts in what was passed, and leaves out what was not.
pub fn with(mut request: Map<String, Value>, name: &str, value: Option<Value>) -> Map<String, Value> {
    if let Some(value) = value {
        request.insert(name.to_owned(), value);
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(config: &Value) -> Pool {
        Pool { config: serde_json::from_value(config.clone()).unwrap(), ..Pool::default() }
    }

    #[test]
    fn every_trigger_is_found_where_the_pool_keeps_it() {
        for trigger in Trigger::ALL {
            let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", trigger.name());
            let value = match trigger {
                Trigger::CustomEmailSender | Trigger::CustomSmsSender => {
                    json!({"LambdaVersion": "V1_0", "LambdaArn": arn})
                }
                _ => json!(arn),
            };
            let pool = pool(&json!({"LambdaConfig": {trigger.name(): value}}));
            let set: Vec<_> = Trigger::ALL.into_iter().filter(|other| other.function(&pool).is_some()).collect();
            assert_eq!(set, [trigger]);
            assert_eq!(trigger.function(&pool), Some(arn.as_str()));
            assert_eq!(Trigger::parse(trigger.name()), Some(trigger));
        }
        assert_eq!(Trigger::PreSignUp.function(&Pool::default()), None);
    }

    #[test]
    fn an_event_names_user_pool_and_caller() {
        let common = Common {
            version: "1",
            source: "PreSignUp_SignUp",
            region: "eu-west-1",
            pool: "eu-west-1_a",
            user_name: "maria",
            agent: Some("aws-sdk-js/3.1.0 os/linux"),
            client: None,
        };
        assert_eq!(
            event(common, &json!({"userAttributes": {}}), &json!({"autoConfirmUser": false})),
            json!({
                "version": "1", "triggerSource": "PreSignUp_SignUp", "region": "eu-west-1", "userPoolId": "eu-west-1_a",
                "userName": "maria",
                "callerContext": {"awsSdkVersion": "aws-sdk-js-3.1.0", "clientId": "CLIENT_ID_NOT_APPLICABLE"},
                "request": {"userAttributes": {}}, "response": {"autoConfirmUser": false},
            })
        );
    }

    #[test]
    fn attributes_come_with_status_sub_and_alias() {
        let mut user = User::nobody([7; 16]);
        user.attributes.insert("email".to_owned(), "a@example.com".to_owned());
        let plain = pool(&json!({"AliasAttributes": ["email"]}));
        let attributes = user_attributes(&plain, &user);
        assert_eq!(attributes["sub"], user.sub());
        assert!(attributes["cognito:user_status"].is_string());
        assert!(!attributes.contains_key("cognito:email_alias"), "not verified");
        user.attributes.insert("email_verified".to_owned(), "true".to_owned());
        assert_eq!(user_attributes(&plain, &user)["cognito:email_alias"], "a@example.com");
        assert!(!user_attributes(&Pool::default(), &user).contains_key("cognito:email_alias"), "no alias");
    }
}
