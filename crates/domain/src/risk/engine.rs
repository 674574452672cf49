//! The level of risk of an attempt to sign in: a sum of few signals, each with its weight.
//!
//! | signal | weight | when |
//! | --- | --- | --- |
//! | new address | 1 | the user never signed in from there |
//! | new country | 1 | nor from that country |
//! | new device | 1 | nor with such a device |
//! | impossible travel | 2 | from a new address, farther from the last sign-in than an aircraft flies in the time |
//! | velocity | 2 | five or more failed sign-ins in the last ten minutes; at a known address only those from there count |
//! | distrusted address | 3 | feedback said that it was somebody else's |
//!
//! Together 1 is a low risk, 2 a medium, 3 and more a high one. Of a user who never signed in nothing is new: there is
//! nothing to compare with.

use std::net::IpAddr;

use cognate_model::{AuthEventType, EventResponseType, EventType, FeedbackValueType, RiskLevelType, Timestamp};

use super::address::remembered;
use super::learning::{Kind, Mark, Standing};
use super::places::Point;

/// Faster than aircraft, in kilometres an hour.
const FASTEST: f64 = 1_000.0;
/// Distances below this many kilometres are how exact tables of places are.
const NEAR: f64 = 100.0;
/// How far back failed attempts count, in seconds.
const WINDOW: i64 = 600;
/// How many of them are many.
const MANY: usize = 5;

/// A reason to doubt an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The user never signed in from this address.
    NewAddress,
    /// Nor from this country.
    NewCountry,
    /// Nor with such a device.
    NewDevice,
    /// Nobody is here so soon after they were there.
    ImpossibleTravel,
    /// Many attempts failed just now.
    Velocity,
    /// Somebody else signed in from this address.
    DistrustedAddress,
}

/// An attempt, as far as the engine looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Trace<'a> {
    /// The address; none where it is not known.
    pub address: Option<IpAddr>,
    /// What the event calls the device.
    pub device: &'a str,
    /// Whether the device proves that it is the user's own.
    pub is_own_device: bool,
    /// The country of the address.
    pub country: Option<&'a str>,
    /// Where the address is.
    pub point: Option<Point>,
    /// When.
    pub now: Timestamp,
}

/// What is known of the user.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// Addresses, devices and countries of earlier sign-ins.
    pub marks: &'a [Mark],
    /// When and where the last sign-in was.
    pub last: Option<(Timestamp, Point)>,
    /// The newest events, newest first.
    pub recent: &'a [AuthEventType],
}

/// The signals of an attempt.
pub fn signals(trace: &Trace<'_>, history: &History<'_>) -> Vec<Signal> {
    let standing = |kind: Kind, value: &str| {
        history.marks.iter().find(|mark| mark.kind == kind && mark.value == value).map(|mark| mark.standing)
    };
    let is_first = !history.marks.iter().any(|mark| mark.standing != Standing::Distrusted);
    let address = trace.address.map(|address| standing(Kind::Address, &remembered(address)));
    let is_new_address = !is_first && address == Some(None);
    let is_new = |kind, value: &str| !is_first && standing(kind, value).is_none();
    [
        (Signal::NewAddress, is_new_address),
        (Signal::NewCountry, trace.country.is_some_and(|country| is_new_country(history, country))),
        (Signal::NewDevice, !trace.is_own_device && is_new(Kind::Device, trace.device)),
        (Signal::ImpossibleTravel, is_new_address && travels_too_fast(trace, history)),
        (Signal::Velocity, failures(trace, history, address.flatten()) >= MANY),
        (Signal::DistrustedAddress, address == Some(Some(Standing::Distrusted))),
    ]
    .into_iter()
    .filter_map(|(signal, is_there)| is_there.then_some(signal))
    .collect()
}

/// The level of an attempt with these signals; none where there is no risk.
pub fn level(signals: &[Signal]) -> Option<RiskLevelType> {
    match signals.iter().map(|signal| signal.weight()).sum() {
        0 => None,
        1 => Some(RiskLevelType::Low),
        2 => Some(RiskLevelType::Medium),
        3.. => Some(RiskLevelType::High),
    }
}

impl Signal {
    fn weight(self) -> u32 {
        match self {
            Self::NewAddress | Self::NewCountry | Self::NewDevice => 1,
            Self::ImpossibleTravel | Self::Velocity => 2,
            Self::DistrustedAddress => 3,
        }
    }
}

/// Whether the countries of earlier sign-ins are known, and this is none of them.
fn is_new_country(history: &History<'_>, country: &str) -> bool {
    let mut known = history.marks.iter().filter(|mark| mark.kind == Kind::Country).peekable();
    known.peek().is_some() && known.all(|mark| mark.value != country)
}

fn travels_too_fast(trace: &Trace<'_>, history: &History<'_>) -> bool {
    let Some((here, (then, there))) = trace.point.zip(history.last) else { return false };
    let distance = here.distance(there);
    #[expect(clippy::cast_precision_loss, reason = "microseconds between two sign-ins are far below 2^53")]
    let hours = trace.now.micros().saturating_sub(then.micros()).max(0) as f64 / 3.6e9;
    distance > NEAR && distance > FASTEST * hours
}

/// Failed sign-ins of the last minutes, since the user or an administrator last called one their own. Whoever guesses
/// elsewhere does not make a sign-in from a known address a risk.
fn failures(trace: &Trace<'_>, history: &History<'_>, standing: Option<Standing>) -> usize {
    let since = trace.now.plus_seconds(-WINDOW);
    let here = trace.address.map(remembered).filter(|_| standing.is_some());
    let is_from_here = |event: &AuthEventType| {
        let there = event.event_context_data.as_ref().and_then(|context| context.ip_address.as_ref());
        there.and_then(|address| address.parse().ok()).map(remembered) == here
    };
    history
        .recent
        .iter()
        .take_while(|event| !is_valid(event))
        .filter(|event| event.event_type == Some(EventType::SignIn))
        .filter(|event| event.event_response == Some(EventResponseType::Fail))
        .filter(|event| event.creation_date.is_some_and(|date| date > since && date <= trace.now))
        .filter(|event| here.is_none() || is_from_here(event))
        .count()
}

fn is_valid(event: &AuthEventType) -> bool {
    event.event_feedback.as_ref().is_some_and(|feedback| feedback.feedback_value == FeedbackValueType::Valid)
}

#[cfg(test)]
mod tests {
    use cognate_model::{EventContextDataType, EventFeedbackType};

    use super::*;

    const HOUR: i64 = 3_600_000_000;
    const BERLIN: Point = Point { latitude: 52.52, longitude: 13.405 };
    const SEOUL: Point = Point { latitude: 37.57, longitude: 126.98 };
    const NOW: Timestamp = Timestamp::from_micros(100 * HOUR);

    fn mark(kind: Kind, value: &str, standing: Standing) -> Mark {
        Mark { kind, value: value.to_owned(), standing, first: 1, last: 1 }
    }

    /// A user who signs in from 192.0.2.1 in Germany with Firefox on Linux.
    fn home() -> Vec<Mark> {
        [(Kind::Address, "192.0.2.1"), (Kind::Device, "Firefox, Linux"), (Kind::Country, "Germany")]
            .into_iter()
            .map(|(kind, value)| mark(kind, value, Standing::Seen))
            .collect()
    }

    fn at_home() -> Trace<'static> {
        Trace {
            address: Some(ip("192.0.2.1")),
            device: "Firefox, Linux",
            is_own_device: false,
            country: Some("Germany"),
            point: Some(BERLIN),
            now: NOW,
        }
    }

    fn ip(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    fn judged(trace: &Trace<'_>, marks: &[Mark]) -> (Vec<Signal>, Option<RiskLevelType>) {
        let found = signals(trace, &History { marks, last: None, recent: &[] });
        let level = level(&found);
        (found, level)
    }

    #[test]
    fn a_sign_in_from_home_is_no_risk() {
        assert_eq!(judged(&at_home(), &home()), (vec![], None));
    }

    #[test]
    fn a_first_sign_in_is_no_risk_wherever_it_comes_from() {
        assert_eq!(judged(&at_home(), &[]), (vec![], None));
        let elsewhere =
            Trace { address: Some(ip("198.51.100.9")), country: Some("Korea"), device: "X, Y", ..at_home() };
        assert_eq!(judged(&elsewhere, &[]), (vec![], None));
    }

    #[test]
    fn each_new_thing_weighs_one() {
        let elsewhere = Trace { address: Some(ip("198.51.100.9")), ..at_home() };
        assert_eq!(judged(&elsewhere, &home()), (vec![Signal::NewAddress], Some(RiskLevelType::Low)));
        let device = Trace { device: "Chrome, Windows", ..at_home() };
        assert_eq!(judged(&device, &home()), (vec![Signal::NewDevice], Some(RiskLevelType::Low)));
        let both = Trace { device: "Chrome, Windows", ..elsewhere };
        assert_eq!(judged(&both, &home()).1, Some(RiskLevelType::Medium));
        let all = Trace { country: Some("Korea"), ..both };
        let expected = vec![Signal::NewAddress, Signal::NewCountry, Signal::NewDevice];
        assert_eq!(judged(&all, &home()), (expected, Some(RiskLevelType::High)));
    }

    #[test]
    fn what_is_not_known_is_not_new() {
        let unknown = Trace { address: None, country: None, ..at_home() };
        assert_eq!(judged(&unknown, &home()), (vec![], None));
        let without_countries: Vec<Mark> = home().into_iter().filter(|mark| mark.kind != Kind::Country).collect();
        let elsewhere = Trace { country: Some("Korea"), ..at_home() };
        assert_eq!(judged(&elsewhere, &without_countries), (vec![], None), "the table of places is new");
    }

    #[test]
    fn a_device_that_proves_itself_is_not_new() {
        let device = Trace { device: "Chrome, Windows", is_own_device: true, ..at_home() };
        assert_eq!(judged(&device, &home()), (vec![], None));
    }

    #[test]
    fn hosts_of_a_known_network_are_known() {
        let marks = [mark(Kind::Address, "2001:db8:1:2::", Standing::Seen), home().remove(1)];
        let elsewhere = Trace { address: Some(ip("2001:db8:1:2:3::9")), country: None, ..at_home() };
        assert_eq!(judged(&elsewhere, &marks), (vec![], None));
    }

    #[test]
    fn nobody_is_in_seoul_an_hour_after_berlin() {
        let seoul =
            Trace { address: Some(ip("198.51.100.9")), country: Some("Korea"), point: Some(SEOUL), ..at_home() };
        let after = |hours: i64| {
            let last = Some((Timestamp::from_micros(NOW.micros() - hours * HOUR), BERLIN));
            signals(&seoul, &History { marks: &home(), last, recent: &[] })
        };
        assert_eq!(after(1), [Signal::NewAddress, Signal::NewCountry, Signal::ImpossibleTravel]);
        assert_eq!(after(12), [Signal::NewAddress, Signal::NewCountry]);
        assert_eq!(after(-1).last(), Some(&Signal::ImpossibleTravel), "a clock that was set back");
    }

    #[test]
    fn who_was_there_before_may_travel_as_they_like() {
        let mut marks = home();
        marks.extend([
            mark(Kind::Address, "198.51.100.9", Standing::Trusted),
            mark(Kind::Country, "Korea", Standing::Seen),
        ]);
        let seoul =
            Trace { address: Some(ip("198.51.100.9")), country: Some("Korea"), point: Some(SEOUL), ..at_home() };
        let history = History { marks: &marks, last: Some((NOW, BERLIN)), recent: &[] };
        assert_eq!(signals(&seoul, &history), []);
    }

    #[test]
    fn a_distrusted_address_is_a_high_risk_even_at_first() {
        let marks = [mark(Kind::Address, "192.0.2.1", Standing::Distrusted)];
        assert_eq!(judged(&at_home(), &marks), (vec![Signal::DistrustedAddress], Some(RiskLevelType::High)));
    }

    fn failed(seconds_ago: i64) -> AuthEventType {
        AuthEventType {
            event_type: Some(EventType::SignIn),
            event_response: Some(EventResponseType::Fail),
            creation_date: Some(NOW.plus_seconds(-seconds_ago)),
            event_context_data: Some(EventContextDataType {
                ip_address: Some("192.0.2.1".to_owned()),
                ..EventContextDataType::default()
            }),
            ..AuthEventType::default()
        }
    }

    #[test]
    fn five_failures_in_ten_minutes_are_many() {
        let judged =
            |recent: &[AuthEventType]| level(&signals(&at_home(), &History { marks: &home(), last: None, recent }));
        let five: Vec<AuthEventType> = (1..=5).map(failed).collect();
        assert_eq!(judged(&five), Some(RiskLevelType::Medium));
        assert_eq!(judged(&five[1..]), None);
        let old: Vec<AuthEventType> = (1..=5).map(|nth| failed(nth * 150)).collect();
        assert_eq!(judged(&old), None, "two of them are too old");
    }

    #[test]
    fn whoever_guesses_elsewhere_is_no_risk_at_home_but_where_they_guess() {
        let recent: Vec<AuthEventType> = (1..=5).map(failed).collect();
        let mut marks = home();
        marks[0].value = "198.51.100.9".to_owned();
        let history = History { marks: &marks, last: None, recent: &recent };
        assert_eq!(signals(&Trace { address: Some(ip("198.51.100.9")), ..at_home() }, &history), []);
        assert_eq!(signals(&at_home(), &history), [Signal::NewAddress, Signal::Velocity]);
    }

    #[test]
    fn failures_before_one_that_was_called_ones_own_are_forgiven() {
        let mut recent: Vec<AuthEventType> = (1..=9).map(failed).collect();
        let feedback =
            |feedback_value| EventFeedbackType { feedback_value, provider: "Admin".to_owned(), feedback_date: None };
        recent[2].event_feedback = Some(feedback(FeedbackValueType::Invalid));
        assert_eq!(failures(&at_home(), &History { marks: &[], last: None, recent: &recent }, None), 9);
        recent[2].event_feedback = Some(feedback(FeedbackValueType::Valid));
        assert_eq!(failures(&at_home(), &History { marks: &[], last: None, recent: &recent }, None), 2);
    }
}
