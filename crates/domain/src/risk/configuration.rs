//! What `SetRiskConfiguration` may say, and what it means for an attempt.

use std::net::IpAddr;

use cognate_model::{
    AccountTakeoverActionType, AccountTakeoverEventActionType, AccountTakeoverRiskConfigurationType,
    CompromisedCredentialsEventActionType, EventFilterType, NotifyConfigurationType, RiskConfigurationType,
    RiskLevelType,
};

use super::address::Range;
use crate::sign_in::Demand;
use crate::{Refusal, pool_senders};

/// Checks a configuration. The texts about ranges and senders are recorded from the live service; that a higher risk may
/// not have a milder action is documented, its text is not recorded.
pub fn check(config: &RiskConfigurationType, region: &str) -> Result<(), Refusal> {
    if ranges(config).any(|range| Range::parse(range).is_none()) {
        return Err(Refusal::invalid("Incorrect CIDR format"));
    }
    match &config.account_takeover_risk_configuration {
        Some(takeover) => check_takeover(takeover, region),
        None => Ok(()),
    }
}

fn ranges(config: &RiskConfigurationType) -> impl Iterator<Item = &str> {
    let exceptions = config.risk_exception_configuration.iter();
    exceptions
        .flat_map(|exceptions| [&exceptions.blocked_ip_range_list, &exceptions.skipped_ip_range_list])
        .flatten()
        .flatten()
        .map(String::as_str)
}

fn check_takeover(takeover: &AccountTakeoverRiskConfigurationType, region: &str) -> Result<(), Refusal> {
    if let Some(notify) = &takeover.notify_configuration {
        pool_senders::check_notifier(&notify.source_arn, notify.from.as_deref(), region)?;
    }
    let actions = &takeover.actions;
    let given = [&actions.low_action, &actions.medium_action, &actions.high_action];
    let strictness: Vec<u8> = given.into_iter().flatten().map(|action| strictness(action.event_action)).collect();
    if strictness.is_sorted() {
        return Ok(());
    }
    Err(Refusal::invalid(
        "The action for a higher risk level cannot be less strict than the one for a lower risk level.",
    ))
}

fn strictness(action: AccountTakeoverEventActionType) -> u8 {
    match action {
        AccountTakeoverEventActionType::NoAction => 0,
        AccountTakeoverEventActionType::MfaIfConfigured => 1,
        AccountTakeoverEventActionType::MfaRequired => 2,
        AccountTakeoverEventActionType::Block => 3,
    }
}

/// The configuration that decides: the client's own where it has one, else the pool's.
pub fn effective(
    of_pool: Option<RiskConfigurationType>,
    of_client: Option<RiskConfigurationType>,
) -> RiskConfigurationType {
    of_client.or(of_pool).unwrap_or_default()
}

/// What becomes of the addresses of a configuration's lists, whatever the risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exception {
    /// The address is in neither list.
    None,
    /// It is always blocked.
    Blocked,
    /// It is never looked at.
    Skipped,
}

/// The exception of an address. A range that is blocked is blocked, even where it is skipped as well.
pub fn exception(config: &RiskConfigurationType, address: Option<IpAddr>) -> Exception {
    let (Some(lists), Some(address)) = (&config.risk_exception_configuration, address) else { return Exception::None };
    let holds = |list: &Option<Vec<String>>| {
        list.iter().flatten().filter_map(|range| Range::parse(range)).any(|range| range.contains(address))
    };
    if holds(&lists.blocked_ip_range_list) {
        Exception::Blocked
    } else if holds(&lists.skipped_ip_range_list) {
        Exception::Skipped
    } else {
        Exception::None
    }
}

/// What follows from a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response {
    /// Whether the attempt goes on, and what it has to show besides; none where it is blocked.
    pub demand: Option<Demand>,
    /// Which of its messages the user is sent.
    pub notice: Option<Notice>,
}

/// A message about a risky attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// It was blocked.
    Block,
    /// Nothing was done about it.
    NoAction,
    /// A second factor was asked for.
    Mfa,
}

/// What follows from a risk of this level. Where nothing is configured, nothing does.
pub fn response(config: &RiskConfigurationType, level: RiskLevelType) -> Response {
    let actions = config.account_takeover_risk_configuration.as_ref().map(|takeover| &takeover.actions);
    let action = actions.and_then(|actions| match level {
        RiskLevelType::Low => actions.low_action.as_ref(),
        RiskLevelType::Medium => actions.medium_action.as_ref(),
        RiskLevelType::High => actions.high_action.as_ref(),
    });
    let Some(AccountTakeoverActionType { notify, event_action }) = action else {
        return Response { demand: Some(Demand::Nothing), notice: None };
    };
    let (demand, notice) = match event_action {
        AccountTakeoverEventActionType::Block => (None, Notice::Block),
        AccountTakeoverEventActionType::NoAction => (Some(Demand::Nothing), Notice::NoAction),
        AccountTakeoverEventActionType::MfaIfConfigured => (Some(Demand::IfConfigured), Notice::Mfa),
        AccountTakeoverEventActionType::MfaRequired => (Some(Demand::Required), Notice::Mfa),
    };
    Response { demand, notice: notify.then_some(notice) }
}

/// The texts of the messages, where the configuration has its own.
pub fn notifier(config: &RiskConfigurationType) -> Option<&NotifyConfigurationType> {
    config.account_takeover_risk_configuration.as_ref()?.notify_configuration.as_ref()
}

/// Whether a stolen password is blocked where it is used like this. Without a filter all uses are.
pub fn blocks_compromised(config: &RiskConfigurationType, used: EventFilterType) -> bool {
    config.compromised_credentials_risk_configuration.as_ref().is_some_and(|compromised| {
        let filter = compromised.event_filter.as_deref().unwrap_or_default();
        compromised.actions.event_action == CompromisedCredentialsEventActionType::Block
            && (filter.is_empty() || filter.contains(&used))
    })
}

#[cfg(test)]
mod tests {
    use cognate_model::{
        AccountTakeoverActionsType, CompromisedCredentialsActionsType, CompromisedCredentialsRiskConfigurationType,
        RiskExceptionConfigurationType,
    };

    use super::*;
    use AccountTakeoverEventActionType::{Block, MfaIfConfigured, MfaRequired, NoAction};
    use CompromisedCredentialsEventActionType as Action;

    const ARN: &str = "arn:aws:ses:us-east-1:123456789012:identity/example.com";

    fn acting(actions: [Option<(AccountTakeoverEventActionType, bool)>; 3]) -> RiskConfigurationType {
        let [low_action, medium_action, high_action] = actions
            .map(|action| action.map(|(event_action, notify)| AccountTakeoverActionType { notify, event_action }));
        RiskConfigurationType {
            account_takeover_risk_configuration: Some(AccountTakeoverRiskConfigurationType {
                notify_configuration: None,
                actions: AccountTakeoverActionsType { low_action, medium_action, high_action },
            }),
            ..RiskConfigurationType::default()
        }
    }

    fn excepting(blocked: &[&str], skipped: &[&str]) -> RiskConfigurationType {
        let list = |ranges: &[&str]| Some(ranges.iter().map(|range| (*range).to_owned()).collect());
        RiskConfigurationType {
            risk_exception_configuration: Some(RiskExceptionConfigurationType {
                blocked_ip_range_list: list(blocked),
                skipped_ip_range_list: list(skipped),
            }),
            ..RiskConfigurationType::default()
        }
    }

    fn refused(config: &RiskConfigurationType) -> String {
        check(config, "us-east-1").unwrap_err().message.into_owned()
    }

    #[test]
    fn ranges_must_be_ranges() {
        assert_eq!(check(&excepting(&["192.0.2.0/24"], &["2001:db8::/32"]), "us-east-1"), Ok(()));
        for wrong in [excepting(&["192.0.2.1"], &[]), excepting(&[], &["192.0.2.0/24", "nonsense"])] {
            assert_eq!(refused(&wrong), "Incorrect CIDR format");
        }
    }

    #[test]
    fn a_higher_risk_has_no_milder_action() {
        for actions in [
            [None, None, None],
            [Some((NoAction, false)), Some((MfaIfConfigured, true)), Some((Block, true))],
            [Some((MfaRequired, false)), None, Some((MfaRequired, false))],
        ] {
            assert_eq!(check(&acting(actions), "us-east-1"), Ok(()));
        }
        for actions in [
            [Some((Block, false)), Some((MfaRequired, false)), Some((Block, false))],
            [Some((MfaIfConfigured, false)), None, Some((NoAction, false))],
        ] {
            assert!(refused(&acting(actions)).contains("less strict"));
        }
    }

    #[test]
    fn the_sender_must_be_one_that_a_pool_may_use() {
        let with = |source: &str, from: Option<&str>| {
            let mut config = acting([None, None, None]);
            let takeover = config.account_takeover_risk_configuration.as_mut().unwrap();
            takeover.notify_configuration = Some(NotifyConfigurationType {
                source_arn: source.to_owned(),
                from: from.map(str::to_owned),
                ..NotifyConfigurationType::default()
            });
            config
        };
        assert_eq!(check(&with(ARN, Some("Maria <maria@example.com>")), "us-east-1"), Ok(()));
        assert!(refused(&with(&ARN.replace("us-east-1", "ap-south-1"), None)).contains("SES regions"));
        assert_eq!(refused(&with(ARN, Some("nobody"))), "Provided From email address is invalid");
    }

    #[test]
    fn an_address_may_be_blocked_or_skipped() {
        let config = excepting(&["192.0.2.0/25"], &["192.0.2.0/24"]);
        let of = |address: &str| exception(&config, Some(address.parse().unwrap()));
        assert_eq!(of("192.0.2.1"), Exception::Blocked);
        assert_eq!(of("192.0.2.200"), Exception::Skipped);
        assert_eq!(of("198.51.100.1"), Exception::None);
        assert_eq!(exception(&config, None), Exception::None);
        assert_eq!(exception(&RiskConfigurationType::default(), None), Exception::None);
    }

    #[test]
    fn each_level_has_its_action() {
        let config = acting([Some((NoAction, true)), Some((MfaRequired, false)), Some((Block, true))]);
        let of = |level| response(&config, level);
        let low = Response { demand: Some(Demand::Nothing), notice: Some(Notice::NoAction) };
        assert_eq!(of(RiskLevelType::Low), low);
        assert_eq!(of(RiskLevelType::Medium), Response { demand: Some(Demand::Required), notice: None });
        assert_eq!(of(RiskLevelType::High), Response { demand: None, notice: Some(Notice::Block) });
        let nothing = Response { demand: Some(Demand::Nothing), notice: None };
        assert_eq!(response(&RiskConfigurationType::default(), RiskLevelType::High), nothing);
    }

    #[test]
    fn a_client_with_a_configuration_of_its_own_does_not_inherit() {
        let (of_pool, of_client) = (acting([None, None, Some((Block, false))]), excepting(&["192.0.2.0/24"], &[]));
        assert_eq!(effective(Some(of_pool.clone()), Some(of_client.clone())), of_client);
        assert_eq!(effective(Some(of_pool.clone()), None), of_pool);
        assert_eq!(effective(None, None), RiskConfigurationType::default());
    }

    #[test]
    fn stolen_passwords_are_blocked_where_the_filter_says() {
        let with = |event_action, event_filter| RiskConfigurationType {
            compromised_credentials_risk_configuration: Some(CompromisedCredentialsRiskConfigurationType {
                event_filter,
                actions: CompromisedCredentialsActionsType { event_action },
            }),
            ..RiskConfigurationType::default()
        };
        assert!(blocks_compromised(&with(Action::Block, None), EventFilterType::SignIn));
        let filtered = with(Action::Block, Some(vec![EventFilterType::SignUp]));
        assert!(blocks_compromised(&filtered, EventFilterType::SignUp));
        assert!(!blocks_compromised(&filtered, EventFilterType::SignIn));
        assert!(!blocks_compromised(&with(Action::NoAction, None), EventFilterType::SignIn));
        assert!(!blocks_compromised(&RiskConfigurationType::default(), EventFilterType::SignIn));
    }
}
