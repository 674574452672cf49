//! What is remembered of a user's sign-ins, and how feedback changes it.

use cognate_model::{AuthEventType, EventContextDataType, FeedbackValueType};

use super::address::remembered;

/// What an event calls a place that it does not know.
pub const UNKNOWN_PLACE: &str = "null";

/// What is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An address, or its network.
    Address,
    /// What events call a device.
    Device,
    /// A country.
    Country,
}

/// How much it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A sign-in came from there.
    Seen,
    /// Feedback called an attempt from there the user's own.
    Trusted,
    /// Feedback called an attempt from there somebody else's.
    Distrusted,
}

/// Something that is remembered of a user's sign-ins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What.
    pub kind: Kind,
    /// Which.
    pub value: String,
    /// How much it is believed.
    pub standing: Standing,
    /// When a sign-in first had it (microseconds; 0 for never).
    pub first: i64,
    /// When one last had it.
    pub last: i64,
}

/// What a mark becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Written in the place of the one that is there.
    Put(Mark),
    /// Forgotten.
    Forget(Kind, String),
}

/// The marks of an event's context.
pub fn marks_of(context: Option<&EventContextDataType>) -> Vec<(Kind, String)> {
    let Some(context) = context else { return Vec::new() };
    let address = context.ip_address.as_deref().and_then(|address| address.parse().ok()).map(remembered);
    let country = context.country.clone().filter(|country| country != UNKNOWN_PLACE);
    [(Kind::Address, address), (Kind::Device, context.device_name.clone()), (Kind::Country, country)]
        .into_iter()
        .filter_map(|(kind, value)| Some((kind, value?)))
        .collect()
}

/// What a sign-in that ended well teaches. `find` looks a mark up.
pub fn signed_in<E>(
    event: &AuthEventType,
    mut find: impl FnMut(Kind, &str) -> Result<Option<Mark>, E>,
) -> Result<Vec<Mark>, E> {
    let now = event.creation_date.unwrap_or_default().micros();
    marks_of(event.event_context_data.as_ref())
        .into_iter()
        .map(|(kind, value)| {
            let known = find(kind, &value)?;
            let first = known.as_ref().map(|mark| mark.first).filter(|first| *first != 0).unwrap_or(now);
            let standing = known.map_or(Standing::Seen, |mark| mark.standing);
            Ok(Mark { kind, value, standing, first, last: now })
        })
        .collect()
}

/// What feedback on an event teaches.
///
/// A valid one: all that the event had is the user's own. An invalid one: the address is somebody else's, and what was
/// learned from this event alone is forgotten. Devices and countries that other sign-ins had too are left as they are,
/// because thieves share them with their victims.
pub fn judged<E>(
    event: &AuthEventType,
    feedback: FeedbackValueType,
    mut find: impl FnMut(Kind, &str) -> Result<Option<Mark>, E>,
) -> Result<Vec<Change>, E> {
    let then = event.creation_date.unwrap_or_default().micros();
    let mut changes = Vec::new();
    for (kind, value) in marks_of(event.event_context_data.as_ref()) {
        let known = find(kind, &value)?;
        let (first, last) = known.as_ref().map_or((0, 0), |mark| (mark.first, mark.last));
        let put = |value, standing| Change::Put(Mark { kind, value, standing, first, last });
        match (feedback, kind) {
            (FeedbackValueType::Valid, _) => changes.push(put(value, Standing::Trusted)),
            (FeedbackValueType::Invalid, Kind::Address) => changes.push(put(value, Standing::Distrusted)),
            (FeedbackValueType::Invalid, _) => {
                let is_of_this_event_alone = (first, last) == (then, then) || (first, last) == (0, 0);
                if known.is_some() && is_of_this_event_alone {
                    changes.push(Change::Forget(kind, value));
                }
            }
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use cognate_model::Timestamp;

    use super::*;

    fn event(at: i64, address: &str, device: &str, country: &str) -> AuthEventType {
        AuthEventType {
            creation_date: Some(Timestamp::from_micros(at)),
            event_context_data: Some(EventContextDataType {
                ip_address: Some(address.to_owned()),
                device_name: Some(device.to_owned()),
                country: Some(country.to_owned()),
                ..EventContextDataType::default()
            }),
            ..AuthEventType::default()
        }
    }

    fn within(marks: &[Mark]) -> impl FnMut(Kind, &str) -> Result<Option<Mark>, Infallible> {
        move |kind, value| Ok(marks.iter().find(|mark| mark.kind == kind && mark.value == value).cloned())
    }

    fn mark(kind: Kind, value: &str, standing: Standing, first: i64, last: i64) -> Mark {
        Mark { kind, value: value.to_owned(), standing, first, last }
    }

    #[test]
    fn a_sign_in_leaves_what_it_had() {
        let Ok(learned) = signed_in(&event(7, "192.0.2.1", "Firefox, Linux", "Germany"), within(&[]));
        let expected = [
            mark(Kind::Address, "192.0.2.1", Standing::Seen, 7, 7),
            mark(Kind::Device, "Firefox, Linux", Standing::Seen, 7, 7),
            mark(Kind::Country, "Germany", Standing::Seen, 7, 7),
        ];
        assert_eq!(learned, expected);
    }

    #[test]
    fn a_later_one_moves_the_date_and_believes_no_more_and_no_less() {
        let known = [
            mark(Kind::Address, "192.0.2.1", Standing::Distrusted, 3, 4),
            mark(Kind::Device, "Firefox, Linux", Standing::Trusted, 0, 0),
        ];
        let Ok(learned) = signed_in(&event(7, "192.0.2.1", "Firefox, Linux", "null"), within(&known));
        let expected = [
            mark(Kind::Address, "192.0.2.1", Standing::Distrusted, 3, 7),
            mark(Kind::Device, "Firefox, Linux", Standing::Trusted, 7, 7),
        ];
        assert_eq!(learned, expected);
    }

    #[test]
    fn what_is_valid_is_trusted_whether_it_was_known_or_not() {
        let known = [mark(Kind::Address, "192.0.2.1", Standing::Distrusted, 3, 4)];
        let event = event(7, "192.0.2.1", "Firefox, Linux", "Germany");
        let Ok(changes) = judged(&event, FeedbackValueType::Valid, within(&known));
        let expected = [
            Change::Put(mark(Kind::Address, "192.0.2.1", Standing::Trusted, 3, 4)),
            Change::Put(mark(Kind::Device, "Firefox, Linux", Standing::Trusted, 0, 0)),
            Change::Put(mark(Kind::Country, "Germany", Standing::Trusted, 0, 0)),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn what_is_invalid_takes_back_what_it_alone_taught() {
        let known = [
            mark(Kind::Address, "192.0.2.1", Standing::Seen, 7, 7),
            mark(Kind::Device, "Firefox, Linux", Standing::Seen, 7, 7),
            mark(Kind::Country, "Germany", Standing::Seen, 3, 7),
        ];
        let event = event(7, "192.0.2.1", "Firefox, Linux", "Germany");
        let Ok(changes) = judged(&event, FeedbackValueType::Invalid, within(&known));
        let expected = [
            Change::Put(mark(Kind::Address, "192.0.2.1", Standing::Distrusted, 7, 7)),
            Change::Forget(Kind::Device, "Firefox, Linux".to_owned()),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn a_change_of_mind_takes_back_a_trust_that_feedback_alone_gave() {
        let known = [mark(Kind::Device, "Firefox, Linux", Standing::Trusted, 0, 0)];
        let event = event(7, "no address", "Firefox, Linux", "null");
        let Ok(changes) = judged(&event, FeedbackValueType::Invalid, within(&known));
        assert_eq!(changes, [Change::Forget(Kind::Device, "Firefox, Linux".to_owned())]);
    }
}
