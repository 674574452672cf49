//! Structures and enums. One file an operation for requests and responses; shared structures and enums apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::model::{Api, Shape};
use super::names::{literal, pascal, snake, variant};

pub fn generate(api: &Api, sources: &mut BTreeMap<String, String>) {
    let mut own = BTreeSet::new();
    let mut modules = String::from("//! Requests and responses, one file an operation.\n\n");
    for (name, operation) in &api.operations {
        let mut text = format!("//! {name}.\n\n");
        text.push_str(IMPORTS);
        for shape in std::iter::once(&operation.input).chain(&operation.output) {
            own.insert(shape.clone());
            structure(api, shape, &mut text);
        }
        let module = snake(name);
        let _ = writeln!(modules, "mod {module};\npub use {module}::*;");
        sources.insert(format!("requests/{module}.rs"), prune(&text));
    }
    sources.insert("requests/mod.rs".into(), modules);

    let shared: Vec<&String> = api
        .shapes
        .iter()
        .filter(|(name, shape)| {
            shape.kind == "structure" && !shape.exception && !shape.document && !own.contains(*name)
        })
        .map(|(name, _)| name)
        .collect();
    let middle = shared.len() / 2;
    for (file, names) in [("structures_a", &shared[..middle]), ("structures_b", &shared[middle..])] {
        let mut text = format!("//! Structures shared by operations.\n\n{IMPORTS}");
        for name in names {
            structure(api, name, &mut text);
        }
        sources.insert(format!("{file}.rs"), prune(&text));
    }
    sources.insert("enums.rs".into(), enums(api));
    sources.insert(
        "mod.rs".into(),
        "//! Everything that is generated from the interface model.\n\nmod enums;\nmod exceptions;\nmod operation_table;\n\
         mod requests;\npub mod schema;\nmod structures_a;\nmod structures_b;\n\npub use enums::*;\npub use exceptions::*;\n\
         pub use operation_table::*;\npub use requests::*;\npub use structures_a::*;\npub use structures_b::*;\n"
            .into(),
    );
}

const IMPORTS: &str = "use std::collections::BTreeMap;\n\nuse serde::{Deserialize, Serialize};\n\nuse crate::generated::*;\nuse crate::{Blob, Redacted, Secret, Timestamp};\n\n";

/// Drops the imports that a file does not use.
fn prune(text: &str) -> String {
    let body = text.replace(IMPORTS, "");
    let mut imports = String::new();
    if body.contains("BTreeMap<") {
        imports.push_str("use std::collections::BTreeMap;\n\n");
    }
    imports.push_str("use serde::{Deserialize, Serialize};\n\n");
    if body.contains("/*shared*/") {
        imports.push_str("use crate::generated::*;\n");
    }
    let used: Vec<&str> = ["Blob", "Redacted", "Secret", "Timestamp"]
        .into_iter()
        .filter(|name| {
            [format!("<{name}>"), format!(": {name},"), format!("&{name}")].iter().any(|form| body.contains(form))
        })
        .collect();
    if !used.is_empty() {
        let _ = writeln!(imports, "use crate::{{{}}};", used.join(", "));
    }
    text.replace(IMPORTS, &format!("{imports}\n")).replace("/*shared*/", "")
}

fn structure(api: &Api, name: &str, out: &mut String) {
    let shape = api.shape(name);
    let redacted = shape.sensitive || shape.members().iter().any(|(_, member)| api.shape(member).sensitive);
    let debug = if redacted { "" } else { "Debug, " };
    let _ = writeln!(out, "/// `{name}` of the interface model.");
    let _ = writeln!(out, "#[derive({debug}Clone, Default, PartialEq, Serialize, Deserialize)]");
    let _ = writeln!(out, "#[serde(rename_all = \"PascalCase\")]\npub struct {name} {{");
    for (member, target) in shape.members() {
        let field = snake(member);
        let required = shape.requires(member);
        let kind = rust_type(api, target);
        let mut attributes = Vec::new();
        if pascal(&field) != member {
            attributes.push(format!("rename = {}", literal(member)));
        }
        if !required {
            attributes.push("default".to_owned());
            attributes.push("skip_serializing_if = \"Option::is_none\"".to_owned());
        }
        if required && api.defaults.contains_key(&format!("{name}.{member}")) {
            attributes.push("default".to_owned());
        }
        let _ = writeln!(out, "/// `{member}`{}.", if required { ", required" } else { "" });
        if !attributes.is_empty() {
            let _ = writeln!(out, "#[serde({})]", attributes.join(", "));
        }
        let kind = if required { kind } else { format!("Option<{kind}>") };
        let _ = writeln!(out, "pub {field}: {kind},");
    }
    out.push_str("}\n\n");
    if redacted {
        debug_impl(api, name, shape, out);
    }
}

fn debug_impl(api: &Api, name: &str, shape: &Shape, out: &mut String) {
    let _ = writeln!(
        out,
        "impl std::fmt::Debug for {name} {{\nfn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{"
    );
    let _ = writeln!(out, "f.debug_struct({})", literal(name));
    for (member, target) in shape.members() {
        let field = snake(member);
        let hidden = shape.sensitive || (api.shape(target).sensitive && !api.secrets.contains(target));
        let value = if hidden { "&Redacted".to_owned() } else { format!("&self.{field}") };
        let _ = writeln!(out, ".field({}, {value})", literal(field.trim_start_matches("r#")));
    }
    out.push_str(".finish()\n}\n}\n\n");
}

fn rust_type(api: &Api, name: &str) -> String {
    let shape = api.shape(name);
    match shape.kind.as_str() {
        "string" if !shape.values.is_empty() => format!("/*shared*/{}", enum_name(name)),
        "string" if api.secrets.contains(name) => "Secret".into(),
        "string" => "String".into(),
        "integer" => "i32".into(),
        "long" => "i64".into(),
        "boolean" => "bool".into(),
        "timestamp" => "Timestamp".into(),
        "blob" => "Blob".into(),
        "list" => format!("Vec<{}>", rust_type(api, target(shape.member.as_ref()))),
        "map" => format!("BTreeMap<String, {}>", rust_type(api, target(shape.value.as_ref()))),
        _ if shape.document => "serde_json::Value".into(),
        _ => format!("/*shared*/{name}"),
    }
}

fn target(reference: Option<&super::model::Reference>) -> &str {
    reference.map_or("", |reference| reference.shape.as_str())
}

/// `StatusType` would collide with nothing, but reads as nothing either; only such names gain by a change.
fn enum_name(name: &str) -> &str {
    name
}

fn enums(api: &Api) -> String {
    let mut out = String::from("//! Enums, with the spelling of the wire.\n\nuse serde::{Deserialize, Serialize};\n\n");
    for (name, shape) in &api.shapes {
        if shape.kind != "string" || shape.values.is_empty() {
            continue;
        }
        let _ = writeln!(out, "/// `{name}` of the interface model.");
        out.push_str(
            "#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]\n",
        );
        let _ = writeln!(out, "pub enum {name} {{");
        for (i, value) in shape.values.iter().enumerate() {
            if i == 0 {
                out.push_str("#[default]\n");
            }
            let _ = writeln!(out, "/// `{value}`.\n#[serde(rename = {})]\n{},", literal(value), variant(value));
        }
        out.push_str("}\n\n");
        let _ = writeln!(
            out,
            "impl {name} {{\n/// The spelling of the wire.\npub const fn as_str(self) -> &'static str {{\nmatch self {{"
        );
        for value in &shape.values {
            let _ = writeln!(out, "Self::{} => {},", variant(value), literal(value));
        }
        out.push_str(
            "}\n}\n\n/// The value of this spelling.\npub fn parse(text: &str) -> Option<Self> {\nSome(match text {\n",
        );
        for value in &shape.values {
            let _ = writeln!(out, "{} => Self::{},", literal(value), variant(value));
        }
        out.push_str("_ => return None,\n})\n}\n}\n\n");
        let _ = writeln!(
            out,
            "impl std::fmt::Display for {name} {{\nfn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\nf.write_str(self.as_str())\n}}\n}}\n"
        );
    }
    out
}
