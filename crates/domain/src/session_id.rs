//! The ids under which sessions are listed: `tkn` and 25 letters and digits.
//!
//! They are the id of the sign-in in base 36, so that a session is found by its id without another index. The id of a
//! sign-in is no secret: every token of it carries the same one as `origin_jti`.

const PREFIX: &str = "tkn";
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// 36^25 lies above 2^128.
const LENGTH: usize = 25;

/// The session of a sign-in.
pub fn format(sign_in: &[u8; 16]) -> String {
    let mut rest = u128::from_be_bytes(*sign_in);
    let mut digits = ['0'; LENGTH];
    for digit in digits.iter_mut().rev() {
        let value = usize::try_from(rest % 36).unwrap_or(0);
        *digit = DIGITS.get(value).copied().map_or('0', char::from);
        rest /= 36;
    }
    PREFIX.chars().chain(digits).collect()
}

/// The sign-in of a session; none for a text that names no session of a token.
pub fn parse(session: &str) -> Option<[u8; 16]> {
    let digits = session.strip_prefix(PREFIX).filter(|digits| digits.len() == LENGTH)?;
    digits
        .chars()
        .try_fold(0_u128, |number, digit| {
            let value = digit.to_digit(36).filter(|_| !digit.is_ascii_uppercase())?;
            number.checked_mul(36)?.checked_add(u128::from(value))
        })
        .map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_have_the_form_of_the_model() {
        assert_eq!(format(&[0; 16]), "tkn0000000000000000000000000");
        assert_eq!(format(&[u8::MAX; 16]), "tknf5lxx1zz5pnorynqglhzmsp33");
    }

    #[test]
    fn other_texts_are_no_ids() {
        let beyond = "tknf5lxx1zz5pnorynqglhzmsp34";
        for other in ["", "tkn", "sso0000000000000000000000000", "tknF5LXX1ZZ5PNORYNQGLHZMSP33", beyond] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn every_sign_in_has_one_session(id: [u8; 16]) {
            let session = format(&id);
            prop_assert_eq!(session.len(), 28);
            prop_assert!(session.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
            prop_assert_eq!(parse(&session), Some(id));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,40}") {
            parse(&text);
        }
    }
}
