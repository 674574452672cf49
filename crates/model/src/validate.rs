//! The checks that the interface model asks for, with the messages of the live service.
//!
//! Form and texts were recorded from the live service: all violations are joined into one message, paths are in
//! camel case with one-based list positions, sensitive values are never echoed, lists print as Java prints them.

use std::fmt::Write;

use serde_json::Value;

use crate::shape::{IntegerShape, ListShape, MapShape, Shape, StringShape};

/// The violations of one request, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations {
    count: usize,
    text: String,
}

impl Violations {
    /// Counts a violation, and writes it down unless the message is long enough.
    fn push(&mut self, write: impl FnOnce() -> String) {
        self.count += 1;
        if self.text.len() > LONGEST_MESSAGE {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str("; ");
        }
        self.text.push_str(&write());
    }
}

impl std::fmt::Display for Violations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} validation error{plural} detected: {}", self.count, self.text)
    }
}

/// How long a message grows before further violations are only counted: a request of empty elements would get an
/// answer of many times its own size.
const LONGEST_MESSAGE: usize = 64 << 10;

/// Checks a decoded request against its shape.
pub fn validate(value: &Value, shape: &'static Shape) -> Result<(), Violations> {
    let mut found = Violations::default();
    check(value, shape, &mut Path::new(), &mut found);
    if found.count == 0 { Ok(()) } else { Err(found) }
}

/// The path of the value that is being checked. Grown and cut back in place, so that a valid request allocates once.
struct Path {
    text: String,
    /// Whether it leads through something sensitive, such as a map that holds a password: nothing in there is echoed.
    is_sensitive: bool,
}

impl Path {
    fn new() -> Self {
        Self { text: String::new(), is_sensitive: false }
    }

    fn inside(&mut self, of: &Shape, segment: std::fmt::Arguments<'_>, f: impl FnOnce(&mut Self)) {
        let (length, was_sensitive) = (self.text.len(), self.is_sensitive);
        self.is_sensitive |= of.is_sensitive();
        if length > 0 {
            self.text.push('.');
        }
        let _ = self.text.write_fmt(segment);
        f(self);
        self.text.truncate(length);
        self.is_sensitive = was_sensitive;
    }

    fn violation(&self, value: Option<&Value>, shape: &Shape, failure: &str) -> String {
        let shown = match value {
            _ if self.is_sensitive || shape.is_sensitive() => String::new(),
            None => " null".to_owned(),
            Some(value) => format!(" '{}'", java(value, shape)),
        };
        // A path holds the keys of maps, which are the caller's.
        let path = shortened(&self.text);
        format!("Value{shown} at '{path}' failed to satisfy constraint: {failure}")
    }
}

fn check(value: &Value, shape: &'static Shape, path: &mut Path, found: &mut Violations) {
    match (shape, value) {
        (Shape::String(limits), Value::String(text)) => {
            for failure in string_failures(text, limits) {
                found.push(|| path.violation(Some(value), shape, &failure));
            }
        }
        (Shape::Integer(limits) | Shape::Long(limits), Value::Number(number)) => {
            for failure in integer_failures(number.as_i64().unwrap_or_default(), limits) {
                found.push(|| path.violation(Some(value), shape, &failure));
            }
        }
        (Shape::Blob { max: Some(max) }, Value::String(text)) if text.len() as u64 / 4 * 3 > max + 2 => {
            found.push(|| {
                let failure = format!("Member must have length less than or equal to {max}");
                format!("Value at '{}' failed to satisfy constraint: {failure}", path.text)
            });
        }
        (Shape::List(limits), Value::Array(elements)) => check_list(value, elements, limits, shape, path, found),
        (Shape::Map(limits), Value::Object(entries)) => check_map(value, entries, limits, shape, path, found),
        (Shape::Structure(structure), Value::Object(members)) => {
            for member in structure.members {
                path.inside(shape, format_args!("{}", member.path), |path| match members.get(member.name) {
                    Some(value) if !value.is_null() => check(value, member.shape, path, found),
                    _ if member.required => {
                        found.push(|| path.violation(None, member.shape, "Member must not be null"));
                    }
                    _ => {}
                });
            }
        }
        _ => {}
    }
}

fn check_list(
    value: &Value,
    elements: &[Value],
    limits: &'static ListShape,
    shape: &'static Shape,
    path: &mut Path,
    found: &mut Violations,
) {
    for failure in length_failures(elements.len(), limits.min, limits.max) {
        found.push(|| path.violation(Some(value), shape, &failure));
    }
    let is_scalar = !matches!(limits.member, Shape::List(_) | Shape::Map(_) | Shape::Structure(_));
    if is_scalar {
        // Scalars in a list are reported once, at the list, with every constraint of its elements.
        let fails = elements.iter().any(|element| match (limits.member, element) {
            (_, Value::Null) => true,
            (Shape::String(limits), Value::String(text)) => !string_failures(text, limits).is_empty(),
            (Shape::Integer(limits), Value::Number(n)) => !integer_failures(n.as_i64().unwrap_or(0), limits).is_empty(),
            _ => false,
        });
        if fails {
            let rules = element_rules(limits.member, elements.iter().any(Value::is_null));
            let failure = format!("Member must satisfy constraint: [{}]", rules.join(", "));
            found.push(|| path.violation(Some(value), shape, &failure));
        }
        return;
    }
    for (i, element) in elements.iter().enumerate() {
        path.inside(shape, format_args!("{}.member", i + 1), |path| {
            if element.is_null() {
                found.push(|| path.violation(None, limits.member, "Member must not be null"));
            } else {
                check(element, limits.member, path, found);
            }
        });
    }
}

fn check_map(
    value: &Value,
    entries: &serde_json::Map<String, Value>,
    limits: &'static MapShape,
    shape: &'static Shape,
    path: &mut Path,
    found: &mut Violations,
) {
    for failure in length_failures(entries.len(), limits.min, limits.max) {
        found.push(|| path.violation(Some(value), shape, &failure));
    }
    if let Shape::String(keys) = limits.key
        && entries.keys().any(|key| !string_failures(key, keys).is_empty())
    {
        let rules = element_rules(limits.key, false);
        let failure = format!("Map keys must satisfy constraint: [{}]", rules.join(", "));
        found.push(|| path.violation(Some(value), shape, &failure));
    }
    for (key, entry) in entries {
        path.inside(shape, format_args!("{key}.member"), |path| {
            if entry.is_null() {
                found.push(|| path.violation(None, limits.value, "Member must not be null"));
            } else {
                check(entry, limits.value, path, found);
            }
        });
    }
}

/// The failures of a text: length first, then pattern, then enum.
fn string_failures(text: &str, limits: &StringShape) -> Vec<String> {
    let mut failures = if limits.min.is_some() || limits.max.is_some() {
        length_failures(text.chars().count(), limits.min, limits.max)
    } else {
        Vec::new()
    };
    if let Some(pattern) = &limits.pattern
        && !pattern.matches(text)
    {
        failures.push(format!("Member must satisfy regular expression pattern: {}", pattern.raw));
    }
    if !limits.values.is_empty() && !limits.values.contains(&text) {
        failures.push(format!("Member must satisfy enum value set: [{}]", limits.values.join(", ")));
    }
    failures
}

fn length_failures(length: usize, min: Option<u64>, max: Option<u64>) -> Vec<String> {
    let mut failures = Vec::new();
    if let Some(max) = max
        && length as u64 > max
    {
        failures.push(format!("Member must have length less than or equal to {max}"));
    }
    if let Some(min) = min
        && (length as u64) < min
    {
        failures.push(format!("Member must have length greater than or equal to {min}"));
    }
    failures
}

fn integer_failures(number: i64, limits: &IntegerShape) -> Vec<String> {
    let mut failures = Vec::new();
    if let Some(max) = limits.max
        && number > max
    {
        failures.push(format!("Member must have value less than or equal to {max}"));
    }
    if let Some(min) = limits.min
        && number < min
    {
        failures.push(format!("Member must have value greater than or equal to {min}"));
    }
    failures
}

/// Every rule of an element, as the wrapper `Member must satisfy constraint: [..]` lists them.
fn element_rules(shape: &Shape, with_null: bool) -> Vec<String> {
    let mut rules = Vec::new();
    match shape {
        Shape::String(limits) => {
            if let Some(max) = limits.max {
                rules.push(format!("Member must have length less than or equal to {max}"));
            }
            if let Some(min) = limits.min {
                rules.push(format!("Member must have length greater than or equal to {min}"));
            }
            if let Some(pattern) = &limits.pattern {
                rules.push(format!("Member must satisfy regular expression pattern: {}", pattern.raw));
            }
            if !limits.values.is_empty() {
                rules.push(format!("Member must satisfy enum value set: [{}]", limits.values.join(", ")));
            }
        }
        Shape::Integer(limits) => {
            rules.extend(limits.max.map(|max| format!("Member must have value less than or equal to {max}")));
            rules.extend(limits.min.map(|min| format!("Member must have value greater than or equal to {min}")));
        }
        _ => {}
    }
    if with_null {
        rules.push("Member must not be null".to_owned());
    }
    rules
}

/// The longest value that a message echoes, in bytes: an error must not grow with the request. Whatever exceeds the
/// bound of its member by little is still echoed whole; the longest such members are the texts of e-mails.
const LONGEST_ECHO: usize = 24 << 10;

/// A value as Java prints it: `[a, b]`, `{k=v}`, `Name(member=value, other=null)`; sensitive parts are left out.
fn java(value: &Value, shape: &Shape) -> String {
    let mut out = String::new();
    write_java(value, shape, &mut out);
    let length = shortened(&out).len();
    out.truncate(length);
    out
}

/// As much of a text as is echoed, in whole characters.
fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_ECHO)).unwrap_or(text)
}

fn write_java(value: &Value, shape: &Shape, out: &mut String) {
    if out.len() > LONGEST_ECHO {
        return;
    }
    if shape.is_sensitive() {
        out.push_str("***");
        return;
    }
    match (value, shape) {
        (Value::String(text), _) => out.push_str(text),
        (Value::Array(elements), Shape::List(list)) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                write_java(element, list.member, out);
            }
            out.push(']');
        }
        (Value::Object(entries), Shape::Map(map)) => {
            out.push('{');
            for (i, (key, entry)) in entries.iter().enumerate() {
                let _ = write!(out, "{}{key}=", if i == 0 { "" } else { ", " });
                write_java(entry, map.value, out);
            }
            out.push('}');
        }
        (Value::Object(members), Shape::Structure(structure)) => {
            let _ = write!(out, "{}(", structure.name);
            for (i, member) in structure.members.iter().enumerate() {
                let _ = write!(out, "{}{}=", if i == 0 { "" } else { ", " }, member.path);
                write_java(members.get(member.name).unwrap_or(&Value::Null), member.shape, out);
            }
            out.push(')');
        }
        (other, _) => {
            let _ = write!(out, "{other}");
        }
    }
}

#[cfg(test)]
mod tests;
