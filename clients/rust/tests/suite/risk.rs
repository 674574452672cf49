//! What a pool does about risky sign-ins, and what feedback teaches it.

use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::admin_initiate_auth::builders::AdminInitiateAuthFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::describe_risk_configuration::builders::DescribeRiskConfigurationFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::set_risk_configuration::builders::SetRiskConfigurationFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::update_auth_event_feedback::builders::UpdateAuthEventFeedbackFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AccountTakeoverActionType, AccountTakeoverActionsType, AccountTakeoverEventActionType,
    AccountTakeoverRiskConfigurationType, AdvancedSecurityModeType, AuthEventType, ChallengeNameType,
    CompromisedCredentialsActionsType, CompromisedCredentialsEventActionType,
    CompromisedCredentialsRiskConfigurationType, ContextDataType, EventFilterType, EventResponseType,
    FeedbackValueType, HttpHeader, NotifyConfigurationType, NotifyEmailType, RiskConfigurationType, RiskDecisionType,
    RiskExceptionConfigurationType, RiskLevelType, SmsConfigurationType, SmsMfaConfigType, UserPoolAddOnsType,
    UserPoolMfaType, UserPoolTierType,
};

use crate::fixtures::{PASSWORD, Pool, a_pool, a_pool_with};
use crate::refusals::{NO_CLIENT, NO_POOL, refused, violates};

use AccountTakeoverEventActionType::{Block, MfaIfConfigured, MfaRequired, NoAction};

const SWITCHED_OFF: &str = "UserPoolAddOnNotEnabledException: This is an add on feature. Please update \
                            AdvancedSecurityMode for your user pool to access this API.";
const BLOCKED: &str = "NotAuthorizedException: Request not allowed due to security reasons.";
const BAD_TOKEN: &str = "NotAuthorizedException: Invalid feedback token.";
const SES: &str = "arn:aws:ses:us-east-1:123456789012:identity/example.com";
const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.9";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36";

/// A pool with threat protection and a user `maria` with a verified address and a telephone.
async fn a_pool_in(mode: AdvancedSecurityModeType) -> Pool {
    let add_ons = UserPoolAddOnsType::builder().advanced_security_mode(mode).build().unwrap();
    let sms = SmsConfigurationType::builder().sns_caller_arn("arn:aws:iam::123456789012:role/sms").external_id("x");
    let sms = sms.build();
    let pool = a_pool_with(|pool| pool.user_pool_tier(UserPoolTierType::Plus).user_pool_add_ons(add_ons)).await;
    let mfa = SmsMfaConfigType::builder().sms_configuration(sms).build();
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::Optional);
    request.sms_mfa_configuration(mfa).send().await.unwrap();
    pool.user_with_email("maria", "maria@example.com").await;
    pool
}

async fn enforced() -> Pool {
    a_pool_in(AdvancedSecurityModeType::Enforced).await
}

fn set(pool: &Pool) -> SetRiskConfigurationFluentBuilder {
    pool.sdk.set_risk_configuration().user_pool_id(&pool.id)
}

fn describe(pool: &Pool) -> DescribeRiskConfigurationFluentBuilder {
    pool.sdk.describe_risk_configuration().user_pool_id(&pool.id)
}

/// The same action at every level.
fn always(action: &AccountTakeoverEventActionType, notify: bool) -> AccountTakeoverRiskConfigurationType {
    let action = || AccountTakeoverActionType::builder().event_action(action.clone()).notify(notify).build().unwrap();
    let actions = AccountTakeoverActionsType::builder();
    let actions = actions.low_action(action()).medium_action(action()).high_action(action()).build();
    AccountTakeoverRiskConfigurationType::builder().actions(actions).build()
}

fn blocking_stolen(filter: Option<EventFilterType>) -> CompromisedCredentialsRiskConfigurationType {
    let action = CompromisedCredentialsEventActionType::Block;
    let actions = CompromisedCredentialsActionsType::builder().event_action(action).build().unwrap();
    CompromisedCredentialsRiskConfigurationType::builder()
        .actions(actions)
        .set_event_filter(filter.map(|filter| vec![filter]))
        .build()
}

fn excepting(blocked: &[&str], skipped: &[&str]) -> RiskExceptionConfigurationType {
    let list = |ranges: &[&str]| Some(ranges.iter().map(|range| (*range).to_owned()).collect());
    RiskExceptionConfigurationType::builder()
        .set_blocked_ip_range_list(list(blocked))
        .set_skipped_ip_range_list(list(skipped))
        .build()
}

/// A sign-in of maria from somewhere.
fn from(pool: &Pool, address: &str, agent: &str) -> AdminInitiateAuthFluentBuilder {
    let header = HttpHeader::builder().header_name("user-agent").header_value(agent).build();
    let context = ContextDataType::builder().ip_address(address).server_name("app").server_path("/");
    pool.admin_sign_in("maria", PASSWORD).context_data(context.http_headers(header).build().unwrap())
}

async fn events_of(pool: &Pool, username: &str) -> Vec<AuthEventType> {
    pool.admin_list_user_auth_events(username).send().await.unwrap().auth_events.unwrap()
}

async fn newest(pool: &Pool) -> AuthEventType {
    events_of(pool, "maria").await.remove(0)
}

/// Decision and level of maria's newest attempt.
async fn risk(pool: &Pool) -> (RiskDecisionType, Option<RiskLevelType>) {
    let risk = newest(pool).await.event_risk.unwrap();
    (risk.risk_decision.unwrap(), risk.risk_level)
}

async fn feedback(pool: &Pool, value: FeedbackValueType) {
    let event = newest(pool).await.event_id.unwrap();
    pool.admin_update_auth_event_feedback("maria").event_id(event).feedback_value(value).send().await.unwrap();
}

#[tokio::test]
async fn set_risk_configuration_is_echoed_and_described() {
    let pool = enforced().await;
    let request = set(&pool).account_takeover_risk_configuration(always(&Block, false));
    let request = request.compromised_credentials_risk_configuration(blocking_stolen(Some(EventFilterType::SignUp)));
    let request = request.risk_exception_configuration(excepting(&["192.0.2.0/24"], &["2001:db8::/32"]));
    let echoed = request.send().await.unwrap().risk_configuration.unwrap();
    assert_eq!(echoed.user_pool_id(), Some(&*pool.id));
    assert_eq!((echoed.client_id(), echoed.last_modified_date().is_some()), (None, true));
    assert_eq!(echoed.account_takeover_risk_configuration(), Some(&always(&Block, false)));
    assert_eq!(describe(&pool).send().await.unwrap().risk_configuration, Some(echoed));
}

#[tokio::test]
async fn set_risk_configuration_replaces_what_was_there() {
    let pool = enforced().await;
    set(&pool).account_takeover_risk_configuration(always(&Block, false)).send().await.unwrap();
    set(&pool).compromised_credentials_risk_configuration(blocking_stolen(None)).send().await.unwrap();
    let described = describe(&pool).send().await.unwrap().risk_configuration.unwrap();
    assert!(described.account_takeover_risk_configuration().is_none());
    assert!(described.compromised_credentials_risk_configuration().is_some());
}

#[tokio::test]
async fn set_risk_configuration_without_parts_is_a_reset() {
    let pool = enforced().await;
    let nothing = RiskConfigurationType::builder().user_pool_id(&pool.id).build();
    assert_eq!(describe(&pool).send().await.unwrap().risk_configuration, Some(nothing.clone()));
    set(&pool).account_takeover_risk_configuration(always(&Block, false)).send().await.unwrap();
    assert_eq!(set(&pool).send().await.unwrap().risk_configuration, Some(nothing.clone()));
    assert_eq!(describe(&pool).send().await.unwrap().risk_configuration, Some(nothing));
}

#[tokio::test]
async fn a_client_inherits_until_it_has_its_own() {
    let pool = enforced().await;
    set(&pool).account_takeover_risk_configuration(always(&Block, false)).send().await.unwrap();
    let own = RiskConfigurationType::builder().user_pool_id(&pool.id).client_id(&pool.client).build();
    let described = describe(&pool).client_id(&pool.client).send().await.unwrap();
    assert_eq!(described.risk_configuration, Some(own));
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    refused(from(&pool, ELSEWHERE, FIREFOX).send().await, BLOCKED);

    let request = set(&pool).client_id(&pool.client).account_takeover_risk_configuration(always(&NoAction, false));
    request.send().await.unwrap();
    from(&pool, ELSEWHERE, FIREFOX).send().await.unwrap();
    let other = pool.seen_by(&pool.client_with(|client| client).await.0);
    refused(from(&other, "203.0.113.3", FIREFOX).send().await, BLOCKED);

    set(&pool).client_id(&pool.client).send().await.unwrap();
    refused(from(&pool, "203.0.113.4", FIREFOX).send().await, BLOCKED);
}

#[tokio::test]
async fn set_risk_configuration_refuses_what_makes_no_sense() {
    let pool = enforced().await;
    for wrong in [excepting(&["192.0.2.1"], &[]), excepting(&[], &["nonsense"])] {
        refused(
            set(&pool).risk_exception_configuration(wrong).send().await,
            "InvalidParameterException: Incorrect CIDR format",
        );
    }
    let action = |action| AccountTakeoverActionType::builder().event_action(action).notify(false).build().unwrap();
    let actions = AccountTakeoverActionsType::builder().low_action(action(Block)).high_action(action(MfaRequired));
    let milder = AccountTakeoverRiskConfigurationType::builder().actions(actions.build()).build();
    refused(
        set(&pool).account_takeover_risk_configuration(milder).send().await,
        "InvalidParameterException: The action for a higher risk level cannot be less strict than the one for a lower \
         risk level.",
    );
    let notify = NotifyConfigurationType::builder().source_arn(SES.replace("us-east-1", "ap-south-1")).build().unwrap();
    let mut takeover = always(&Block, true);
    takeover.notify_configuration = Some(notify);
    refused(
        set(&pool).account_takeover_risk_configuration(takeover).send().await,
        "InvalidParameterException: Provided SourceArn must be in one of the following SES regions: eu-west-1, \
         us-east-1, us-west-2.",
    );
    let mut unknown = always(&Block, false);
    if let Some(actions) = &mut unknown.actions {
        actions.low_action = Some(action("EXPEL".into()));
    }
    violates(
        set(&pool).account_takeover_risk_configuration(unknown).send().await,
        "'EXPEL' at 'accountTakeoverRiskConfiguration.actions.lowAction.eventAction'",
        "Member must satisfy enum value set: [BLOCK, MFA_IF_CONFIGURED, NO_ACTION, MFA_REQUIRED]",
    );
}

#[tokio::test]
async fn risk_configurations_refuse_what_does_not_exist() {
    let pool = enforced().await;
    refused(set(&pool.nowhere()).send().await, NO_POOL);
    refused(describe(&pool.nowhere()).send().await, NO_POOL);
    refused(set(&pool).client_id("nosuchclient").send().await, NO_CLIENT);
    refused(describe(&pool).client_id("nosuchclient").send().await, NO_CLIENT);
    let other = enforced().await;
    refused(
        set(&pool).client_id(&other.client).send().await,
        &format!("ResourceNotFoundException: User pool client {} does not exist.", other.client),
    );
    let plain = a_pool().await;
    refused(set(&plain).send().await, SWITCHED_OFF);
    refused(describe(&plain).send().await, SWITCHED_OFF);
    refused(update_feedback(&plain, "maria", "0-0", "token").send().await, SWITCHED_OFF);
}

#[tokio::test]
async fn a_first_sign_in_is_no_false_alarm() {
    let pool = enforced().await;
    set(&pool).account_takeover_risk_configuration(always(&Block, false)).send().await.unwrap();
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::NoRisk, None));
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::NoRisk, None));
}

#[tokio::test]
async fn a_new_address_is_low_and_with_a_new_device_medium() {
    let pool = a_pool_in(AdvancedSecurityModeType::Audit).await;
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    from(&pool, ELSEWHERE, FIREFOX).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::AccountTakeover, Some(RiskLevelType::Low)));
    from(&pool, "203.0.113.3", CHROME).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::AccountTakeover, Some(RiskLevelType::Medium)));
    let context = newest(&pool).await.event_context_data.unwrap();
    assert_eq!(context.device_name(), Some("Chrome, Windows"));
    from(&pool, "203.0.113.3", CHROME).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::NoRisk, None), "what passed is known");
}

#[tokio::test]
async fn an_audit_has_no_consequences() {
    let pool = a_pool_in(AdvancedSecurityModeType::Audit).await;
    let request = set(&pool).account_takeover_risk_configuration(always(&Block, true));
    request.risk_exception_configuration(excepting(&["203.0.113.0/24"], &[])).send().await.unwrap();
    for address in [HOME, ELSEWHERE, "203.0.113.3"] {
        let answer = from(&pool, address, FIREFOX).send().await.unwrap();
        assert!(answer.authentication_result.is_some());
        assert_eq!(newest(&pool).await.event_response(), Some(&EventResponseType::Pass));
    }
    assert!(pool.newest_message_to("maria").await.is_none());
}

#[tokio::test]
async fn a_blocked_attempt_is_an_event_and_teaches_nothing() {
    let pool = enforced().await;
    set(&pool).account_takeover_risk_configuration(always(&Block, false)).send().await.unwrap();
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    for _ in 0..2 {
        refused(from(&pool, ELSEWHERE, FIREFOX).send().await, BLOCKED);
        assert_eq!(risk(&pool).await, (RiskDecisionType::Block, Some(RiskLevelType::Low)));
        let event = newest(&pool).await;
        assert_eq!(event.event_response(), Some(&EventResponseType::Fail));
        assert_eq!(event.challenge_responses()[0].challenge_response().unwrap().as_str(), "Success");
    }
    from(&pool, HOME, FIREFOX).send().await.unwrap();
}

#[tokio::test]
async fn feedback_on_a_false_alarm_stops_the_next_one() {
    let pool = enforced().await;
    set(&pool).account_takeover_risk_configuration(always(&Block, false)).send().await.unwrap();
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    refused(from(&pool, ELSEWHERE, CHROME).send().await, BLOCKED);
    feedback(&pool, FeedbackValueType::Valid).await;
    from(&pool, ELSEWHERE, CHROME).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::NoRisk, None));
}

#[tokio::test]
async fn feedback_on_a_thief_raises_the_alarm() {
    let pool = enforced().await;
    let action = |action| AccountTakeoverActionType::builder().event_action(action).notify(false).build().unwrap();
    let actions = AccountTakeoverActionsType::builder().high_action(action(Block)).build();
    let takeover = AccountTakeoverRiskConfigurationType::builder().actions(actions).build();
    set(&pool).account_takeover_risk_configuration(takeover).send().await.unwrap();
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    from(&pool, ELSEWHERE, CHROME).send().await.unwrap();
    from(&pool, ELSEWHERE, CHROME).send().await.unwrap();
    feedback(&pool, FeedbackValueType::Invalid).await;
    refused(from(&pool, ELSEWHERE, CHROME).send().await, BLOCKED);
    assert_eq!(risk(&pool).await, (RiskDecisionType::Block, Some(RiskLevelType::High)));
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::NoRisk, None), "the user's own address is as good as before");
    let all = events_of(&pool, "maria").await;
    let judged = all.iter().find(|event| event.event_feedback().is_some()).unwrap().event_id().unwrap();
    let request = pool.admin_update_auth_event_feedback("maria").event_id(judged);
    request.feedback_value(FeedbackValueType::Valid).send().await.unwrap();
    from(&pool, ELSEWHERE, CHROME).send().await.unwrap();
}

#[tokio::test]
async fn a_second_factor_is_asked_for_where_the_risk_is() {
    let pool = enforced().await;
    set(&pool).account_takeover_risk_configuration(always(&MfaRequired, false)).send().await.unwrap();
    pool.admin_update_user_attributes("maria")
        .user_attributes(crate::fixtures::attribute("phone_number", "+12065550100"))
        .send()
        .await
        .unwrap();
    let home = from(&pool, HOME, FIREFOX).send().await.unwrap();
    assert!(home.authentication_result.is_some(), "no risk, no factor");
    let answer = from(&pool, ELSEWHERE, FIREFOX).send().await.unwrap();
    assert_eq!(answer.challenge_name, Some(ChallengeNameType::SmsMfa));
    assert_eq!(newest(&pool).await.event_response(), Some(&EventResponseType::InProgress));
    let code = pool.newest_code_for("maria").await;
    let answer = pool
        .admin_respond_to_auth_challenge()
        .challenge_name(ChallengeNameType::SmsMfa)
        .session(answer.session.unwrap())
        .challenge_responses("USERNAME", "maria")
        .challenge_responses("SMS_MFA_CODE", code);
    assert!(answer.send().await.unwrap().authentication_result.is_some());
    let event = newest(&pool).await;
    assert_eq!(event.event_response(), Some(&EventResponseType::Pass));
    assert_eq!(risk(&pool).await, (RiskDecisionType::AccountTakeover, Some(RiskLevelType::Low)));
    assert_eq!(event.event_context_data().unwrap().ip_address(), Some(ELSEWHERE));
    let again = from(&pool, ELSEWHERE, FIREFOX).send().await.unwrap();
    assert!(again.authentication_result.is_some(), "the address is known now");
}

#[tokio::test]
async fn a_user_without_a_factor_is_let_in_or_blocked_as_the_action_says() {
    let pool = enforced().await;
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    set(&pool).account_takeover_risk_configuration(always(&MfaRequired, false)).send().await.unwrap();
    refused(from(&pool, ELSEWHERE, FIREFOX).send().await, BLOCKED);
    assert_eq!(risk(&pool).await, (RiskDecisionType::Block, Some(RiskLevelType::Low)));
    assert_eq!(newest(&pool).await.event_response(), Some(&EventResponseType::Fail));
    set(&pool).account_takeover_risk_configuration(always(&MfaIfConfigured, false)).send().await.unwrap();
    from(&pool, ELSEWHERE, FIREFOX).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::AccountTakeover, Some(RiskLevelType::Low)));
}

#[tokio::test]
async fn ranges_are_blocked_or_skipped_whatever_the_risk() {
    let pool = enforced().await;
    let request = set(&pool).account_takeover_risk_configuration(always(&Block, false));
    let exceptions = excepting(&["203.0.113.0/24"], &["198.51.100.0/24", "203.0.113.0/24"]);
    request.risk_exception_configuration(exceptions).send().await.unwrap();
    refused(from(&pool, "203.0.113.3", FIREFOX).send().await, BLOCKED);
    assert_eq!(risk(&pool).await, (RiskDecisionType::Block, None));
    assert!(newest(&pool).await.challenge_responses().is_empty(), "the password was not looked at");
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    from(&pool, ELSEWHERE, CHROME).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::NoRisk, None));
    let nobody = pool.admin_sign_in("nobody", PASSWORD);
    let context = from(&pool, "203.0.113.3", FIREFOX).get_context_data().clone();
    refused(nobody.set_context_data(context).send().await, BLOCKED);
}

#[tokio::test]
async fn many_failures_make_the_next_success_a_risk() {
    let pool = a_pool_in(AdvancedSecurityModeType::Audit).await;
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    for _ in 0..5 {
        let wrong = from(&pool, ELSEWHERE, FIREFOX).auth_parameters("PASSWORD", "Wrong-password-1");
        refused(wrong.send().await, "NotAuthorizedException: Incorrect username or password.");
    }
    pool.wait(5);
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::NoRisk, None), "maria did not guess");
    from(&pool, ELSEWHERE, FIREFOX).send().await.unwrap();
    assert_eq!(risk(&pool).await, (RiskDecisionType::AccountTakeover, Some(RiskLevelType::High)));
}

#[tokio::test]
async fn a_message_tells_the_user_and_its_token_gives_feedback() {
    let pool = enforced().await;
    let email = NotifyEmailType::builder().subject("Was it you?").text_body("{device-name} {one-click-link-valid}");
    let notify = NotifyConfigurationType::builder().source_arn(SES).block_email(email.build().unwrap());
    let mut takeover = always(&Block, true);
    takeover.notify_configuration = Some(notify.build().unwrap());
    set(&pool).account_takeover_risk_configuration(takeover).send().await.unwrap();
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    assert!(pool.newest_message_to("maria").await.is_none());
    refused(from(&pool, ELSEWHERE, FIREFOX).send().await, BLOCKED);
    let message = pool.newest_message_to("maria").await.unwrap();
    assert_eq!((message.subject.as_deref(), &*message.destination), (Some("Was it you?"), "maria@example.com"));
    assert!(message.body.starts_with("Firefox, Linux urn:cognate:feedback?userPoolId="), "{}", message.body);
    let event = newest(&pool).await.event_id.unwrap();
    assert!(message.body.contains(&format!("eventId={event}")) && message.body.ends_with("feedbackValue=Valid"));
    let token = message.body.split("feedbackToken=").nth(1).unwrap().split('&').next().unwrap().to_owned();

    pool.user("john").await;
    for (username, event, token) in [
        ("john", &*event, &*token),
        ("nobody", &event, &token),
        ("maria", "7875548a-bd00-490a-93b8-fa36fe42a3e0", &token),
        ("maria", "made-up", &token),
        ("maria", &event, "made-up"),
    ] {
        refused(update_feedback(&pool, username, event, token).send().await, BAD_TOKEN);
    }
    refused(update_feedback(&pool.nowhere(), "maria", &event, &token).send().await, NO_POOL);
    update_feedback(&pool, "maria", &event, &token).send().await.unwrap();
    assert_eq!(newest(&pool).await.event_feedback().unwrap().provider(), "User");
    from(&pool, ELSEWHERE, FIREFOX).send().await.unwrap();
    pool.wait(8 * 86_400);
    refused(update_feedback(&pool, "maria", &event, &token).send().await, BAD_TOKEN);
}

fn update_feedback(pool: &Pool, username: &str, event: &str, token: &str) -> UpdateAuthEventFeedbackFluentBuilder {
    let request = pool.sdk.update_auth_event_feedback().user_pool_id(&pool.id).username(username);
    request.event_id(event).feedback_token(token).feedback_value(FeedbackValueType::Valid)
}

#[tokio::test]
async fn a_user_is_sent_no_more_than_a_few_messages_an_hour() {
    let pool = enforced().await;
    set(&pool).account_takeover_risk_configuration(always(&Block, true)).send().await.unwrap();
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    for _ in 0..12 {
        refused(from(&pool, ELSEWHERE, FIREFOX).send().await, BLOCKED);
    }
    let sent = pool.cognate.outbox().await.unwrap();
    assert_eq!(sent.messages().iter().filter(|message| message.purpose == "AccountTakeOverNotification").count(), 10);
}

#[tokio::test]
async fn what_is_known_of_a_deleted_user_is_gone() {
    let pool = enforced().await;
    set(&pool).account_takeover_risk_configuration(always(&Block, false)).send().await.unwrap();
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    pool.admin_delete_user("maria").send().await.unwrap();
    pool.user("maria").await;
    from(&pool, ELSEWHERE, CHROME).send().await.unwrap();
}

#[tokio::test]
async fn events_are_kept_for_two_years() {
    let pool = a_pool_in(AdvancedSecurityModeType::Audit).await;
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    pool.wait(729 * 86_400);
    from(&pool, HOME, FIREFOX).send().await.unwrap();
    assert_eq!(events_of(&pool, "maria").await.len(), 2);
    pool.wait(2 * 86_400);
    assert_eq!(events_of(&pool, "maria").await.len(), 1);
}
