//! Sealed values as text that a caller carries for us: sessions, cursors, refresh tokens.
//!
//! The caller can neither read nor change them. Base64 is read strictly (no padding, no stray
//! bits), so one token has one spelling and "already used" can be a look-up of the text.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::random::{self, Random};
use crate::seal::{DataKey, NONCE_LEN, SealError, TAG_LEN, context};

/// The longest text that is looked at. Longer ones are refused before any decoding.
///
/// 8 KiB of text hold a payload of 6,115 bytes; the makers of tokens stay far below.
pub const MAX_TEXT_LEN: usize = 8 * 1024;

/// Base64url of `{"cty":"JWT","enc":"A256GCM","alg":"dir"}`.
const JWE_HEADER: &str = "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0";

/// Seals `payload` as base64url text. `kind` names the use, so that a cursor is never accepted as a
/// session.
pub fn seal_text(key: &DataKey, kind: &str, payload: &[u8], random: &dyn Random) -> String {
    BASE64URL_NOPAD.encode(&key.seal(payload, &text_context(kind), random))
}

/// Opens what [`seal_text`] made with the same key and kind.
pub fn open_text(key: &DataKey, kind: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
    check_length(text)?;
    key.open(&decode(text)?, &text_context(kind))
}

/// Seals `payload` in the compact form of JSON Web Encryption (RFC 7516, section 3.1) with direct
/// encryption under the key (`dir`, RFC 7518, section 4.5), hence an empty second part.
///
/// The live service's refresh tokens have this shape (with an RSA-wrapped key), and some clients
/// look at the five parts or at how the first begins.
pub fn seal_jwe(key: &DataKey, payload: &[u8], random: &dyn Random) -> String {
    let nonce: [u8; NONCE_LEN] = random::bytes(random);
    let mut body = Zeroizing::new(payload.to_vec());
    let tag = key.encrypt(nonce, JWE_HEADER.as_bytes(), &mut body);
    let [nonce, body, tag] = [&nonce[..], &body, &tag].map(|part| BASE64URL_NOPAD.encode(part));
    format!("{JWE_HEADER}..{nonce}.{body}.{tag}")
}

/// Opens what [`seal_jwe`] made with the same key. Accepts that one header only, so no caller
/// chooses an algorithm.
pub fn open_jwe(key: &DataKey, token: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
    check_length(token)?;
    let mut parts = token.split('.');
    let mut next = || parts.next().ok_or(SealError::Malformed);
    let (header, wrapped_key, nonce, body, tag) = (next()?, next()?, next()?, next()?, next()?);
    if parts.next().is_some() || header != JWE_HEADER || !wrapped_key.is_empty() {
        return Err(SealError::Malformed);
    }
    let nonce: [u8; NONCE_LEN] = decode(nonce)?.try_into().map_err(|_| SealError::Malformed)?;
    let tag: [u8; TAG_LEN] = decode(tag)?.try_into().map_err(|_| SealError::Malformed)?;
    key.decrypt(nonce, JWE_HEADER.as_bytes(), &decode(body)?, &tag)
}

fn check_length(text: &str) -> Result<(), SealError> {
    if text.len() > MAX_TEXT_LEN { Err(SealError::TooLong) } else { Ok(()) }
}

fn decode(text: &str) -> Result<Vec<u8>, SealError> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| SealError::Malformed)
}

fn text_context(kind: &str) -> Vec<u8> {
    context(&["text token", kind])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;
    use proptest::prelude::*;

    fn key() -> DataKey {
        DataKey::from_bytes(&[42; 32])
    }

    fn random() -> SeededRandom {
        SeededRandom::new(1)
    }

    #[test]
    fn the_header_says_what_it_must() {
        let header = BASE64URL_NOPAD.decode(JWE_HEADER.as_bytes()).unwrap();
        assert_eq!(header, br#"{"cty":"JWT","enc":"A256GCM","alg":"dir"}"#);
        assert!(JWE_HEADER.starts_with("eyJjdHkiOiJKV1Qi"));
    }

    #[test]
    fn text_opens_for_its_kind_only() {
        let text = seal_text(&key(), "session", b"payload", &random());
        assert_eq!(**open_text(&key(), "session", &text).unwrap(), *b"payload");
        assert_eq!(open_text(&key(), "cursor", &text), Err(SealError::NotAuthentic));
        assert_eq!(open_text(&DataKey::from_bytes(&[1; 32]), "session", &text), Err(SealError::NotAuthentic));
    }

    #[test]
    fn a_jwe_has_five_parts_and_opens() {
        let token = seal_jwe(&key(), b"payload", &random());
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!((parts.len(), parts[1]), (5, ""));
        assert_eq!(**open_jwe(&key(), &token).unwrap(), *b"payload");
        assert_eq!(open_jwe(&DataKey::from_bytes(&[1; 32]), &token), Err(SealError::NotAuthentic));
    }

    #[test]
    fn opens_a_jwe_made_by_openssl() {
        // Made with Python's `cryptography` (OpenSSL): AESGCM(b"*" * 32), nonce 00..0b, AAD the
        // encoded header.
        let token = "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0\
            ..AAECAwQFBgcICQoL.Nw8nPf4BGRz_X2-It574.ZE0GygkqK-e9z1R1qyI7FA";
        assert_eq!(**open_jwe(&key(), token).unwrap(), *br#"{"sub":"alice"}"#);
    }

    #[test]
    fn refuses_other_spellings_of_a_token() {
        let token = seal_jwe(&key(), b"payload", &random());
        let text = seal_text(&key(), "session", b"payload", &random());
        for changed in [format!("{token}="), format!("{token}."), format!(" {token}"), token.replace("..", ".")] {
            assert_eq!(open_jwe(&key(), &changed), Err(SealError::Malformed), "{changed}");
        }
        assert_eq!(open_jwe(&key(), &token.replace("..", ".AAAA.")), Err(SealError::Malformed));
        assert_eq!(open_text(&key(), "session", &format!("{text}=")), Err(SealError::Malformed));
        assert_eq!(open_text(&key(), "session", ""), Err(SealError::Malformed));
    }

    #[test]
    fn refuses_every_changed_character() {
        let token = seal_jwe(&key(), b"payload", &random());
        let text = seal_text(&key(), "session", b"payload", &random());
        for position in 0..token.len() {
            assert!(open_jwe(&key(), &with_change(&token, position)).is_err(), "{position}");
        }
        for position in 0..text.len() {
            assert!(open_text(&key(), "session", &with_change(&text, position)).is_err(), "{position}");
        }
    }

    fn with_change(text: &str, position: usize) -> String {
        let mut bytes = text.as_bytes().to_vec();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn looks_at_no_more_than_the_bound() {
        let payload = vec![0; 6115];
        let text = seal_text(&key(), "session", &payload, &random());
        assert!(open_text(&key(), "session", &text).is_ok());
        let long = "A".repeat(MAX_TEXT_LEN + 1);
        assert_eq!(open_text(&key(), "session", &long), Err(SealError::TooLong));
        assert_eq!(open_jwe(&key(), &long), Err(SealError::TooLong));
    }

    proptest! {
        #[test]
        fn opening_arbitrary_text_never_succeeds_or_panics(text in "\\PC{0,200}") {
            prop_assert!(open_text(&key(), "session", &text).is_err());
            prop_assert!(open_jwe(&key(), &text).is_err());
        }
    }
}
