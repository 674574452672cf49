//! The grammar of a filter.

use super::{Comparison, Filter, FilterAttribute};
use crate::Refusal;

/// Reads a filter; an empty one is none.
pub(super) fn parse(text: &str) -> Result<Option<Filter>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (name, rest) = split_name(text).ok_or_else(unparsable)?;
    let (comparison, rest) = split_operator(rest.trim_start()).ok_or_else(unparsable)?;
    let (value, rest) = split_quoted(rest.trim_start()).ok_or_else(unparsable)?;
    if !rest.is_empty() {
        return Err(unparsable());
    }
    let attribute =
        FilterAttribute::parse(&name).ok_or_else(|| Refusal::invalid(format!("Invalid search attribute: {name}")))?;
    Ok(Some(Filter { attribute, comparison, value }))
}

/// The attribute's name, which may be quoted, and what follows.
fn split_name(text: &str) -> Option<(String, &str)> {
    if text.starts_with('"') {
        return split_quoted(text).filter(|(name, _)| !name.is_empty());
    }
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '=' | '^' | '"' | '\''))?;
    let (name, rest) = text.split_at_checked(end)?;
    (!name.is_empty()).then(|| (name.to_owned(), rest))
}

fn split_operator(text: &str) -> Option<(Comparison, &str)> {
    let prefix = text.strip_prefix("^=").map(|rest| (Comparison::Prefix, rest));
    prefix.or_else(|| text.strip_prefix('=').map(|rest| (Comparison::Exact, rest)))
}

/// A text in double quotes, and what follows. `\"` stands for a quote and `\\` for a backslash; before any other
/// letter a backslash is a backslash.
fn split_quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => match rest.next()? {
                escaped @ ('"' | '\\') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
}

fn unparsable() -> Refusal {
    Refusal::invalid("Error while parsing filter.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn email(comparison: Comparison, value: &str) -> Filter {
        Filter { attribute: FilterAttribute::Email, comparison, value: value.to_owned() }
    }

    #[test]
    fn an_empty_filter_is_none() {
        assert_eq!(parse(""), Ok(None));
        assert_eq!(parse("  "), Ok(None));
    }

    #[test]
    fn white_space_around_the_operator_is_optional() {
        assert_eq!(parse(r#"email="a@b.c""#), Ok(Some(email(Comparison::Exact, "a@b.c"))));
        assert_eq!(parse(r#"email = "a@b.c""#), Ok(Some(email(Comparison::Exact, "a@b.c"))));
        assert_eq!(parse(r#" email ^= "a" "#), Ok(Some(email(Comparison::Prefix, "a"))));
        assert_eq!(parse(r#"email^="a""#), Ok(Some(email(Comparison::Prefix, "a"))));
    }

    #[test]
    fn the_name_may_be_quoted() {
        assert_eq!(parse(r#""email"^="testuser""#), Ok(Some(email(Comparison::Prefix, "testuser"))));
    }

    #[test]
    fn quotes_inside_are_escaped() {
        assert_eq!(parse(r#"email = "a\"b""#), Ok(Some(email(Comparison::Exact, "a\"b"))));
        assert_eq!(parse(r#"email = "a\\""#), Ok(Some(email(Comparison::Exact, "a\\"))));
        assert_eq!(parse(r#"email = "a\b""#), Ok(Some(email(Comparison::Exact, "a\\b"))));
    }

    #[test]
    fn what_does_not_parse_is_refused() {
        for broken in [
            "email",
            "email =",
            "= \"a\"",
            "email = a",
            "email = 'a'",
            "email = \"a",
            "email = \"a\"b\"",
            "email = \"a\" and name = \"b\"",
            "email > \"a\"",
            "email ^ = \"a\"",
            "email == \"a\"",
            "\"\" = \"a\"",
            "email = \"a\\\"",
        ] {
            let refusal = parse(broken).unwrap_err();
            assert_eq!(refusal.to_string(), "InvalidParameterException: Error while parsing filter.", "{broken}");
        }
    }

    #[test]
    fn an_attribute_that_cannot_be_searched_is_refused() {
        for name in ["custom:team", "address", "Email"] {
            let refusal = parse(&format!("{name} = \"a\"")).unwrap_err();
            assert_eq!(refusal.message, format!("Invalid search attribute: {name}"));
        }
    }

    fn any_filter() -> impl Strategy<Value = Filter> {
        let attribute = proptest::sample::select(FilterAttribute::ALL.to_vec());
        let comparison = proptest::sample::select(vec![Comparison::Exact, Comparison::Prefix]);
        (attribute, comparison, "[a-z\"\\\\ =^\\PC]{0,20}").prop_map(|(attribute, comparison, value)| Filter {
            attribute,
            comparison,
            value,
        })
    }

    proptest! {
        #[test]
        fn a_printed_filter_parses_to_itself(filter in any_filter()) {
            prop_assert_eq!(parse(&filter.to_string()), Ok(Some(filter)));
        }

        #[test]
        fn no_input_panics(text in any::<String>(), near in "[a-z\"\\\\=^ ]{0,30}") {
            let _ = (parse(&text), parse(&near), parse(&format!("email = \"{text}")));
        }
    }
}
