//! Reading the configuration: what is wrong in a file is told with its line and its key.

use std::path::Path;

use cognate_operations::toml_text::{fault, key_at};

use crate::FileConfig;
use crate::setting_checks::{self, WrongSetting};

/// Reads a file and lays other settings over it. What cannot be used of both is told with its line, if it is the file's.
pub(crate) fn read(path: &Path, over: impl FnOnce(&FileConfig) -> FileConfig) -> Result<FileConfig, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text, over).map_err(|trouble| match trouble {
        Trouble::InFile(reason) => format!("{}:{reason}", path.display()),
        Trouble::Elsewhere(wrong) => wrong.to_string(),
    })
}

/// What is wrong.
enum Trouble {
    /// The line, and what is wrong there.
    InFile(String),
    /// A setting that was laid over the file.
    Elsewhere(WrongSetting),
}

fn parse(text: &str, over: impl FnOnce(&FileConfig) -> FileConfig) -> Result<FileConfig, Trouble> {
    let file = toml::from_str(text).map_err(|error| Trouble::InFile(fault(text, &error)))?;
    let whole = over(&file);
    let Err(wrong) = setting_checks::check(&whole) else { return Ok(whole) };
    if setting_checks::check(&file).err().as_ref() != Some(&wrong) {
        return Err(Trouble::Elsewhere(wrong));
    }
    let line = line_of(text, wrong.key).map(|line| line.to_string()).unwrap_or_default();
    Err(Trouble::InFile(format!("{line}: {wrong}")))
}

/// The line of a key, or of the table that it stands in, where that is written in one line.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let count = text.lines().count();
    let of = |wanted: &str| (1..=count).find(|line| key_at(text, *line).is_some_and(|key| key == wanted));
    of(key).or_else(|| of(key.split('.').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        match parse(text, FileConfig::clone) {
            Err(Trouble::InFile(reason)) => reason,
            Err(Trouble::Elsewhere(wrong)) => panic!("{wrong}"),
            Ok(_) => panic!("it can be used"),
        }
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
    fn what_lies_over_the_file_counts() {
        let other = |account: &str| {
            let account = Some(account.to_owned());
            move |file: &FileConfig| FileConfig { account, ..file.clone() }
        };
        assert!(parse("account = \"12\"\n", other("123456789012")).is_ok());
        let told = parse("account = \"123456789012\"\n", other("34"));
        assert!(matches!(told, Err(Trouble::Elsewhere(wrong)) if wrong.to_string().contains("\"34\"")));
    }

    #[test]
    fn a_value_that_cannot_be_used_is_told_with_its_line() {
        let told = wrong("region = \"eu-west-1\"\n\n[limits]\n# requests = 7\nbody_bytes = 2048\nrequests = 0\n");
        assert_eq!(told, "6: limits.requests: it does not lie between 1 and 1000000");
        assert_eq!(wrong("limits = { requests = 0 }\n"), "1: limits.requests: it does not lie between 1 and 1000000");
        assert_eq!(wrong("limits.requests = 0\n"), "1: limits.requests: it does not lie between 1 and 1000000");
        assert_eq!(wrong("\naccount = \"12\"\n"), "2: account: \"12\" does not have twelve digits");
        assert_eq!(
            wrong("[aws]\naccess_key_id = \"hunter2\"\n"),
            "1: aws: give both access_key_id and secret_access_key, or neither"
        );
    }
}
