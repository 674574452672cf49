//! Messages of the AWS Encryption SDK, the writing side: what a custom sender's function decrypts with the library of the
//! same name.
//!
//! Message format 2 with the algorithm suite `AES_256_GCM_HKDF_SHA512_COMMIT_KEY` (0x0478), one frame. Sources: "AWS
//! Encryption SDK message format reference", "Body additional authenticated data (AAD) reference for the AWS Encryption
//! SDK", RFC 5869.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Salt};
use zeroize::Zeroizing;

const FORMAT: u8 = 2;
const SUITE: [u8; 2] = [0x04, 0x78];
const FRAMED: u8 = 2;
/// How long a frame may be: the default of the libraries.
const FRAME: u32 = 4_096;
const FINAL_FRAME: &[u8] = b"AWSKMSEncryptionClient Final Frame";
/// What a derived key is for.
const KEY_INFO: [&[u8]; 2] = [&SUITE, b"DERIVEKEY"];
const COMMITMENT_INFO: [&[u8]; 1] = [b"COMMITKEY"];

/// The data key of a message, and itself encrypted under the key that wraps it.
pub struct WrappedDataKey<'a> {
    /// The data key.
    pub plain: &'a [u8; 32],
    /// `aws-kms`.
    pub provider: &'a str,
    /// The ARN of the wrapping key.
    pub key: &'a str,
    /// The data key as the provider encrypted it.
    pub wrapped: &'a [u8],
}

/// The text is longer than a frame, or a part of the key longer than its length can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text or the key is too long")]
pub struct TooLong;

/// Encrypts a short text. `message_id` is random, and another one for every message.
pub fn encrypt(text: &[u8], key: &WrappedDataKey<'_>, message_id: &[u8; 32]) -> Result<Vec<u8>, TooLong> {
    let length = u32::try_from(text.len()).ok().filter(|length| *length <= FRAME).ok_or(TooLong)?;
    let (cipher, commitment) = derive(key.plain, message_id);
    let mut message = vec![FORMAT];
    message.extend_from_slice(&SUITE);
    message.extend_from_slice(message_id);
    // No encryption context.
    message.extend_from_slice(&0_u16.to_be_bytes());
    message.extend_from_slice(&1_u16.to_be_bytes());
    for part in [key.provider.as_bytes(), key.key.as_bytes(), key.wrapped] {
        message.extend_from_slice(&u16::try_from(part.len()).map_err(|_| TooLong)?.to_be_bytes());
        message.extend_from_slice(part);
    }
    message.push(FRAMED);
    message.extend_from_slice(&FRAME.to_be_bytes());
    message.extend_from_slice(&commitment);
    let header = seal(&cipher, 0, &message, &mut []);
    message.extend_from_slice(&header);
    // The final frame, which is the first.
    let number = 1_u32;
    let mut sealed = text.to_vec();
    let aad = [message_id, FINAL_FRAME, &number.to_be_bytes(), &u64::from(length).to_be_bytes()].concat();
    let tag = seal(&cipher, number, &aad, &mut sealed);
    message.extend_from_slice(&u32::MAX.to_be_bytes());
    message.extend_from_slice(&number.to_be_bytes());
    message.extend_from_slice(&nonce(number));
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(&sealed);
    message.extend_from_slice(&tag);
    Ok(message)
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The key of the message, and what tells that there is no other that it could be opened with.
fn derive(data_key: &[u8; 32], message_id: &[u8; 32]) -> (LessSafeKey, [u8; 32]) {
    let extracted = Salt::new(HKDF_SHA512, message_id).extract(data_key);
    let expand = |info: &[&[u8]]| {
        let mut out = Zeroizing::new([0; 32]);
        #[expect(clippy::expect_used, reason = "32 bytes are far below the 255 blocks that HKDF gives")]
        extracted.expand(info, Length(32)).and_then(|okm| okm.fill(&mut *out)).expect("HKDF gives 32 bytes");
        out
    };
    let (key, commitment) = (expand(&KEY_INFO), expand(&COMMITMENT_INFO));
    #[expect(clippy::expect_used, reason = "AES-256 takes any 32 bytes")]
    let key = UnboundKey::new(&AES_256_GCM, &*key).expect("a key of 32 bytes");
    (LessSafeKey::new(key), *commitment)
}

/// The key is good for one message, so its frames count their nonces; the header is number zero.
fn nonce(number: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&number.to_be_bytes());
    nonce
}

fn seal(cipher: &LessSafeKey, number: u32, aad: &[u8], text: &mut [u8]) -> [u8; 16] {
    let nonce = Nonce::assume_unique_for_key(nonce(number));
    #[expect(clippy::expect_used, reason = "a frame is far below what AES-GCM takes")]
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), text).expect("a short text is sealed");
    let mut out = [0; 16];
    out.copy_from_slice(tag.as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: WrappedDataKey<'static> =
        WrappedDataKey { plain: &[7; 32], provider: "aws-kms", key: "arn:aws:kms:x", wrapped: &[1, 2, 3] };

    #[test]
    fn a_message_has_the_parts_of_the_format() {
        let message = encrypt(b"123456", &KEY, &[9; 32]).unwrap();
        assert_eq!(message[..3], [2, 0x04, 0x78]);
        assert_eq!(message[3..35], [9; 32]);
        let keys = b"\x00\x00\x00\x01\x00\x07aws-kms\x00\x0darn:aws:kms:x\x00\x03\x01\x02\x03";
        assert_eq!(message[35..35 + keys.len()], *keys);
        let rest = &message[35 + keys.len()..];
        assert_eq!(rest[..5], [2, 0, 0, 16, 0]);
        // Commitment, header tag, then the frame: marker, number, nonce, length, text, tag.
        let frame = &rest[5 + 32 + 16..];
        assert_eq!(frame[..8], [255, 255, 255, 255, 0, 0, 0, 1]);
        assert_eq!(frame[8..24], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 6]);
        assert_eq!(frame.len(), 24 + 6 + 16);
        assert!(!frame.windows(6).any(|window| window == b"123456"));
    }

    #[test]
    fn another_message_has_another_key() {
        let (one, other) = (encrypt(b"123456", &KEY, &[9; 32]).unwrap(), encrypt(b"123456", &KEY, &[8; 32]).unwrap());
        assert_ne!(one[one.len() - 22..], other[other.len() - 22..]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(encrypt(&[0; 4_097], &KEY, &[9; 32]), Err(TooLong));
        let long = vec![0; 65_536];
        assert_eq!(encrypt(b"", &WrappedDataKey { wrapped: &long, ..KEY }, &[9; 32]), Err(TooLong));
    }
}
