//! The operator's key, which seals the data keys and nothing else.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::random::Random;
use crate::seal::{DataKey, SealError, context};

/// Why a configured master key was refused. Never holds the value: it ends up in logs.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum MasterKeyError {
    /// Neither 64 hexadecimal digits nor base64.
    #[error("the master key is neither 64 hexadecimal digits nor base64 of 32 bytes")]
    Encoding,
    /// Decoded, but not 32 bytes.
    #[error("the master key has {0} bytes in place of 32")]
    Length(usize),
}

/// The key at the root: it seals data keys. Wiped when dropped, never shown by `Debug`.
pub struct MasterKey(DataKey);

impl MasterKey {
    /// A master key from its 32 bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(DataKey::from_bytes(bytes))
    }

    /// Reads a configured key: 64 hexadecimal digits, or standard base64 of 32 bytes. Space around
    /// it is ignored, because keys come from files that end in a newline.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim().as_bytes();
        let decoded = HEXLOWER_PERMISSIVE.decode(text).or_else(|_| BASE64.decode(text));
        let decoded = Zeroizing::new(decoded.map_err(|_| MasterKeyError::Encoding)?);
        let bytes = decoded.as_slice().try_into().map_err(|_| MasterKeyError::Length(decoded.len()))?;
        Ok(Self::from_bytes(bytes))
    }

    /// A key for one purpose outside any pool, derived from this one.
    pub fn derive(&self, purpose: &str) -> DataKey {
        self.0.derive(purpose)
    }

    /// Seals a data key for the place that `place` names, such as a pool id.
    pub fn seal_data_key(&self, key: &DataKey, place: &str, random: &dyn Random) -> Vec<u8> {
        self.0.seal(key.as_bytes(), &data_key_context(place), random)
    }

    /// Opens what [`MasterKey::seal_data_key`] made for the same place.
    pub fn open_data_key(&self, sealed: &[u8], place: &str) -> Result<DataKey, SealError> {
        let opened = self.0.open(sealed, &data_key_context(place))?;
        let mut bytes: [u8; 32] = opened.as_slice().try_into().map_err(|_| SealError::Malformed)?;
        let key = DataKey::from_bytes(&bytes);
        bytes.zeroize();
        Ok(key)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

fn data_key_context(place: &str) -> Vec<u8> {
    context(&["data key", place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn a_data_key_survives_sealing() {
        let random = SeededRandom::new(1);
        let master = MasterKey::parse(HEX).unwrap();
        let key = DataKey::generate(&random);
        let sealed = master.seal_data_key(&key, "eu-west-1_abc", &random);
        assert_eq!(master.open_data_key(&sealed, "eu-west-1_abc").unwrap().as_bytes(), key.as_bytes());
        let other_place = master.open_data_key(&sealed, "eu-west-1_abd");
        assert_eq!(other_place.unwrap_err(), SealError::NotAuthentic);
        let other_master = MasterKey::from_bytes(&[0; 32]).open_data_key(&sealed, "eu-west-1_abc");
        assert_eq!(other_master.unwrap_err(), SealError::NotAuthentic);
    }

    #[test]
    fn reads_hexadecimal_and_base64() {
        for text in [HEX, &HEX.to_uppercase(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"] {
            let master = MasterKey::parse(text).unwrap();
            assert_eq!(master.0.as_bytes()[..4], [0, 1, 2, 3]);
        }
    }

    #[test]
    fn refuses_other_texts_without_echoing_them() {
        assert_eq!(MasterKey::parse("hunter2!").unwrap_err(), MasterKeyError::Encoding);
        assert_eq!(MasterKey::parse("").unwrap_err(), MasterKeyError::Length(0));
        assert_eq!(MasterKey::parse(&HEX[2..]).unwrap_err(), MasterKeyError::Length(31));
        assert_eq!(MasterKey::parse("aHVudGVyMg==").unwrap_err(), MasterKeyError::Length(7));
        let message = MasterKey::parse("hunter2!").unwrap_err().to_string();
        assert!(!message.contains("hunter2"));
        assert_eq!(format!("{:?}", MasterKey::from_bytes(&[0; 32])), "MasterKey(..)");
    }
}
