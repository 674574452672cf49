//! `CUSTOM_AUTH`, with a double in the place of the three triggers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use cognate_testkit::aws_sdk_cognitoidentityprovider::Client;
use cognate_testkit::aws_sdk_cognitoidentityprovider::error::SdkError;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::create_user_pool_client::builders::CreateUserPoolClientFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::initiate_auth::{
    InitiateAuthError, InitiateAuthOutput,
};
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::respond_to_auth_challenge::{
    RespondToAuthChallengeError, RespondToAuthChallengeOutput,
};
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AdvancedSecurityAdditionalFlowsType, AdvancedSecurityEnabledModeType, AdvancedSecurityModeType, AuthFlowType,
    ChallengeNameType, ExplicitAuthFlowsType, LambdaConfigType, PreventUserExistenceErrorTypes,
    RiskExceptionConfigurationType, UserPoolAddOnsType, UserPoolTierType,
};
use cognate_testkit::cognate::Error;
use cognate_testkit::cognate::custom_challenges::{Answer, Created, CustomChallenges, Decision, Round, Subject};
use cognate_testkit::cognate::model::{ChallengeNameType as Name, Exception};

use crate::engine;
use crate::fixtures::{Pool, a_pool};
use crate::refusals::{NO_USER, WRONG_PASSWORD, refused};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:auth";
const BAD_SESSION: &str = "NotAuthorizedException: Invalid session for the user.";
const USED: &str = "NotAuthorizedException: Invalid session for the user, session can only be used once.";

/// Asks riddles until two were right, and fails after three wrong ones; remembers what it saw.
#[derive(Default)]
struct Riddles {
    seen: Mutex<Vec<(bool, Vec<Round>)>>,
    breaks: bool,
}

impl CustomChallenges for Riddles {
    fn define<'a>(&'a self, subject: &'a Subject<'a>, session: &'a [Round]) -> Answer<'a, Decision> {
        self.seen.lock().unwrap().push((subject.is_unknown, session.to_vec()));
        let custom = || session.iter().filter(|round| round.challenge_name == "CUSTOM_CHALLENGE");
        let (right, all) = (custom().filter(|round| round.challenge_result).count(), custom().count());
        let last = session.last().map(|round| (round.challenge_name.as_str(), round.challenge_result));
        let decision = match last {
            Some(("SRP_A", _)) => Decision::Ask(Name::PasswordVerifier),
            Some(("PASSWORD_VERIFIER", false)) => Decision::Fail,
            _ if right == 2 => Decision::IssueTokens,
            _ if all - right == 3 => Decision::Fail,
            _ => Decision::Ask(Name::CustomChallenge),
        };
        Box::pin(async move { Ok(decision) })
    }

    fn create<'a>(&'a self, _subject: &'a Subject<'a>, session: &'a [Round]) -> Answer<'a, Created> {
        let number = session.len();
        Box::pin(async move {
            Ok(Created {
                public: BTreeMap::from([("riddle".to_owned(), format!("number {number}"))]),
                private: BTreeMap::from([("answer".to_owned(), format!("answer {number}"))]),
                metadata: Some(format!("riddle {number}")),
            })
        })
    }

    fn verify<'a>(
        &'a self,
        _subject: &'a Subject<'a>,
        private: &'a BTreeMap<String, String>,
        answer: &'a str,
    ) -> Answer<'a, bool> {
        let right = private["answer"] == answer;
        Box::pin(async move {
            if self.breaks {
                let message = "VerifyAuthChallengeResponse failed with error boom.";
                return Err(Error::refused(Exception::UserLambdaValidation, message));
            }
            Ok(right)
        })
    }
}

async fn a_pool_with_riddles(riddles: Arc<Riddles>) -> Pool {
    let cognate = engine::builder().custom_challenges(riddles).start().await.unwrap();
    let sdk = Client::from_conf(cognate.sdk_config());
    let created = sdk.create_user_pool().pool_name("riddles").lambda_config(triggers()).send().await.unwrap();
    let created = created.user_pool.unwrap();
    let (id, arn) = (created.id.unwrap(), created.arn.unwrap());
    let mut pool = Pool { cognate: Arc::new(cognate), sdk, id, arn, client: String::new() };
    pool.client = pool.client_with(allowing_custom).await.0;
    pool
}

fn triggers() -> LambdaConfigType {
    LambdaConfigType::builder()
        .define_auth_challenge(ARN)
        .create_auth_challenge(ARN)
        .verify_auth_challenge_response(ARN)
        .build()
}

fn allowing_custom(client: CreateUserPoolClientFluentBuilder) -> CreateUserPoolClientFluentBuilder {
    client.set_explicit_auth_flows(Some(vec![ExplicitAuthFlowsType::AllowCustomAuth]))
}

async fn begin(pool: &Pool, name: &str) -> InitiateAuthOutput {
    begin_with(pool, name, &[]).await.unwrap()
}

async fn begin_with(
    pool: &Pool,
    name: &str,
    more: &[(&str, &str)],
) -> Result<InitiateAuthOutput, SdkError<InitiateAuthError>> {
    let parameters: HashMap<String, String> = std::iter::once(("USERNAME", name))
        .chain(more.iter().copied())
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
    pool.sdk
        .initiate_auth()
        .client_id(&pool.client)
        .auth_flow(AuthFlowType::CustomAuth)
        .set_auth_parameters(Some(parameters))
        .send()
        .await
}

async fn answer(
    pool: &Pool,
    session: &str,
    answer: &str,
) -> Result<RespondToAuthChallengeOutput, SdkError<RespondToAuthChallengeError>> {
    answer_as(pool, "maria", session, answer).await
}

async fn answer_as(
    pool: &Pool,
    username: &str,
    session: &str,
    answer: &str,
) -> Result<RespondToAuthChallengeOutput, SdkError<RespondToAuthChallengeError>> {
    pool.sdk
        .respond_to_auth_challenge()
        .client_id(&pool.client)
        .challenge_name(ChallengeNameType::CustomChallenge)
        .session(session)
        .challenge_responses("USERNAME", username)
        .challenge_responses("ANSWER", answer)
        .send()
        .await
}

#[tokio::test]
async fn the_triggers_ask_until_they_are_content() {
    let riddles = Arc::new(Riddles::default());
    let pool = a_pool_with_riddles(Arc::clone(&riddles)).await;
    pool.invite("maria").await;
    let first = begin(&pool, "maria").await;
    let parameters = first.challenge_parameters().unwrap();
    assert_eq!(first.challenge_name(), Some(&ChallengeNameType::CustomChallenge));
    assert_eq!((parameters["riddle"].as_str(), parameters["USERNAME"].as_str()), ("number 0", "maria"));
    assert!(!parameters.contains_key("answer"), "the private parameters stay here");
    let second = answer(&pool, first.session().unwrap(), "answer 0").await.unwrap();
    let third = answer(&pool, second.session().unwrap(), "wrong").await.unwrap();
    assert_eq!(third.challenge_parameters().unwrap()["riddle"], "number 2");
    let done = answer(&pool, third.session().unwrap(), "answer 2").await.unwrap();
    let access = done.authentication_result.unwrap().access_token.unwrap();
    assert_eq!(pool.get_user(&access).send().await.unwrap().username(), "maria", "whatever their password's status");
    let seen = riddles.seen.lock().unwrap();
    let (_, last) = seen.last().unwrap();
    let told: Vec<_> =
        last.iter().map(|round| (round.challenge_result, round.challenge_metadata.clone().unwrap())).collect();
    assert_eq!(told, [(true, "riddle 0".into()), (false, "riddle 1".into()), (true, "riddle 2".into())]);
}

#[tokio::test]
async fn a_trigger_that_fails_the_sign_in_ends_it() {
    let pool = a_pool_with_riddles(Arc::default()).await;
    pool.invite("maria").await;
    let mut session = begin(&pool, "maria").await.session.unwrap();
    for _ in 0..2 {
        session = answer(&pool, &session, "wrong").await.unwrap().session.unwrap();
    }
    refused(answer(&pool, &session, "wrong").await, WRONG_PASSWORD);
}

#[tokio::test]
async fn every_answer_uses_its_session_up() {
    let pool = a_pool_with_riddles(Arc::default()).await;
    pool.invite("maria").await;
    let session = begin(&pool, "maria").await.session.unwrap();
    answer(&pool, &session, "wrong").await.unwrap();
    refused(answer(&pool, &session, "answer 0").await, USED);
    let broken = a_pool_with_riddles(Arc::new(Riddles { breaks: true, ..Riddles::default() })).await;
    broken.invite("maria").await;
    let session = begin(&broken, "maria").await.session.unwrap();
    let boom = "UserLambdaValidationException: VerifyAuthChallengeResponse failed with error boom.";
    refused(answer(&broken, &session, "answer 0").await, boom);
    refused(answer(&broken, &session, "answer 0").await, USED);
}

#[tokio::test]
async fn with_srp_the_password_is_proved_first_and_the_session_comes_along() {
    let pool = a_pool_with_riddles(Arc::default()).await;
    pool.invite("maria").await;
    let begun = begin_with(&pool, "maria", &[("CHALLENGE_NAME", "SRP_A"), ("SRP_A", "a5")]).await.unwrap();
    assert_eq!(begun.challenge_name(), Some(&ChallengeNameType::PasswordVerifier));
    let block = begun.challenge_parameters().unwrap()["SECRET_BLOCK"].clone();
    let prove = async |session: Option<String>| {
        pool.sdk
            .respond_to_auth_challenge()
            .client_id(&pool.client)
            .challenge_name(ChallengeNameType::PasswordVerifier)
            .set_session(session)
            .challenge_responses("USERNAME", "maria")
            .challenge_responses("TIMESTAMP", "Fri Feb 9 07:05:03 UTC 2024")
            .challenge_responses("PASSWORD_CLAIM_SECRET_BLOCK", &block)
            .challenge_responses("PASSWORD_CLAIM_SIGNATURE", "AAAA")
            .send()
            .await
    };
    refused(prove(None).await, "InvalidParameterException: Missing required parameter Session");
    refused(prove(Some(begun.session.clone().unwrap())).await, WRONG_PASSWORD);
    refused(answer(&pool, begun.session().unwrap(), "answer 0").await, BAD_SESSION);
}

#[tokio::test]
async fn an_unknown_user_is_told_or_not_as_the_client_says() {
    let riddles = Arc::new(Riddles::default());
    let pool = a_pool_with_riddles(Arc::clone(&riddles)).await;
    refused(begin_with(&pool, "nobody", &[]).await, NO_USER);
    let discreet = pool
        .client_with(|client| {
            allowing_custom(client).prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled)
        })
        .await
        .0;
    let pool = pool.seen_by(&discreet);
    let begun = begin_with(&pool, "nobody", &[]).await.unwrap();
    assert_eq!(begun.challenge_name, Some(ChallengeNameType::CustomChallenge), "the triggers pretend");
    assert_eq!(begun.challenge_parameters.unwrap()["USERNAME"], "nobody");
    let again = answer_as(&pool, "nobody", &begun.session.clone().unwrap(), "answer 0").await.unwrap();
    refused(answer_as(&pool, "nobody", &begun.session.unwrap(), "answer 0").await, USED);
    // Two right answers are what it takes, for a user.
    refused(answer_as(&pool, "nobody", &again.session.unwrap(), "answer 1").await, WRONG_PASSWORD);
    assert!(riddles.seen.lock().unwrap()[1..].iter().all(|(is_unknown, _)| *is_unknown), "the trigger hears of it");
}

#[tokio::test]
async fn a_pool_without_triggers_has_no_custom_challenges() {
    let pool = a_pool().await;
    pool.invite("maria").await;
    let client = pool.client_with(allowing_custom).await.0;
    let missing = "InvalidParameterException: Custom auth lambda trigger is not configured for the user pool.";
    refused(begin_with(&pool.seen_by(&client), "maria", &[]).await, missing);
}

#[tokio::test]
async fn a_custom_sign_in_is_weighed_where_its_own_switch_says_so() {
    let pool = a_pool_with_riddles(Arc::new(Riddles::default())).await;
    pool.user("maria").await;
    let watch = async |custom: Option<AdvancedSecurityEnabledModeType>| {
        let flows = AdvancedSecurityAdditionalFlowsType::builder().set_custom_auth_mode(custom).build();
        let add_ons = UserPoolAddOnsType::builder().advanced_security_mode(AdvancedSecurityModeType::Audit);
        let add_ons = add_ons.advanced_security_additional_flows(flows).build().unwrap();
        let request = pool.update_user_pool().user_pool_tier(UserPoolTierType::Plus).user_pool_add_ons(add_ons);
        request.lambda_config(triggers()).send().await.unwrap();
        let exceptions = RiskExceptionConfigurationType::builder().blocked_ip_range_list("127.0.0.0/8").build();
        let request = pool.sdk.set_risk_configuration().user_pool_id(&pool.id);
        request.risk_exception_configuration(exceptions).send().await.unwrap();
    };
    let solve = async || {
        let mut session = begin(&pool, "maria").await.session.unwrap();
        session = answer(&pool, &session, "answer 0").await?.session.unwrap();
        answer(&pool, &session, "answer 1").await
    };
    watch(None).await;
    assert!(solve().await.unwrap().authentication_result.is_some());
    watch(Some(AdvancedSecurityEnabledModeType::Enforced)).await;
    refused(solve().await, "NotAuthorizedException: Request not allowed due to security reasons.");
    let events = pool.admin_list_user_auth_events("maria").send().await.unwrap().auth_events.unwrap();
    let outcomes: Vec<&str> = events.iter().map(|event| event.event_response().unwrap().as_str()).collect();
    assert_eq!(outcomes, ["Fail", "Pass"]);
}

#[tokio::test]
async fn a_custom_sign_in_that_the_trigger_ends_is_an_event() {
    let pool = a_pool_with_riddles(Arc::new(Riddles::default())).await;
    pool.user("maria").await;
    let add_ons = UserPoolAddOnsType::builder().advanced_security_mode(AdvancedSecurityModeType::Audit);
    let request = pool.update_user_pool().user_pool_tier(UserPoolTierType::Plus);
    let request = request.user_pool_add_ons(add_ons.build().unwrap()).lambda_config(triggers());
    request.send().await.unwrap();
    let mut session = begin(&pool, "maria").await.session.unwrap();
    for _ in 0..2 {
        session = answer(&pool, &session, "wrong").await.unwrap().session.unwrap();
    }
    refused(answer(&pool, &session, "wrong").await, WRONG_PASSWORD);
    let events = pool.admin_list_user_auth_events("maria").send().await.unwrap().auth_events.unwrap();
    assert_eq!((events.len(), events[0].event_response().unwrap().as_str()), (1, "Fail"));
}
