//! Envelope sealing: what a thief of the database could use is stored only under AES-256-GCM.
//!
//! A [`MasterKey`] from the operator seals one [`DataKey`] per pool; the data key, or a sub-key of
//! it, seals the values. Each sealed value is bound to its place (table, key, column) as associated
//! data, so that a sealed secret copied into another row does not open there.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::digest::hmac_sha256;
pub use crate::master_key::{MasterKey, MasterKeyError};
use crate::random::{self, Random};

/// First byte of every sealed value, so that the format can change without guessing.
const VERSION: u8 = 1;
pub(crate) const NONCE_LEN: usize = 12;
pub(crate) const TAG_LEN: usize = 16;

/// Why a sealed value did not open. Says nothing about its content.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SealError {
    /// Longer than any value that this server seals.
    #[error("the sealed value is too long")]
    TooLong,
    /// Not the shape of a sealed value.
    #[error("the sealed value is malformed")]
    Malformed,
    /// Sealed by a format that this version does not know.
    #[error("the sealed value has the unknown version {0}")]
    UnknownVersion(u8),
    /// Another key, another context, or changed bytes.
    #[error("the sealed value is not authentic here")]
    NotAuthentic,
}

/// A key that seals values. Wiped when dropped, never shown by `Debug`.
///
/// The expanded AES key is kept, because a key schedule per call would cost more than sealing a
/// short value. Nonces are random: NIST SP 800-38D, section 8.3, allows 2^32 of them per key, which
/// is why there is a key per pool and, through [`DataKey::derive`], per purpose.
pub struct DataKey {
    bytes: Zeroizing<[u8; 32]>,
    cipher: LessSafeKey,
}

impl DataKey {
    /// A new random key.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        let key = Self::from_bytes(&bytes);
        bytes.zeroize();
        key
    }

    /// A key from its 32 bytes.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "AES-256 takes any 32 bytes")]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let cipher = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes are an AES-256 key");
        Self { bytes: Zeroizing::new(*bytes), cipher: LessSafeKey::new(cipher) }
    }

    /// A sub-key for one purpose, such as `"refresh token"`.
    ///
    /// One block of HKDF-Expand with SHA-256 (RFC 5869, section 2.3); the extract step is left out
    /// because the data key is uniformly random already (section 3.3).
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let mut info = b"cognate sub-key 1:".to_vec();
        info.extend_from_slice(purpose.as_bytes());
        info.push(1);
        let mut bytes = hmac_sha256(&*self.bytes, &info);
        let key = Self::from_bytes(&bytes);
        bytes.zeroize();
        key
    }

    /// A keyed hash of a short text, such as a confirmation code: without the key, a thief of the hash cannot try the
    /// million codes.
    #[must_use]
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        let mut labelled = b"cognate mac 1:".to_vec();
        labelled.extend_from_slice(message);
        hmac_sha256(&*self.bytes, &labelled)
    }

    /// Seals `plaintext` for one place, named by `context` (see [`context`]): version, nonce,
    /// ciphertext, tag.
    pub fn seal(&self, plaintext: &[u8], context: &[u8], random: &dyn Random) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random::bytes(random);
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plaintext.len() + TAG_LEN);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let (_, body) = sealed.split_at_mut(1 + NONCE_LEN);
        let tag = self.encrypt(nonce, context, body);
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`DataKey::seal`] made with the same key and context.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError::Malformed)?;
        if *version != VERSION {
            return Err(SealError::UnknownVersion(*version));
        }
        let (nonce, rest) = rest.split_first_chunk().ok_or(SealError::Malformed)?;
        let (ciphertext, tag) = rest.split_last_chunk().ok_or(SealError::Malformed)?;
        self.decrypt(*nonce, context, ciphertext, tag)
    }

    /// Encrypts in place and returns the tag.
    #[expect(clippy::expect_used, reason = "AES-GCM refuses only texts of 64 GiB and more")]
    pub(crate) fn encrypt(&self, nonce: [u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG_LEN] {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self.cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out);
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(sealed.expect("a value in memory is shorter than 64 GiB").as_ref());
        tag
    }

    /// Decrypts into a buffer that is wiped when dropped.
    pub(crate) fn decrypt(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let mut plaintext = Zeroizing::new(vec![0; ciphertext.len()]);
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.cipher
            .open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, &mut plaintext)
            .map_err(|_| SealError::NotAuthentic)?;
        Ok(plaintext)
    }

    /// The raw key, for the master key to seal.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Associated data from its parts, each behind its length, so that `["ab", "c"]` and `["a", "bc"]`
/// differ.
///
/// ```
/// use cognate_crypto::seal::context;
/// assert_ne!(context(&["signing_keys", "pool-1"]), context(&["signing_keyspool-", "1"]));
/// ```
pub fn context(parts: &[&str]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    fn key(seed: u64) -> DataKey {
        DataKey::generate(&SeededRandom::new(seed))
    }

    #[test]
    fn opens_what_it_sealed() {
        let random = SeededRandom::new(9);
        for plaintext in [b"".as_slice(), b"x", &[7; 5000]] {
            let sealed = key(1).seal(plaintext, b"here", &random);
            assert_eq!(sealed.len(), plaintext.len() + 29);
            assert_eq!(**key(1).open(&sealed, b"here").unwrap(), *plaintext);
        }
    }

    #[test]
    fn aes_gcm_gives_test_case_15_of_the_gcm_specification() {
        let bytes = HEXLOWER.decode(b"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308").unwrap();
        let nonce = HEXLOWER.decode(b"cafebabefacedbaddecaf888").unwrap().try_into().unwrap();
        let mut text = HEXLOWER
            .decode(
                b"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                  1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            )
            .unwrap();
        let tag = DataKey::from_bytes(&bytes.try_into().unwrap()).encrypt(nonce, b"", &mut text);
        assert!(HEXLOWER.encode(&text).starts_with("522dc1f099567d07f47f37a32a84427d"));
        assert_eq!(HEXLOWER.encode(&tag), "b094dac5d93471bdec1a502270e3cc6c");
    }

    #[test]
    fn refuses_another_key_or_another_place() {
        let sealed = key(1).seal(b"secret", &context(&["clients", "1", "secret"]), &SeededRandom::new(9));
        let elsewhere = context(&["clients", "2", "secret"]);
        assert_eq!(key(1).open(&sealed, &elsewhere), Err(SealError::NotAuthentic));
        let here = context(&["clients", "1", "secret"]);
        assert_eq!(key(2).open(&sealed, &here), Err(SealError::NotAuthentic));
        assert_eq!(key(1).derive("x").open(&sealed, &here), Err(SealError::NotAuthentic));
    }

    #[test]
    fn refuses_every_single_changed_bit_and_every_truncation() {
        let sealed = key(1).seal(b"secret", b"here", &SeededRandom::new(9));
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key(1).open(&changed, b"here").is_err(), "bit {bit}");
        }
        for len in 0..sealed.len() {
            assert!(key(1).open(&sealed[..len], b"here").is_err(), "length {len}");
        }
        assert_eq!(key(1).open(&[2, 0], b"here"), Err(SealError::UnknownVersion(2)));
    }

    #[test]
    fn sub_keys_depend_on_key_and_purpose_only() {
        assert_eq!(key(1).derive("a").as_bytes(), key(1).derive("a").as_bytes());
        assert_ne!(key(1).derive("a").as_bytes(), key(1).derive("b").as_bytes());
        assert_ne!(key(1).derive("a").as_bytes(), key(2).derive("a").as_bytes());
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", key(1)), "DataKey(..)");
    }

    proptest! {
        #[test]
        fn opening_arbitrary_bytes_never_succeeds_or_panics(bytes: Vec<u8>) {
            prop_assert!(key(1).open(&bytes, b"here").is_err());
        }
    }
}
