//! The form of the constraint tables.

use std::sync::OnceLock;

use regex::Regex;

/// What a value may be.
#[derive(Debug)]
pub enum Shape {
    /// A text.
    String(StringShape),
    /// A 32-bit integer.
    Integer(IntegerShape),
    /// A 64-bit integer.
    Long(IntegerShape),
    /// `true` or `false`.
    Boolean,
    /// Seconds since the epoch.
    Timestamp,
    /// Base64 of at most `max` bytes.
    Blob {
        /// The largest number of bytes.
        max: Option<u64>,
    },
    /// A list.
    List(ListShape),
    /// A map with text keys.
    Map(MapShape),
    /// A structure with named members.
    Structure(StructureShape),
    /// Any JSON.
    Document,
}

/// Constraints of a text.
#[derive(Debug)]
pub struct StringShape {
    /// The least number of characters.
    pub min: Option<u64>,
    /// The largest number of characters.
    pub max: Option<u64>,
    /// The pattern that the whole text matches.
    pub pattern: Option<Pattern>,
    /// The allowed values, in the order in which messages print them; empty when any text will do.
    pub values: &'static [&'static str],
    /// Whether messages leave the value out.
    pub sensitive: bool,
}

/// Constraints of an integer.
#[derive(Debug)]
pub struct IntegerShape {
    /// The least value.
    pub min: Option<i64>,
    /// The largest value.
    pub max: Option<i64>,
}

/// Constraints of a list.
#[derive(Debug)]
pub struct ListShape {
    /// The least number of elements.
    pub min: Option<u64>,
    /// The largest number of elements.
    pub max: Option<u64>,
    /// What each element is.
    pub member: &'static Shape,
}

/// Constraints of a map.
#[derive(Debug)]
pub struct MapShape {
    /// The least number of entries.
    pub min: Option<u64>,
    /// The largest number of entries.
    pub max: Option<u64>,
    /// What each key is.
    pub key: &'static Shape,
    /// What each value is.
    pub value: &'static Shape,
    /// Whether messages leave the value out.
    pub sensitive: bool,
}

/// A structure.
#[derive(Debug)]
pub struct StructureShape {
    /// The name that Java prints.
    pub name: &'static str,
    /// Whether messages leave the value out.
    pub sensitive: bool,
    /// Its members, in the model's order.
    pub members: &'static [Member],
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The name on the wire.
    pub name: &'static str,
    /// The name in validation messages.
    pub path: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What an absent integer counts as, where the server has a primitive.
    pub default: Option<i64>,
    /// What it is.
    pub shape: &'static Shape,
}

/// A pattern, compiled at its first use.
#[derive(Debug)]
pub struct Pattern {
    /// As the model spells it, which is how messages print it.
    pub raw: &'static str,
    rust: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern in the model's spelling and in the `regex` crate's.
    pub const fn new(raw: &'static str, rust: &'static str) -> Self {
        Self { raw, rust, compiled: OnceLock::new() }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        if self.rust.is_empty() {
            return crate::constraint::matches_by_hand(text);
        }
        let compiled = self.compiled.get_or_init(|| Regex::new(self.rust).ok());
        // A pattern that does not compile refuses everything; a test compiles each of them.
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// Whether the pattern compiles (or is matched by hand).
    pub fn compiles(&self) -> bool {
        self.rust.is_empty() || Regex::new(self.rust).is_ok()
    }
}

impl Shape {
    /// Whether validation messages must not echo the value.
    pub const fn is_sensitive(&self) -> bool {
        match self {
            Self::String(shape) => shape.sensitive,
            Self::Map(shape) => shape.sensitive,
            Self::Structure(shape) => shape.sensitive,
            _ => false,
        }
    }
}
