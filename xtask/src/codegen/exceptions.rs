//! The modelled exceptions.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::model::Api;
use super::names::literal;

pub fn generate(api: &Api, sources: &mut BTreeMap<String, String>) {
    let exceptions: Vec<(&String, u16)> = api
        .shapes
        .iter()
        .filter(|(_, shape)| shape.exception)
        .map(|(name, shape)| (name, shape.http_status.unwrap_or(400)))
        .collect();
    let mut out = String::from(
        "//! The modelled exceptions.\n\n/// An exception of the interface model.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\npub enum Exception {\n",
    );
    for (name, _) in &exceptions {
        let _ = writeln!(out, "/// `{name}`.\n{},", variant(name));
    }
    out.push_str("}\n\nimpl Exception {\n/// Every modelled exception.\npub const ALL: &'static [Self] = &[\n");
    for (name, _) in &exceptions {
        let _ = writeln!(out, "Self::{},", variant(name));
    }
    out.push_str(
        "];\n\n/// The name that `__type` carries.\npub const fn name(self) -> &'static str {\nmatch self {\n",
    );
    for (name, _) in &exceptions {
        let _ = writeln!(out, "Self::{} => {},", variant(name), literal(name));
    }
    out.push_str("}\n}\n\n/// The HTTP status of the answer.\npub const fn status(self) -> u16 {\nmatch self {\n");
    let faults: Vec<String> = exceptions
        .iter()
        .filter(|(_, status)| *status == 500)
        .map(|(name, _)| format!("Self::{}", variant(name)))
        .collect();
    let _ = writeln!(out, "{} => 500,\n_ => 400,", faults.join(" | "));
    out.push_str("}\n}\n}\n");
    sources.insert("exceptions.rs".into(), out);
}

/// `UserNotFoundException` to `UserNotFound`.
pub fn variant(name: &str) -> &str {
    name.strip_suffix("Exception").unwrap_or(name)
}
