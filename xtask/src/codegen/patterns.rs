//! From the model's regular expressions (Java) to the `regex` crate's, which has the same meaning for ASCII
//! classes only when they are spelt out, and which always searches where Java's `matches` is anchored.

/// The pattern with a look-behind, which the `regex` crate cannot express; `constraint::matches_by_hand` knows it.
pub const BY_HAND: &str = r"^[0-9A-Za-z\.\-_]*(?<!\.)$";

pub fn to_rust(pattern: &str) -> String {
    let body = pattern.trim_start_matches('^').trim_end_matches('$');
    // `$` inside an escape is no anchor; the model has none, so trimming is safe.
    let mut out = String::from("^(?:");
    let mut letters = body.chars().peekable();
    let mut in_class = false;
    while let Some(c) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some('w') if in_class => out.push_str("0-9A-Za-z_"),
                Some('w') => out.push_str("[0-9A-Za-z_]"),
                Some('s') if in_class => out.push_str(r"\x20\t\n\x0B\x0C\r"),
                Some('s') => out.push_str(r"[\x20\t\n\x0B\x0C\r]"),
                Some('S') if in_class => out.push_str(r"\x00-\x08\x0E-\x1F\x21-\u{10FFFF}"),
                Some('S') => out.push_str(r"[^\x20\t\n\x0B\x0C\r]"),
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push_str(r"\\"),
            },
            '[' if !in_class => {
                in_class = true;
                out.push('[');
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            // A literal hyphen: after a range or a class escape, or at the end.
            '-' if in_class && (letters.peek() == Some(&']') || hyphen_is_literal(&out)) => out.push_str(r"\-"),
            other => out.push(other),
        }
    }
    out.push_str(")$");
    out
}

/// Whether the class so far ends in a complete range or class escape, so that a hyphen cannot begin a range.
fn hyphen_is_literal(so_far: &str) -> bool {
    let class = so_far.rsplit('[').next().unwrap_or_default();
    let tail: Vec<char> = class.chars().rev().take(3).collect();
    matches!(tail.as_slice(), [end, '-', start] if end.is_ascii_alphanumeric() && start.is_ascii_alphanumeric())
        || class.ends_with("A-Za-z_")
}

#[cfg(test)]
mod tests {
    use super::to_rust;

    #[test]
    fn classes_are_ascii_and_anchored() {
        assert_eq!(to_rust(r"[\w-]+_[0-9a-zA-Z]+"), r"^(?:[0-9A-Za-z_\-]+_[0-9a-zA-Z]+)$");
        assert_eq!(to_rust(r"[A-Za-z0-9-_=.]+"), r"^(?:[A-Za-z0-9\-_=.]+)$");
        assert_eq!(to_rust(r"[\w+=/,.@-]+"), r"^(?:[0-9A-Za-z_+=/,.@\-]+)$");
    }
}
