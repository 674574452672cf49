//! What a user may be called, and by which names a user is found.
//!
//! Follows "Customizing sign-in attributes" of the Amazon Cognito developer guide.

mod alias;

use std::sync::LazyLock;

use cognate_model::{AliasAttributeType, DeliveryMediumType, UsernameAttributeType};

use regex::Regex;

use crate::user::UserId;
use crate::{Pool, Refusal, User};

pub use alias::{Alias, AliasKind, aliases, candidates, moves_to_new_owner, taken, taken_at_sign_up, taken_by_update};

/// What the `Username` of a new user means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewName {
    /// It is the user name, in the form in which it is stored.
    Given(String),
    /// It is the value of an attribute; the user name will be the `sub`.
    FromAttribute {
        /// `email` or `phone_number`.
        attribute: &'static str,
        /// The address, as it was typed.
        value: String,
    },
}

/// Whether a text has the form of a `Username`: letters, marks, symbols, numbers and punctuation, none of which is invisible
/// ("AdminCreateUser", API Reference: `[\p{L}\p{M}\p{S}\p{N}\p{P}]+`, 128 at most).
pub fn is_well_formed(name: &str) -> bool {
    static PATTERN: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$").ok());
    PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(name))
}

/// Checks the `Username` of a new user against the pool's sign-in options.
pub fn check_new(pool: &Pool, username: &str) -> Result<NewName, Refusal> {
    let takes_email = pool.has_username_attribute(UsernameAttributeType::Email);
    let takes_phone = pool.has_username_attribute(UsernameAttributeType::PhoneNumber);
    if takes_email && is_email(username) {
        return Ok(NewName::FromAttribute { attribute: "email", value: username.to_owned() });
    }
    if takes_phone && is_phone_number(username) {
        return Ok(NewName::FromAttribute { attribute: "phone_number", value: username.to_owned() });
    }
    match (takes_email, takes_phone) {
        (true, true) => return Err(Refusal::invalid("Username should be either an email or a phone number.")),
        (true, false) => return Err(Refusal::invalid("Username should be an email.")),
        (false, true) => return Err(Refusal::invalid("Username should be a phone number.")),
        (false, false) => {}
    }
    // Otherwise someone could take a name that is another person's address, and with it that person's sign-in.
    if has_alias(pool, AliasAttributeType::Email) && is_email(username) {
        return Err(Refusal::invalid(
            "Username cannot be of email format, since user pool is configured for email alias.",
        ));
    }
    if has_alias(pool, AliasAttributeType::PhoneNumber) && is_phone_number(username) {
        return Err(Refusal::invalid(
            "Username cannot be of phone number format, since user pool is configured for phone number alias.",
        ));
    }
    // Case-insensitive pools show their user names in lower case.
    Ok(NewName::Given(normalize(pool, username)))
}

/// The name that a user signs in with, as a message by this medium tells it. Where that is an address, the one that the
/// message goes to if it will do.
pub fn known_name<'a>(pool: &Pool, user: &'a User, medium: DeliveryMediumType) -> &'a str {
    let email = (UsernameAttributeType::Email, "email");
    let phone_number = (UsernameAttributeType::PhoneNumber, "phone_number");
    let addresses = match medium {
        DeliveryMediumType::Email => [email, phone_number],
        DeliveryMediumType::Sms => [phone_number, email],
    };
    addresses
        .into_iter()
        .filter(|(kind, _)| pool.has_username_attribute(*kind))
        .find_map(|(_, attribute)| user.attribute(attribute))
        .unwrap_or(&user.username)
}

/// The form in which a name is compared: names that differ by case only are one name in a case-insensitive pool.
///
/// The setting covers user names, e-mail addresses and preferred user names alike
/// ("User pool case sensitivity" of the developer guide); telephone numbers have no case.
pub fn normalize(pool: &Pool, name: &str) -> String {
    if pool.is_case_sensitive() { name.to_owned() } else { fold(name) }
}

/// Lower case, letter by letter.
///
/// `str::to_lowercase` looks at a letter's neighbours (the Greek final sigma), so that the lower case of a beginning
/// would not always be the beginning of the lower case; searches by prefix need that it is.
pub fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Whether the text has the form of an e-mail address. Only delivery can tell whether it is one.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local_part = |c: char| !c.is_whitespace() && !c.is_control() && !"@,;:<>()[]\\\"".contains(c);
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !local.is_empty() && local.chars().all(is_local_part) && domain.contains('.') && domain.split('.').all(is_label)
}

/// Whether the text has the form of a telephone number of ITU-T E.164: a plus sign and at most fifteen digits.
pub fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| (2..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

/// The id behind a `sub`, in its one canonical spelling: lower case, with hyphens.
pub fn parse_sub(text: &str) -> Option<UserId> {
    cognate_crypto::random::parse_uuid(text)
}

fn has_alias(pool: &Pool, attribute: AliasAttributeType) -> bool {
    pool.config.alias_attributes.as_ref().is_some_and(|list| list.contains(&attribute))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{alias_pool, case_insensitive, plain_pool, username_pool};
    use proptest::prelude::*;

    fn refused(pool: &Pool, name: &str) -> String {
        check_new(pool, name).unwrap_err().message.into_owned()
    }

    #[test]
    fn a_plain_pool_takes_any_name() {
        for name in ["maria", "maria@example.com", "+12065550100"] {
            assert_eq!(check_new(&plain_pool(), name), Ok(NewName::Given(name.to_owned())));
        }
    }

    #[test]
    fn a_case_insensitive_pool_stores_the_name_in_lower_case() {
        let pool = case_insensitive(plain_pool());
        assert_eq!(check_new(&pool, "Maria"), Ok(NewName::Given("maria".to_owned())));
    }

    #[test]
    fn an_email_pool_takes_the_address_as_attribute() {
        let pool = username_pool(&[UsernameAttributeType::Email]);
        let expected = NewName::FromAttribute { attribute: "email", value: "Maria@example.com".to_owned() };
        assert_eq!(check_new(&pool, "Maria@example.com"), Ok(expected));
        assert_eq!(refused(&pool, "maria"), "Username should be an email.");
        assert_eq!(refused(&pool, "+12065550100"), "Username should be an email.");
    }

    #[test]
    fn a_phone_pool_takes_the_number_as_attribute() {
        let pool = username_pool(&[UsernameAttributeType::PhoneNumber]);
        let expected = NewName::FromAttribute { attribute: "phone_number", value: "+12065550100".to_owned() };
        assert_eq!(check_new(&pool, "+12065550100"), Ok(expected));
        assert_eq!(refused(&pool, "maria@example.com"), "Username should be a phone number.");
    }

    #[test]
    fn a_pool_with_both_takes_either() {
        let pool = username_pool(&[UsernameAttributeType::Email, UsernameAttributeType::PhoneNumber]);
        assert!(check_new(&pool, "maria@example.com").is_ok());
        assert!(check_new(&pool, "+12065550100").is_ok());
        assert_eq!(refused(&pool, "maria"), "Username should be either an email or a phone number.");
    }

    #[test]
    fn an_alias_pool_refuses_names_that_look_like_an_alias() {
        let pool = alias_pool(&[AliasAttributeType::Email, AliasAttributeType::PhoneNumber]);
        assert_eq!(
            refused(&pool, "maria@example.com"),
            "Username cannot be of email format, since user pool is configured for email alias."
        );
        assert_eq!(
            refused(&pool, "+12065550100"),
            "Username cannot be of phone number format, since user pool is configured for phone number alias."
        );
        assert!(check_new(&pool, "maria").is_ok());
    }

    #[test]
    fn addresses_are_recognised() {
        for good in ["a@b.c", "maria.o'neil+tag@mail.example.co.uk", "jürgen@müller.example", "a..b@docomo.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in
            ["", "maria", "@b.c", "a@", "a@b", "a@.c", "a@b.", "a@-b.c", "a b@c.d", "a@b@c.d", "a@b,c.d", "<a@b.c>"]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn telephone_numbers_are_recognised() {
        for good in ["+12065550100", "+01115551212", "+491", "+123456789012345"] {
            assert!(is_phone_number(good), "{good}");
        }
        for bad in ["", "+", "+1", "12065550100", "+1 206 555 0100", "+1234567890123456", "+1206555010a", "+１２３"]
        {
            assert!(!is_phone_number(bad), "{bad}");
        }
    }

    #[test]
    fn a_sub_is_known_in_its_canonical_spelling_only() {
        let sub = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
        assert!(parse_sub(sub).is_some());
        assert_eq!(parse_sub(&sub.to_uppercase()), None);
        assert_eq!(parse_sub("maria"), None);
    }

    proptest! {
        #[test]
        fn the_fold_of_a_beginning_begins_the_fold(start in any::<String>(), rest in any::<String>()) {
            let whole = format!("{start}{rest}");
            prop_assert!(fold(&whole).starts_with(&fold(&start)));
        }

        #[test]
        fn nothing_is_both_an_address_and_a_number(text in any::<String>()) {
            prop_assert!(!(is_email(&text) && is_phone_number(&text)));
        }
    }
}
