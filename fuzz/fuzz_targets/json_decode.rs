//! A body is decoded and checked for the operation that its first byte picks. Nothing panics, and what was decoded
//! decodes to the same again.
#![no_main]

use cognate_model::{OPERATIONS, decode, validate};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((pick, body)) = data.split_first() else { return };
    let shape = OPERATIONS[usize::from(*pick) % OPERATIONS.len()].input;
    let Ok(value) = decode(body, shape) else { return };
    assert!(value.is_object());
    if let Err(violations) = validate(&value, shape) {
        assert!(!violations.to_string().is_empty());
    }
    let written = serde_json::to_vec(&value).expect("a decoded value is JSON");
    let again = decode(&written, shape).expect("what was decoded decodes again");
    // The last digit of a fraction may move on the way.
    assert!(again == value || has_fraction(&value));
});

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(elements) => elements.iter().any(has_fraction),
        Value::Object(members) => members.values().any(has_fraction),
        _ => false,
    }
}
