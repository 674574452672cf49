//! The constraint tables: what each request may hold, for `model::decode` and `model::validate`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::model::Api;
use super::names::{constant, java_set_order, literal, path};
use super::patterns;

pub fn generate(api: &Api, sources: &mut BTreeMap<String, String>) {
    let mut wanted = BTreeSet::new();
    for operation in api.operations.values() {
        reach(api, &operation.input, &mut wanted);
    }
    let inputs: BTreeSet<&String> = api.operations.values().map(|operation| &operation.input).collect();
    let mut scalars = String::from(HEADER_SCALARS);
    let mut structures = String::from(HEADER_STRUCTURES);
    let mut requests = String::from(HEADER_REQUESTS);
    for name in &wanted {
        let text = shape(api, name);
        let is_scalar =
            matches!(api.shape(name).kind.as_str(), "string" | "integer" | "long" | "boolean" | "timestamp" | "blob")
                || api.shape(name).document;
        if inputs.contains(name) {
            requests.push_str(&text);
        } else if is_scalar {
            scalars.push_str(&text);
        } else {
            structures.push_str(&text);
        }
    }
    sources.insert("schema/scalars.rs".into(), scalars);
    sources.insert("schema/structures.rs".into(), structures);
    sources.insert("schema/requests.rs".into(), requests);
    sources.insert(
        "schema/mod.rs".into(),
        "//! The constraints of every shape that a request can hold, as data.\n\n\
         mod requests;\nmod scalars;\nmod structures;\n\npub use requests::*;\npub use scalars::*;\npub use structures::*;\n"
            .into(),
    );
}

const HEADER_SCALARS: &str = "//! Strings, numbers and other single values.\n\nuse crate::shape::{IntegerShape, Pattern, Shape, StringShape};\n\n";
const HEADER_STRUCTURES: &str = "//! Structures, lists and maps.\n\nuse super::*;\nuse crate::shape::{ListShape, MapShape, Member, Shape, StructureShape};\n\n";
const HEADER_REQUESTS: &str = "//! Requests.\n\nuse super::*;\nuse crate::shape::{Member, Shape, StructureShape};\n\n";

fn reach(api: &Api, name: &str, wanted: &mut BTreeSet<String>) {
    if !wanted.insert(name.to_owned()) {
        return;
    }
    let shape = api.shape(name);
    for (_, target) in shape.members() {
        reach(api, target, wanted);
    }
    for reference in [&shape.member, &shape.key, &shape.value].into_iter().flatten() {
        reach(api, &reference.shape, wanted);
    }
}

fn shape(api: &Api, name: &str) -> String {
    let shape = api.shape(name);
    let target = |reference: &Option<super::model::Reference>| {
        reference.as_ref().map_or_else(String::new, |reference| constant(&reference.shape))
    };
    let body = match shape.kind.as_str() {
        "string" => {
            let pattern = shape.pattern.as_ref().map_or_else(
                || "None".to_owned(),
                |raw| {
                    let rust = if raw == patterns::BY_HAND { String::new() } else { patterns::to_rust(raw) };
                    format!("Some(Pattern::new({}, {}))", literal(raw), literal(&rust))
                },
            );
            let set = java_set_order(&shape.values);
            let values: Vec<String> = set.iter().map(|v| literal(v)).collect();
            format!(
                "Shape::String(StringShape {{ min: {}, max: {}, pattern: {pattern}, values: &[{}], sensitive: {} }})",
                option(shape.min),
                option(shape.max),
                values.join(", "),
                shape.sensitive
            )
        }
        "integer" | "long" => {
            let variant = if shape.kind == "long" { "Long" } else { "Integer" };
            format!("Shape::{variant}(IntegerShape {{ min: {}, max: {} }})", option(shape.min), option(shape.max))
        }
        "boolean" => "Shape::Boolean".into(),
        "timestamp" => "Shape::Timestamp".into(),
        "blob" => format!("Shape::Blob {{ max: {} }}", option(shape.max)),
        "list" => format!(
            "Shape::List(ListShape {{ min: {}, max: {}, member: &{} }})",
            option(shape.min),
            option(shape.max),
            target(&shape.member)
        ),
        "map" => format!(
            "Shape::Map(MapShape {{ min: {}, max: {}, key: &{}, value: &{}, sensitive: {} }})",
            option(shape.min),
            option(shape.max),
            target(&shape.key),
            target(&shape.value),
            shape.sensitive
        ),
        _ if shape.document => "Shape::Document".into(),
        _ => structure(api, name),
    };
    let mut out = String::new();
    let _ = writeln!(out, "/// `{name}` of the interface model.\npub static {}: Shape = {body};\n", constant(name));
    out
}

fn structure(api: &Api, name: &str) -> String {
    let shape = api.shape(name);
    let mut members = String::new();
    for (member, target) in shape.members() {
        let key = format!("{name}.{member}");
        let shown = api.paths.get(&key).cloned().unwrap_or_else(|| path(member));
        let default = api.defaults.get(&key).map_or_else(|| "None".to_owned(), |value| format!("Some({value})"));
        let _ = write!(
            members,
            "Member {{ name: {}, path: {}, required: {}, default: {default}, shape: &{} }},",
            literal(member),
            literal(&shown),
            shape.requires(member),
            constant(target)
        );
    }
    format!(
        "Shape::Structure(StructureShape {{ name: {}, sensitive: {}, members: &[{members}] }})",
        literal(name),
        shape.sensitive
    )
}

fn option(bound: Option<u64>) -> String {
    bound.map_or_else(|| "None".to_owned(), |bound| format!("Some({bound})"))
}
