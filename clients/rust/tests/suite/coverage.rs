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

/// Operations that this version of the SDK does not have yet; the suites in JavaScript and Python call them.
const NEWER_THAN_THE_SDK: [&str; 9] = [
    "GetDerivedToken",
    "ListUserSessions",
    "AdminListUserSessions",
    "RevokeUserSession",
    "AdminRevokeUserSession",
    "GetUserPoolSessionConfiguration",
    "SetUserPoolSessionConfiguration",
    "GetUserPoolClientSessionConfiguration",
    "SetUserPoolClientSessionConfiguration",
];

#[test]
fn every_built_operation_is_called_here() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let handlers = fs::read_to_string(here.join("../../api/handlers.toml")).unwrap();
    let built = handlers.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
    let built = built.filter(|name| !NEWER_THAN_THE_SDK.contains(name));
    let suite: String = fs::read_dir(here.join("tests/suite"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let uncalled: Vec<&str> = built.filter(|name| !suite.contains(&format!(".{}(", method_name(name)))).collect();
    assert!(uncalled.is_empty(), "{uncalled:?}");
}
