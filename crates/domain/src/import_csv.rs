//! The rows of a file of users, as the import jobs of the API take them: "Formatting the CSV file" in the developer guide.
//!
//! Where no text of the live service is known, the reasons of failed rows are ours.

use std::collections::BTreeMap;

use cognate_model::{AttributeType, UserPoolMfaType, VerifiedAttributeType};

use crate::usernames::{self, NewName};
use crate::{Pool, attribute_rules};

/// The columns of every pool ahead of its custom attributes, in their order.
const STANDARD: [&str; 19] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
];
const MFA: &str = "cognito:mfa_enabled";
const USERNAME: &str = "cognito:username";

/// The longest row, in characters.
pub const LONGEST_ROW: usize = 16_000;
/// The longest value, in characters ("Working with user attributes" in the developer guide).
const LONGEST_VALUE: usize = 2_048;
/// The most users of a file.
pub const MOST_USERS: u64 = 500_000;
/// The largest file, in bytes.
pub const LARGEST_FILE: u64 = 100 << 20;

/// A user as their row describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What they are called.
    pub name: NewName,
    /// Their attributes, as they are stored.
    pub attributes: BTreeMap<String, String>,
    /// Whether codes by text message are their second factor.
    pub has_mfa: bool,
}

/// The columns that a file for this pool has, in the order of `GetCSVHeader`.
pub fn header(pool: &Pool) -> Vec<String> {
    let schema = pool.config.schema_attributes.iter().flatten();
    let names = schema.filter_map(|attribute| attribute.name.clone());
    let own = names.filter(|name| name.starts_with("custom:") || name.starts_with("dev:"));
    let standard = STANDARD.iter().map(|name| (*name).to_owned());
    standard.chain(own).chain([MFA.to_owned(), USERNAME.to_owned()]).collect()
}

/// Whether users of the pool can be taken in: one of their addresses has to be one that the pool verifies.
pub fn has_verified_attributes(pool: &Pool) -> bool {
    pool.config.auto_verified_attributes.as_ref().is_some_and(|list| !list.is_empty())
}

/// The columns of a file, from its first row: those of the pool in any order, and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Vec<String>);

impl Columns {
    /// Reads the first row.
    pub fn read(pool: &Pool, row: &str) -> Result<Self, String> {
        let columns = cells(row);
        let mut given = columns.clone();
        given.sort_unstable();
        let mut wanted = header(pool);
        wanted.sort_unstable();
        if given == wanted {
            return Ok(Self(columns));
        }
        Err("The header of the CSV file does not have exactly the columns of GetCSVHeader.".to_owned())
    }

    /// Reads another row.
    pub fn user(&self, pool: &Pool, row: &str) -> Result<Row, String> {
        if row.chars().count() > LONGEST_ROW {
            return Err(format!("The row is longer than {LONGEST_ROW} characters."));
        }
        let cells = cells(row);
        if cells.len() != self.0.len() {
            return Err(format!("The row has {} values, and the header {} columns.", cells.len(), self.0.len()));
        }
        let values: BTreeMap<&str, &str> =
            self.0.iter().map(String::as_str).zip(cells.iter().map(String::as_str)).collect();
        let cell = |name: &str| values.get(name).copied().unwrap_or_default();
        let username = cell(USERNAME);
        if !usernames::is_well_formed(username) {
            return Err(format!("{USERNAME} must have 1 to 128 characters, none of them a space or invisible."));
        }
        let name = usernames::check_new(pool, username).map_err(|refusal| refusal.message)?;
        let given = values.iter().filter(|(name, value)| !name.starts_with("cognito:") && !value.is_empty());
        let given = given.map(|(name, value)| attribute(name, value)).collect::<Result<Vec<_>, _>>()?;
        let attributes = attribute_rules::for_create(pool, &name, &given).map_err(|refusal| refusal.message)?;
        check_verified(pool, &attributes)?;
        Ok(Row { name, attributes, has_mfa: has_mfa(pool, cell(MFA))? })
    }
}

/// The values of a row, without the white space around them. A backslash ahead of a comma makes it part of a value.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut letters = row.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ',' => cells.push(String::new()),
            '\\' if letters.peek() == Some(&',') => {
                letters.next();
                append(&mut cells, ',');
            }
            letter => append(&mut cells, letter),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn append(cells: &mut [String], letter: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(letter);
    }
}

fn attribute(name: &str, value: &str) -> Result<AttributeType, String> {
    let value = match name {
        "email_verified" | "phone_number_verified" => flag(name, value)?.to_string(),
        "birthdate" => birthdate(value)?,
        _ => value.to_owned(),
    };
    if value.chars().count() > LONGEST_VALUE {
        return Err(format!("{name} must have at most {LONGEST_VALUE} characters."));
    }
    Ok(AttributeType { name: name.to_owned(), value: Some(value) })
}

fn flag(name: &str, value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("{name} must be true or false.")),
    }
}

/// `mm/dd/yyyy`, as it is stored.
fn birthdate(value: &str) -> Result<String, String> {
    let parts: Vec<&str> = value.split('/').collect();
    match parts.as_slice() {
        [month, day, year] if month.len() == 2 && day.len() == 2 && year.len() == 4 => {
            Ok(format!("{year}-{month}-{day}"))
        }
        _ => Err("birthdate must have the form mm/dd/yyyy.".to_owned()),
    }
}

fn check_verified(pool: &Pool, attributes: &BTreeMap<String, String>) -> Result<(), String> {
    let is_verified = |kind: &VerifiedAttributeType| {
        let (address, flag) = match kind {
            VerifiedAttributeType::Email => ("email", "email_verified"),
            VerifiedAttributeType::PhoneNumber => ("phone_number", "phone_number_verified"),
        };
        attributes.contains_key(address) && attributes.get(flag).is_some_and(|value| value == "true")
    };
    if pool.config.auto_verified_attributes.iter().flatten().any(is_verified) {
        return Ok(());
    }
    let text =
        "The User Record does not set any of the auto verified attributes to true. (Example: email_verified to true).";
    Err(text.to_owned())
}

/// What the pool asks for has to be there, and nothing that it does not know.
fn has_mfa(pool: &Pool, value: &str) -> Result<bool, String> {
    let given = if value.is_empty() { None } else { Some(flag(MFA, value)?) };
    match (pool.config.mfa_configuration.unwrap_or_default(), given) {
        (UserPoolMfaType::Off, Some(true)) => Err(format!("{MFA} is true, and MFA is off in the user pool.")),
        (UserPoolMfaType::On, Some(false)) => Err(format!("{MFA} is false, and the user pool requires MFA.")),
        (UserPoolMfaType::On, _) => Ok(true),
        (_, given) => Ok(given.unwrap_or(false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::plain_pool;
    use proptest::prelude::*;

    fn pool() -> Pool {
        let mut pool = plain_pool();
        pool.config.auto_verified_attributes = Some(vec![VerifiedAttributeType::Email]);
        pool
    }

    fn read(pool: &Pool, given: &[(&str, &str)]) -> Result<Row, String> {
        let header = header(pool);
        let columns = Columns::read(pool, &header.join(",")).unwrap();
        let value = |name: &String| given.iter().find(|(key, _)| key == name).map_or("", |(_, value)| *value);
        columns.user(pool, &header.iter().map(value).collect::<Vec<_>>().join(","))
    }

    const MARIA: [(&str, &str); 3] =
        [("cognito:username", "maria"), ("email", " maria@example.com "), ("email_verified", "TRUE")];

    fn with(more: (&'static str, &'static str)) -> Vec<(&'static str, &'static str)> {
        std::iter::once(more).chain(MARIA).collect()
    }

    #[test]
    fn a_row_is_a_user() {
        let given = [&MARIA[..], &[("birthdate", "12/31/1990"), ("address", "1 Road\\, Town")]].concat();
        let row = read(&pool(), &given).unwrap();
        let value = |name: &str| row.attributes[name].as_str();
        assert_eq!(row.name, NewName::Given("maria".to_owned()));
        assert_eq!((value("email"), value("email_verified")), ("maria@example.com", "true"));
        assert_eq!((value("birthdate"), value("address")), ("1990-12-31", "1 Road, Town"));
        assert!(!row.has_mfa);
    }

    #[test]
    fn a_row_that_breaks_a_rule_says_which() {
        for (more, reason) in [
            (("cognito:username", ""), "cognito:username must have"),
            (("cognito:username", "a b"), "cognito:username must have"),
            (("cognito:username", "ma\0ria"), "cognito:username must have"),
            (("cognito:username", "maria\u{200b}"), "cognito:username must have"),
            (("email_verified", "yes"), "email_verified must be true or false."),
            (("email_verified", "false"), "does not set any of the auto verified attributes"),
            (("birthdate", "1990-12-31"), "birthdate must have the form mm/dd/yyyy."),
            (("birthdate", "31/12/1990"), "birthdate"),
            (("cognito:mfa_enabled", "true"), "MFA is off in the user pool."),
            (("phone_number", "12"), "Invalid phone number format."),
            (("name", "a,b"), "The row has 29 values, and the header 28 columns."),
        ] {
            let said = read(&pool(), &with(more)).unwrap_err();
            assert!(said.contains(reason), "{more:?}: {said}");
        }
        let long: &'static str = "x".repeat(LONGEST_ROW).leak();
        assert!(read(&pool(), &with(("name", long))).unwrap_err().contains("longer than 16000"));
    }

    #[test]
    fn a_value_is_as_long_as_the_api_takes() {
        for (length, fits) in [(2_048, true), (2_049, false)] {
            let nickname = "n".repeat(length);
            let read = read(&pool(), &[&MARIA[..], &[("nickname", nickname.as_str())]].concat());
            assert_eq!(read.is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn mfa_follows_the_pool() {
        let mut pool = pool();
        for (setting, value, expected) in [
            (UserPoolMfaType::On, "", Ok(true)),
            (UserPoolMfaType::On, "true", Ok(true)),
            (UserPoolMfaType::On, "false", Err(())),
            (UserPoolMfaType::Optional, "", Ok(false)),
            (UserPoolMfaType::Optional, "true", Ok(true)),
            (UserPoolMfaType::Off, "false", Ok(false)),
        ] {
            pool.config.mfa_configuration = Some(setting);
            assert_eq!(has_mfa(&pool, value).map_err(|_| ()), expected, "{setting:?} {value}");
        }
    }

    #[test]
    fn the_header_has_every_column_in_any_order_and_no_other() {
        let (pool, mut columns) = (pool(), header(&pool()));
        columns.reverse();
        assert!(Columns::read(&pool, &columns.join(" , ")).is_ok());
        columns.pop();
        assert!(Columns::read(&pool, &columns.join(",")).is_err());
        columns.push("shoe".to_owned());
        assert!(Columns::read(&pool, &columns.join(",")).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,80}") {
            let columns = Columns(vec!["name".to_owned(), USERNAME.to_owned()]);
            let _ = columns.user(&pool(), &text);
        }
    }
}
