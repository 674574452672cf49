//! Which passwords a pool accepts, and temporary passwords that it would.

use cognate_crypto::password::MAX_PASSWORD_CHARS;
use cognate_crypto::random::{Random, string};
use cognate_model::{Exception, PasswordPolicyType};

use crate::Refusal;

/// The symbols of "Adding user pool password requirements" in the developer guide. A space counts too, unless it
/// comes first or last.
const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-";

/// What a policy without `MinimumLength` asks for.
const DEFAULT_MINIMUM_LENGTH: usize = 8;

/// Letters and digits that look alike in many fonts are left out, and symbols that mail, shells or markup would
/// change. Sixty-four characters, so that a byte draws each with equal probability.
const READABLE: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789!#%+-=?@";

/// The length of a generated password unless the policy asks for more: about 70 bits.
const GENERATED_LENGTH: usize = 12;

/// Refuses a password that is longer than the interface model allows, where it comes as a value of a map, whose
/// members the model does not describe. Such a password would be set and never recognised.
pub fn check_length(password: &str, member: &str) -> Result<(), Refusal> {
    if password.chars().count() <= MAX_PASSWORD_CHARS {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less \
         than or equal to {MAX_PASSWORD_CHARS}"
    )))
}

/// Checks a password against the policy and names the first rule that it breaks; length comes first.
pub fn check(policy: &PasswordPolicyType, password: &str) -> Result<(), Refusal> {
    let asks = |rule: Option<bool>| rule.unwrap_or(false);
    let has = |kind: fn(&char) -> bool| password.chars().any(|c| kind(&c));
    if password.chars().count() < minimum_length(policy) {
        return Err(refusal("Password not long enough"));
    }
    if asks(policy.require_uppercase) && !has(char::is_ascii_uppercase) {
        return Err(refusal("Password must have uppercase characters"));
    }
    if asks(policy.require_lowercase) && !has(char::is_ascii_lowercase) {
        return Err(refusal("Password must have lowercase characters"));
    }
    if asks(policy.require_numbers) && !has(char::is_ascii_digit) {
        return Err(refusal("Password must have numeric characters"));
    }
    if asks(policy.require_symbols) && !has_symbol(password) {
        return Err(refusal("Password must have symbol characters"));
    }
    Ok(())
}

/// A temporary password: it has every kind of character, so every policy accepts it, and can be read out on the
/// telephone.
///
/// Draws whole passwords until one has every kind, which favours none of those that do; two draws are enough more
/// often than not.
pub fn generate(policy: &PasswordPolicyType, random: &dyn Random) -> String {
    let length = minimum_length(policy).max(GENERATED_LENGTH);
    let strictest = PasswordPolicyType {
        require_uppercase: Some(true),
        require_lowercase: Some(true),
        require_numbers: Some(true),
        require_symbols: Some(true),
        ..policy.clone()
    };
    loop {
        let drawn = string(random, READABLE, length);
        // In "Your temporary password is …." a symbol at the end could be taken for punctuation.
        let ends_plainly = drawn.ends_with(|c: char| c.is_ascii_alphanumeric());
        if ends_plainly && check(&strictest, &drawn).is_ok() {
            return drawn;
        }
    }
}

/// The refusal of a password that the user had before.
pub fn used_before() -> Refusal {
    Refusal::new(Exception::PasswordHistoryPolicyViolation, "Password has previously been used")
}

fn minimum_length(policy: &PasswordPolicyType) -> usize {
    policy.minimum_length.and_then(|length| usize::try_from(length).ok()).unwrap_or(DEFAULT_MINIMUM_LENGTH)
}

fn has_symbol(password: &str) -> bool {
    password.contains(|c| SYMBOLS.contains(c)) || password.trim_matches(' ').contains(' ')
}

fn refusal(rule: &str) -> Refusal {
    Refusal::new(Exception::InvalidPassword, format!("Password did not conform with policy: {rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cognate_crypto::testing::SeededRandom;
    use proptest::prelude::*;

    fn strict() -> PasswordPolicyType {
        PasswordPolicyType {
            minimum_length: Some(8),
            require_uppercase: Some(true),
            require_lowercase: Some(true),
            require_numbers: Some(true),
            require_symbols: Some(true),
            ..Default::default()
        }
    }

    fn broken_rule(password: &str) -> String {
        let refusal = check(&strict(), password).unwrap_err();
        assert_eq!(refusal.exception, Exception::InvalidPassword);
        refusal.message.into_owned()
    }

    #[test]
    fn the_first_broken_rule_is_named_and_length_comes_first() {
        assert_eq!(broken_rule("abc"), "Password did not conform with policy: Password not long enough");
        assert_eq!(
            broken_rule("abcdefgh"),
            "Password did not conform with policy: Password must have uppercase characters"
        );
        assert_eq!(
            broken_rule("ABCDEFGH"),
            "Password did not conform with policy: Password must have lowercase characters"
        );
        assert_eq!(
            broken_rule("Abcdefgh"),
            "Password did not conform with policy: Password must have numeric characters"
        );
        assert_eq!(
            broken_rule("Abcdefg1"),
            "Password did not conform with policy: Password must have symbol characters"
        );
        assert_eq!(check(&strict(), "Abcdef1!"), Ok(()));
    }

    #[test]
    fn every_documented_symbol_counts() {
        for symbol in SYMBOLS.chars() {
            assert_eq!(check(&strict(), &format!("Abcdefg1{symbol}")), Ok(()), "{symbol}");
        }
    }

    #[test]
    fn a_space_is_a_symbol_only_inside() {
        assert_eq!(check(&strict(), "Abcd efg1"), Ok(()));
        for outside in [" Abcdefg1", "Abcdefg1 "] {
            assert!(broken_rule(outside).ends_with("symbol characters"));
        }
    }

    #[test]
    fn letters_of_other_alphabets_do_not_count_as_upper_or_lower_case() {
        assert!(broken_rule("Ä1!bcdefgh").ends_with("uppercase characters"));
        assert!(broken_rule("ä1!BCDEFGH").ends_with("lowercase characters"));
        assert!(broken_rule("Abcdefg!٣").ends_with("numeric characters"));
    }

    #[test]
    fn a_policy_that_asks_for_nothing_asks_for_eight_characters() {
        assert!(check(&PasswordPolicyType::default(), "1234567").is_err());
        assert_eq!(check(&PasswordPolicyType::default(), "12345678"), Ok(()));
    }

    #[test]
    fn a_password_is_no_longer_than_the_model_allows() {
        assert_eq!(check_length(&"ф".repeat(256), "newPassword"), Ok(()));
        assert_eq!(
            check_length(&"x".repeat(257), "newPassword").unwrap_err().to_string(),
            "InvalidParameterException: 1 validation error detected: Value at 'newPassword' failed to satisfy \
             constraint: Member must have length less than or equal to 256"
        );
    }

    #[test]
    fn length_is_counted_in_characters() {
        let policy = PasswordPolicyType { minimum_length: Some(6), ..Default::default() };
        assert_eq!(check(&policy, "пароль"), Ok(()));
        assert!(check(&policy, "парол").is_err());
    }

    proptest! {
        #[test]
        fn a_generated_password_satisfies_every_policy(
            seed in any::<u64>(),
            length in proptest::option::of(6..=99_i32),
            rules in proptest::array::uniform4(proptest::option::of(any::<bool>())),
        ) {
            let [require_uppercase, require_lowercase, require_numbers, require_symbols] = rules;
            let policy = PasswordPolicyType {
                minimum_length: length,
                require_uppercase,
                require_lowercase,
                require_numbers,
                require_symbols,
                ..Default::default()
            };
            let password = generate(&policy, &SeededRandom::new(seed));
            prop_assert_eq!(check(&policy, &password), Ok(()));
            prop_assert_eq!(check(&strict(), &password), Ok(()));
            prop_assert!(!password.contains(['0', 'O', 'o', '1', 'l', 'I', '<', '&', '"']));
        }

        #[test]
        fn checking_never_panics(password in any::<String>()) {
            let _ = check(&strict(), &password);
        }
    }
}
