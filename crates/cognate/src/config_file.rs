//! Reading the configuration: what is wrong in a file is told with its line and its key, and a name that nobody knows
//! with the one that was most likely meant.

use std::path::Path;

use crate::FileConfig;

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<FileConfig, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|trouble| format!("{}:{trouble}", path.display()))
}

/// Reads the text of a file. What is wrong begins with its line.
fn parse(text: &str) -> Result<FileConfig, String> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let before = text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        // A value may be a secret, and is not shown.
        let key = key_at(text, line);
        let key = key.map(|key| format!("{key}: ")).unwrap_or_default();
        format!("{line}: {key}{}", explain(error.message()))
    })
}

/// The key of a line, below the table that it stands in.
fn key_at(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().take(line).map(str::trim).collect();
    let table = lines
        .iter()
        .rev()
        .find_map(|line| line.strip_prefix('['))
        .map(|rest| rest.trim_start_matches('[').split(']').next().unwrap_or_default().trim().to_owned());
    let key = lines.last()?.split_once('=').map(|(key, _)| key.trim().to_owned());
    let parts: Vec<String> = [table, key].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("."))
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

    fn wrong(text: &str) -> String {
        parse(text).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_misspelt_key_is_told_with_its_line_and_what_was_meant() {
        assert_eq!(wrong("regoin = \"eu-west-1\"\n"), "1: regoin: there is no setting regoin; did you mean region?");
        let text = "region = \"eu-west-1\"\n\n[limits]\nconnections = 3\nbody_bites = 4\n";
        assert_eq!(wrong(text), "5: limits.body_bites: there is no setting body_bites; did you mean body_bytes?");
        assert!(
            wrong("[audit]\nxyz = 1\n").starts_with("2: audit.xyz: there is no setting xyz here; there are keep_days")
        );
    }

    #[test]
    fn a_value_of_another_kind_is_told_and_not_shown() {
        let told = wrong("[limits]\nbody_bytes = \"hunter2\"\n");
        assert!(told.starts_with("2: limits.body_bytes: ") && !told.contains("hunter2"), "{told}");
        let told = wrong("[email]\npassword = 12345678\n");
        assert_eq!(told, "2: email.password: invalid type: integer, expected a string");
        for value in ["1.25", "-17", "true"] {
            let told = wrong(&format!("database_url = {value}\n"));
            assert!(told.starts_with("1: database_url: invalid type: ") && !told.contains(value), "{told}");
        }
        assert!(wrong("region = \n").starts_with("1: "), "{}", wrong("region = \n"));
        assert!(wrong("a = 1\nregion = \"x\"\nregion = \"y\"\n").contains("region"));
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
