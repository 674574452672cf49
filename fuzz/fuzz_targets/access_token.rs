//! Tokens: looked into, and verified. Only the one token that was signed here is ever accepted, letter for letter.
//!
//! The input is a text to read, and three bytes each an edit of the good token: place, place, change.
#![no_main]

use std::sync::LazyLock;

use cognate_crypto::jwt::{PublicKey, SigningKey, peek_claims, peek_kid};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

static SIGNED: LazyLock<(PublicKey, String)> = LazyLock::new(|| {
    let key = SigningKey::generate().expect("a key is made");
    let claims = json!({ "sub": "5a3c1f70-9f3e-7c41-8d2b-6e0f4b7a9c15", "token_use": "access", "exp": 1, "iat": 0 });
    let token = key.sign(&claims).expect("a token is signed");
    (key.public().clone(), token)
});

fuzz_target!(|input: &[u8]| {
    let (key, token) = &*SIGNED;
    let text = String::from_utf8_lossy(input);
    let _ = peek_kid(&text);
    let _ = peek_claims(&text);
    assert!(key.verify(&text).is_err() || text == token.as_str());

    let mut edited = token.clone().into_bytes();
    for edit in input.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % edited.len();
        edited[place] ^= edit[2] & 0x7f;
    }
    let edited = String::from_utf8(edited).expect("only the low bits of ASCII were changed");
    let _ = peek_kid(&edited);
    let _ = peek_claims(&edited);
    assert_eq!(key.verify(&edited).is_ok(), edited == *token);

    if let Ok(jwk) = serde_json::from_slice::<Value>(input)
        && let Ok(key) = PublicKey::from_jwk(&jwk)
    {
        assert!(key.verify(token).is_err());
        assert!(PublicKey::from_jwk(&key.to_jwk()).is_ok());
    }
});
