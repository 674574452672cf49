//! Whether a value fits its attribute, and the form in which it is stored.
//!
//! The live service stores every value as text. Where no recording of its complaint exists, the reason is ours; the
//! frame around it (`Attributes did not conform to the schema: <name>: <reason>`) is not.

use cognate_model::AttributeDataType;

use super::schema::Declaration;
use crate::Refusal;
use crate::usernames::{is_email, is_phone_number};

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It has a message of its own.
    Refused(Refusal),
    /// It does not fit the schema, for this reason.
    Unfit(String),
}

/// Checks a value that is not empty; gives its stored form.
pub(super) fn stored_form(declaration: &Declaration<'_>, value: &str) -> Result<String, Fault> {
    match declaration.name() {
        "email" if !is_email(value) => return Err(refused("Invalid email address format.")),
        "phone_number" if !is_phone_number(value) => return Err(refused("Invalid phone number format.")),
        _ => {}
    }
    match declaration.data_type() {
        AttributeDataType::String => check_lengths(declaration, value)?,
        AttributeDataType::Number => check_number(declaration, value)?,
        AttributeDataType::DateTime => check_date_time(value)?,
        AttributeDataType::Boolean => return boolean(value),
    }
    if declaration.name() == "birthdate" && !is_date(value) {
        return Err(unfit("Date must have the form YYYY-MM-DD"));
    }
    Ok(value.to_owned())
}

fn check_lengths(declaration: &Declaration<'_>, value: &str) -> Result<(), Fault> {
    let length = value.chars().count();
    match declaration.lengths() {
        (Some(min), _) if length < min => Err(unfit(format!("String must be at least {min} characters"))),
        (_, Some(max)) if length > max => Err(unfit(format!("String must be no longer than {max} characters"))),
        _ => Ok(()),
    }
}

/// The limits of a Number reach to 2^1023 (`NumberAttributeConstraintsType`, API Reference), which is why they are
/// compared as floating-point numbers.
fn check_number(declaration: &Declaration<'_>, value: &str) -> Result<(), Fault> {
    let Some(number) = decimal(value) else { return Err(unfit("Value must be a number")) };
    let limit = |text: Option<&str>| text.and_then(|text| Some((text.to_owned(), decimal(text)?)));
    let (min, max) = declaration.values();
    match (limit(min), limit(max)) {
        (Some((text, min)), _) if number < min => Err(unfit(format!("Number must be no less than {text}"))),
        (_, Some((text, max))) if number > max => Err(unfit(format!("Number must be no greater than {text}"))),
        _ => Ok(()),
    }
}

/// Digits, perhaps with a sign and a fraction. Rust would also read `inf`, `NaN` and `1e5`.
fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    (is_digits(whole) && is_digits(fraction)).then(|| text.parse().ok())?.filter(|number: &f64| number.is_finite())
}

/// The documentation names no form for `DateTime`: ISO 8601, or seconds since 1970, is what clients send.
fn check_date_time(value: &str) -> Result<(), Fault> {
    let (date, time) = value.split_once(['T', ' ']).unwrap_or((value, "00:00"));
    let is_iso = is_date(date) && time.starts_with(|c: char| c.is_ascii_digit()) && time.chars().all(is_time_character);
    if is_iso || decimal(value).is_some() { Ok(()) } else { Err(unfit("Value must be a date and time")) }
}

fn is_time_character(c: char) -> bool {
    c.is_ascii_digit() || ":.+-Z".contains(c)
}

fn boolean(value: &str) -> Result<String, Fault> {
    let lower = value.to_ascii_lowercase();
    if matches!(lower.as_str(), "true" | "false") { Ok(lower) } else { Err(unfit("Value must be true or false")) }
}

/// A day of the calendar. `OpenID` Connect allows the year 0000 for someone who does not want to tell it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-').map(|part| {
        let is_number = part.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| part.parse::<u16>().ok()).flatten()
    });
    let (Some(Some(year)), Some(Some(month)), Some(Some(day))) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let hyphens: Vec<usize> = text.match_indices('-').map(|(position, _)| position).collect();
    text.len() == 10 && hyphens == [4, 7] && (1..=days).contains(&day)
}

fn refused(message: &'static str) -> Fault {
    Fault::Refused(Refusal::invalid(message))
}

fn unfit(reason: impl Into<String>) -> Fault {
    Fault::Unfit(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::plain_pool;
    use proptest::prelude::*;

    fn stored(name: &str, value: &str) -> Result<String, String> {
        let pool = plain_pool();
        let declaration = Declaration::find(&pool, name).unwrap();
        stored_form(&declaration, value).map_err(|fault| match fault {
            Fault::Refused(refusal) => refusal.message.into_owned(),
            Fault::Unfit(reason) => reason,
        })
    }

    #[test]
    fn addresses_and_numbers_must_have_their_form() {
        assert_eq!(stored("email", "maria").unwrap_err(), "Invalid email address format.");
        assert_eq!(stored("phone_number", "0123").unwrap_err(), "Invalid phone number format.");
        assert_eq!(stored("email", "Maria@Example.com").unwrap(), "Maria@Example.com");
    }

    #[test]
    fn flags_take_any_case_and_are_stored_in_lower_case() {
        assert_eq!(stored("email_verified", "True").unwrap(), "true");
        assert_eq!(stored("custom:active", "FALSE").unwrap(), "false");
        assert_eq!(stored("email_verified", "yes").unwrap_err(), "Value must be true or false");
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert_eq!(stored("custom:short", "мир!").unwrap(), "мир!");
        assert_eq!(stored("custom:short", "a").unwrap_err(), "String must be at least 2 characters");
        assert_eq!(stored("custom:short", "abcde").unwrap_err(), "String must be no longer than 4 characters");
    }

    #[test]
    fn numbers_must_be_numbers_in_range() {
        for good in ["1", "10", "2.5", "007"] {
            assert_eq!(stored("custom:level", good).unwrap(), good);
        }
        assert_eq!(stored("custom:level", "0").unwrap_err(), "Number must be no less than 1");
        assert_eq!(stored("custom:level", "10.5").unwrap_err(), "Number must be no greater than 10");
        assert_eq!(stored("updated_at", "-1").unwrap_err(), "Number must be no less than 0");
        for bad in ["NaN", "inf", "1e3", "+5", "1.", ".5", "-", "five", " 5"] {
            assert_eq!(stored("custom:level", bad).unwrap_err(), "Value must be a number", "{bad}");
        }
    }

    #[test]
    fn a_birthdate_is_a_day_of_the_calendar() {
        for good in ["2000-02-29", "0000-12-31", "1999-04-30"] {
            assert_eq!(stored("birthdate", good).unwrap(), good);
        }
        for bad in ["1999-02-29", "1999-04-31", "1999-13-01", "1999-00-10", "1999-01-00", "1999/01/01", "+999-01-01"] {
            assert_eq!(stored("birthdate", bad).unwrap_err(), "Date must have the form YYYY-MM-DD", "{bad}");
        }
        assert_eq!(stored("birthdate", "1999-1-1").unwrap_err(), "String must be at least 10 characters");
    }

    #[test]
    fn moments_may_be_iso_8601_or_seconds() {
        for good in ["2026-11-23", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.5+01:00", "1800000000"] {
            assert_eq!(stored("custom:since", good).unwrap(), good);
        }
        for bad in ["tomorrow", "2026-02-30", "2026-11-23T", "2026-11-23Tnoon"] {
            assert_eq!(stored("custom:since", bad).unwrap_err(), "Value must be a date and time", "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_stored_form_is_stored_as_it_is(value in any::<String>(), bool in "(?i)true|false") {
            for (name, value) in [("custom:active", &bool), ("custom:team", &value), ("birthdate", &value),
                                  ("custom:since", &value), ("custom:level", &value), ("email", &value)] {
                if let Ok(first) = stored(name, value) {
                    prop_assert_eq!(stored(name, &first), Ok(first.clone()));
                }
            }
        }
    }
}
