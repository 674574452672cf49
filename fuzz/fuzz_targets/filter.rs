//! Filters of `ListUsers`: written out and read again they are the same, and they find the user who fits.
//!
//! The input is a filter and a user's value, with NUL between them.
#![no_main]

use cognate_domain::User;
use cognate_domain::filter::{Comparison, Filter, FilterAttribute, matches, parse};
use cognate_domain::user::Hidden;
use cognate_model::{Timestamp, UserStatusType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (text, value) = input.split_once('\0').unwrap_or((input, ""));
    let Ok(Some(filter)) = parse(text) else { return };
    let again = parse(&filter.to_string()).expect("a filter that was written out reads");
    assert_eq!(again.as_ref(), Some(&filter));

    let user = user_with(filter.attribute, value);
    let exact = Filter { comparison: Comparison::Exact, ..filter.clone() };
    let prefix = Filter { comparison: Comparison::Prefix, ..filter.clone() };
    // Who has the value also has its beginning.
    assert!(!matches(&exact, &user) || matches(&prefix, &user));
    // The empty beginning finds everybody who has the attribute.
    assert!(matches(&Filter { value: String::new(), ..prefix }, &user));
    // A value finds itself.
    if !matches!(filter.attribute, FilterAttribute::Sub | FilterAttribute::Status | FilterAttribute::UserStatus) {
        assert!(matches(&Filter { value: value.to_owned(), ..exact }, &user));
    }
});

fn user_with(attribute: FilterAttribute, value: &str) -> User {
    let moment = Timestamp::from_micros(0);
    User {
        id: [7; 16],
        username: value.to_owned(),
        status: UserStatusType::Confirmed,
        enabled: true,
        created: moment,
        modified: moment,
        attributes: [(attribute.as_str().to_owned(), value.to_owned())].into(),
        hidden: Hidden::default(),
        version: 1,
    }
}
