//! Sealed texts: pagination tokens, sessions, refresh tokens. What was not sealed here never opens, and a payload of
//! any form is read or refused.
#![no_main]

use std::sync::LazyLock;

use cognate_crypto::seal::DataKey;
use cognate_crypto::sealed_token::{MAX_TEXT_LEN, open_jwe, open_text, seal_jwe, seal_text};
use cognate_crypto::testing::SeededRandom;
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};

static KEY: LazyLock<DataKey> = LazyLock::new(|| DataKey::from_bytes(&[7; 32]));
/// A key that sealed nothing: the fuzzer learns what it has seen sealed with the other one.
static UNUSED: LazyLock<DataKey> = LazyLock::new(|| DataKey::from_bytes(&[8; 32]));
static RANDOM: SeededRandom = SeededRandom::new(1);

/// The form of a payload, as crates/operations/src/page.rs writes it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Payload {
    question: Vec<u8>,
    issued: i64,
    place: Place,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    value: Vec<u8>,
    user: [u8; 16],
}

fuzz_target!(|payload: &[u8]| {
    let text = String::from_utf8_lossy(payload);
    assert!(open_text(&UNUSED, "page", &text).is_err());
    assert!(open_jwe(&UNUSED, &text).is_err());
    let _ = open_text(&KEY, "page", &text);
    let _ = open_jwe(&KEY, &text);
    // One letter of what is sealed here is changed: which, and how, the input says as well.
    let (position, change) = match payload {
        [first, second, change, ..] => (usize::from(u16::from_be_bytes([*first, *second])), *change),
        _ => (0, 1),
    };

    let sealed = seal_text(&KEY, "page", payload, &RANDOM);
    if sealed.len() <= MAX_TEXT_LEN {
        assert_eq!(open_text(&KEY, "page", &sealed).expect("it was sealed here").as_slice(), payload);
        assert!(open_text(&KEY, "session", &sealed).is_err());
        if let Some(changed) = changed(&sealed, position, change) {
            assert!(open_text(&KEY, "page", &changed).is_err());
        }
    }
    let sealed = seal_jwe(&KEY, payload, &RANDOM);
    if sealed.len() <= MAX_TEXT_LEN {
        assert_eq!(open_jwe(&KEY, &sealed).expect("it was sealed here").as_slice(), payload);
        if let Some(changed) = changed(&sealed, position, change) {
            assert!(open_jwe(&KEY, &changed).is_err());
        }
    }

    if let Ok(read) = serde_json::from_slice::<Payload>(payload) {
        let written = serde_json::to_vec(&read).expect("a payload is JSON");
        assert_eq!(serde_json::from_slice::<Payload>(&written).expect("it was written here"), read);
    }
});

/// The text with one letter changed.
fn changed(text: &str, position: usize, change: u8) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let place = position % bytes.len();
    bytes[place] ^= change & 0x7f;
    String::from_utf8(bytes).ok().filter(|changed| changed != text)
}
