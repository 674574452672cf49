//! Passkeys: what a browser answers, in JSON, CBOR and authenticator data. The good answers are Chromium's.
//!
//! The input is read as each of these, and three bytes each an edit of a good sign-in: part and place, place, change.
#![no_main]

use std::sync::LazyLock;

use cognate_crypto::cbor;
use cognate_crypto::cose::PublicKey;
use cognate_domain::User;
use cognate_domain::passkeys::{Assertion, Passkey, Registered, RelyingParty, decode_id, encode_id, register, verify};
use cognate_model::{Timestamp, UserVerificationType};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const CHALLENGE: [u8; 32] = [0xa5; 32];
const USER: [u8; 16] = [7; 16];
const PARTS: [&str; 3] = ["clientDataJSON", "authenticatorData", "signature"];

struct Good {
    party: RelyingParty,
    user: User,
    registration: Value,
    passkey: Passkey,
    assertion: Value,
}

static GOOD: LazyLock<[Good; 2]> = LazyLock::new(|| ["es256", "rs256"].map(good));

fn good(algorithm: &str) -> Good {
    let recorded = include_str!("../../crates/domain/src/passkeys/chromium.json");
    let recorded: Value = serde_json::from_str(recorded).expect("the recording is JSON");
    let party = RelyingParty { id: "localhost".to_owned(), verification: UserVerificationType::Preferred };
    let registration = recorded[algorithm]["registration"].clone();
    let registered = register(&registration, &CHALLENGE, &party).expect("the registration holds");
    let passkey = kept(registered);
    Good { party, user: User::nobody(USER), registration, passkey, assertion: recorded[algorithm]["assertion"].clone() }
}

fn kept(registered: Registered) -> Passkey {
    Passkey {
        id: registered.id,
        user: USER,
        public_key: registered.public_key,
        counter: registered.counter,
        backed_up: registered.backed_up,
        created: Timestamp::default(),
        details: registered.details,
        version: 1,
    }
}

/// What is accepted can be kept and used.
fn check(registered: &Registered) {
    assert!(PublicKey::parse(&registered.public_key).is_ok());
    assert!((1..=1_023).contains(&registered.id.len()));
    assert_eq!(decode_id(&encode_id(&registered.id)).as_deref(), Some(registered.id.as_slice()));
    assert!(registered.details.transports.len() <= 8);
    assert_eq!(registered.details.relying_party, "localhost");
}

fn register_changed(good: &Good, part: &str, bytes: &[u8]) {
    let mut credential = good.registration.clone();
    credential["response"][part] = json!(encode_id(bytes));
    if let Ok(registered) = register(&credential, &CHALLENGE, &good.party) {
        check(&registered);
    }
}

/// A sign-in whose bytes are changed in any way does not hold.
fn sign_in_changed(good: &Good, input: &[u8]) {
    let parts = PARTS.map(|part| decode_id(good.assertion["response"][part].as_str().expect("a text")).expect("bytes"));
    let mut changed = parts.clone();
    for edit in input.chunks_exact(3) {
        let part = &mut changed[usize::from(edit[0] >> 6) % 3];
        let place = usize::from(u16::from_be_bytes([edit[0] & 0x3f, edit[1]])) % part.len();
        part[place] ^= edit[2];
    }
    let mut credential = good.assertion.clone();
    for (name, bytes) in PARTS.iter().zip(&changed) {
        credential["response"][name] = json!(encode_id(bytes));
    }
    let assertion = Assertion::parse(&credential.to_string()).expect("the members are those of a credential");
    let outcome = verify(&assertion, &good.user, &good.passkey, &CHALLENGE, &good.party);
    assert_eq!(outcome.is_ok(), changed == parts);
}

fuzz_target!(|input: &[u8]| {
    if let Ok((_, rest)) = cbor::read_prefix(input) {
        assert!(rest.len() < input.len());
    }
    let _ = PublicKey::parse(input);
    if let Ok(value) = serde_json::from_slice::<Value>(input)
        && let Ok(registered) = register(&value, &CHALLENGE, &GOOD[0].party)
    {
        check(&registered);
    }
    let _ = Assertion::parse(&String::from_utf8_lossy(input));
    for good in &*GOOD {
        register_changed(good, "attestationObject", input);
        register_changed(good, "clientDataJSON", input);
        sign_in_changed(good, input);
    }
});
