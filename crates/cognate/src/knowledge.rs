//! What the operator lets the server know about the world: a table of places, a list of stolen passwords.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use cognate_domain::risk::compromised::CompromisedPasswords;
use cognate_domain::risk::places::Places;
use cognate_operations::Knowledge;

use crate::Config;

/// Reads the files of a configuration. What is wrong with one is told at the start.
pub(crate) fn read(config: &Config) -> Result<Knowledge, String> {
    let told = |path: &Path, what: String| format!("{}: {what}", path.display());
    let places = config.places.as_deref().map(|path| places(path).map_err(|e| told(path, e))).transpose()?;
    let compromised =
        config.compromised_passwords.as_deref().map(|path| compromised(path).map_err(|e| told(path, e))).transpose()?;
    Ok(Knowledge { places, compromised })
}

fn places(path: &Path) -> Result<Places, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    Places::read(text.lines())
}

fn compromised(path: &Path) -> Result<CompromisedPasswords, String> {
    let mut list = CompromisedPasswords::default();
    let file = File::open(path).map_err(|e| e.to_string())?;
    // Line by line: such lists are long.
    for (line, at) in BufReader::new(file).lines().zip(1_usize..) {
        let line = line.map_err(|e| format!("line {at}: {e}"))?;
        list.add(&line).map_err(|what| format!("line {at}: {what}"))?;
    }
    Ok(list.finished())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(write: impl FnOnce(&Path, &mut Config)) -> Result<Knowledge, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::development(folder.path());
        write(folder.path(), &mut config);
        read(&config)
    }

    #[test]
    fn without_files_nothing_is_known() {
        let knowledge = with(|_, _| {}).unwrap();
        assert!(knowledge.places.is_none() && knowledge.compromised.is_none());
    }

    #[test]
    fn both_files_are_read() {
        let knowledge = with(|folder, config| {
            std::fs::write(folder.join("places.csv"), "network,country\n192.0.2.0/24,Germany\n").unwrap();
            std::fs::write(folder.join("stolen.txt"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3\r\n").unwrap();
            config.places = Some(folder.join("places.csv"));
            config.compromised_passwords = Some(folder.join("stolen.txt"));
        });
        let knowledge = knowledge.unwrap();
        assert!(knowledge.places.unwrap().find("192.0.2.9".parse().unwrap()).is_some());
        assert_eq!(knowledge.compromised.unwrap().len(), 1);
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_line() {
        let error = with(|folder, config| {
            std::fs::write(folder.join("stolen.txt"), "0000000000\npassword\n").unwrap();
            config.compromised_passwords = Some(folder.join("stolen.txt"));
        });
        let error = error.unwrap_err();
        assert!(error.contains("stolen.txt: line 2: not a SHA-1 hash"), "{error}");
        let error = with(|folder, config| config.places = Some(folder.join("nowhere.csv"))).unwrap_err();
        assert!(error.contains("nowhere.csv: "), "{error}");
    }
}
