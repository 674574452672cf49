//! Nothing that is built goes untested.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// `AdminSetUserMFAPreference` as the SDK spells its method: `admin_set_user_mfa_preference`.
fn method_name(operation: &str) -> String {
    let letters: Vec<char> = operation.chars().collect();
    let mut name = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let follows_small = place > 0 && letters[place - 1].is_lowercase();
        let precedes_small = place > 0 && letters.get(place + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (follows_small || precedes_small) {
            name.push('_');
        }
        write!(name, "{}", letter.to_lowercase()).unwrap();
    }
    name
}

/// The text of all files of a suite.
fn suite(folder: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_built_operation_is_called_by_some_client() {
    let handlers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../api/handlers.toml");
    let handlers = fs::read_to_string(handlers).unwrap();
    let built = handlers.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
    let (rust, python, javascript) = (suite("tests/suite"), suite("../python/tests"), suite("../javascript/tests"));
    let is_called = |name: &str| {
        let method = format!(".{}(", method_name(name));
        rust.contains(&method) || python.contains(&method) || javascript.contains(&format!("{name}Command"))
    };
    let uncalled: Vec<&str> = built.filter(|name| !is_called(name)).collect();
    assert!(uncalled.is_empty(), "{uncalled:?}");
}
