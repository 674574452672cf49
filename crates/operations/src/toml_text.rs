//! What is wrong in a file of settings: told with its line and its key, and a name that nobody knows with the one that was
//! most likely meant. Values are not shown, as the parser would do: they may be secrets, and this goes to logs.

/// What is wrong in this text: the line, the key, and the reason.
pub fn fault(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let key = key_at(text, line);
    let key = key.map(|key| format!("{key}: ")).unwrap_or_default();
    format!("{line}: {key}{}", explain(error.message()))
}

/// The key of a line, below the table that it stands in.
pub fn key_at(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().take(line).map(str::trim).collect();
    let table = lines.iter().rev().find_map(|line| header(line));
    let key = lines.last()?.split_once('=').map(|(key, _)| key.trim()).filter(|key| is_key(key));
    let parts: Vec<&str> = [table, key].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

/// The name of a table whose header this line is.
fn header(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("[[").or_else(|| line.strip_prefix('['))?;
    let (name, rest) = rest.rsplit_once(']')?;
    let name = name.trim_end_matches(']').trim();
    let is_whole = rest.trim().is_empty() || rest.trim_start().starts_with('#');
    (is_whole && is_key(name)).then_some(name)
}

/// Whether a text is a key, with its dots, and nothing else: a value whose sign of equality was forgotten may be a secret.
fn is_key(text: &str) -> bool {
    let mut rest = text.trim();
    loop {
        let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c));
        let end = match quote {
            Some(quote) => rest.get(1..).and_then(|inner| inner.find(quote)).map(|at| at + 2),
            None => rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').or(Some(rest.len())),
        };
        let Some(after) = end.filter(|end| *end > 0).and_then(|end| rest.get(end..)) else { return false };
        let after = after.trim_start();
        if after.is_empty() {
            return true;
        }
        let Some(next) = after.strip_prefix('.') else { return false };
        rest = next.trim_start();
    }
}

/// A message of the parser, with a suggestion where it does not know a name, and without the values that it quotes.
fn explain(message: &str) -> String {
    let mut quoted = message.split('`');
    if let (Some("unknown field "), Some(unknown)) = (quoted.next(), quoted.next()) {
        let known: Vec<&str> = quoted.skip(1).step_by(2).collect();
        let Some(meant) = known.iter().copied().min_by_key(|name| (distance(unknown, name), *name)) else {
            return format!("there is no setting {unknown}");
        };
        return if distance(unknown, meant) <= 1 + unknown.chars().count() / 3 {
            format!("there is no setting {unknown}; did you mean {meant}?")
        } else {
            format!("there is no setting {unknown} here; there are {}", known.join(", "))
        };
    }
    if let Some((before, rest)) = message.split_once("string \"") {
        let after = rest.rsplit_once('"').map_or("", |(_, after)| after);
        return format!("{before}a string{after}");
    }
    match message.rsplit_once(", expected ") {
        // Of a number, which a password may look like, the kind is told.
        Some((found, expected)) if found.starts_with("invalid type: ") || found.starts_with("invalid value: ") => {
            let kind = found.split_once(" `").map_or(found, |(kind, _)| kind);
            format!("{kind}, expected {expected}")
        }
        _ => message.to_owned(),
    }
}

/// How many letters are put in, left out, replaced or swapped with their neighbour between two names.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let width = other.len() + 1;
    let mut rows: Vec<Vec<usize>> = vec![(0..width).collect()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let cell = |back: usize, column: usize| {
                rows.get((i + 1).wrapping_sub(back)).and_then(|row| row.get(column)).copied().unwrap_or(usize::MAX / 2)
            };
            let left = row.last().copied().unwrap_or(0);
            let mut least = (cell(1, j + 1) + 1).min(left + 1).min(cell(1, j) + usize::from(a != b));
            let is_swap = i > 0 && j > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a);
            if is_swap {
                least = least.min(cell(2, j - 1) + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_and_nothing_that_may_be_a_value() {
        for (text, key) in [
            ("a = 1", Some("a")),
            ("[a.b] # one\nc.d = 1", Some("a.b.c.d")),
            ("[[a]]\n\"b c\" = 1", Some("a.\"b c\"")),
            ("[a.\"x]y\"]\nb=1", Some("a.\"x]y\".b")),
            ("secret: \"whsec_LaLa==\"", None),
            ("url \"postgres://u:hunter2@h/d?a=b\"", None),
            ("password \"hunter2=x\"", None),
            ("[a]\npassword \"hunter2=x\"", Some("a")),
            ("a = [\n[\"hunter2\", \"b\"],\nb", None),
            ("a = {\n{ hunter2 = 1", None),
            ("", None),
            ("= 1", None),
        ] {
            assert_eq!(key_at(text, text.lines().count()).as_deref(), key, "{text}");
        }
    }

    #[test]
    fn distances_count_what_fingers_do() {
        for (one, other, expected) in
            [("", "", 0), ("a", "", 1), ("region", "regoin", 1), ("abc", "abd", 1), ("ab", "ba", 1)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
