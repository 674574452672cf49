//! The one pattern that the `regex` crate cannot express.

/// `^[0-9A-Za-z\.\-_]*(?<!\.)$`: letters, digits, dots, hyphens and underscores, not ending in a dot.
pub fn matches_by_hand(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) && !text.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::matches_by_hand;

    #[test]
    fn a_final_dot_is_refused() {
        assert!(matches_by_hand("") && matches_by_hand("a.b-c_9"));
        assert!(!matches_by_hand("a.") && !matches_by_hand("a b"));
    }
}
