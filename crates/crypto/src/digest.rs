//! The hashes that the other modules and the store share, and the comparison to use on anything
//! secret.

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;
use subtle::ConstantTimeEq;

/// SHA-256 of `data` (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}

/// SHA-256 of what comes piece by piece.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

/// SHA-1 of `data` (FIPS 180-4), which lists of stolen passwords use. It protects nothing.
pub fn sha1(data: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, data).as_ref());
    out
}

/// SHA-256 of `data` in lower-case hexadecimal, the form that `SigV4` and stored code hashes use.
pub fn sha256_hex(data: &[u8]) -> String {
    HEXLOWER.encode(&sha256(data))
}

/// HMAC-SHA256 of `message` (RFC 2104). A key of any length is legal.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref());
    out
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
///
/// The lengths themselves are not hidden: every value compared here has a length that the caller
/// may know.
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_gives_the_fips_180_example() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), hex);
    }

    #[test]
    fn pieces_hash_like_their_whole() {
        let mut hash = Sha256::default();
        hash.update(b"a");
        hash.update(b"");
        hash.update(b"bc");
        assert_eq!(hash.finish(), sha256(b"abc"));
    }

    #[test]
    fn sha1_gives_the_fips_180_example() {
        assert_eq!(HEXLOWER.encode(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn hmac_gives_rfc_4231_case_2() {
        let tag = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(HEXLOWER.encode(&tag), hex);
    }

    #[test]
    fn constant_time_eq_agrees_with_plain_equality() {
        assert!(constant_time_eq(b"", b""));
        assert!(constant_time_eq(b"same", b"same"));
        assert!(!constant_time_eq(b"same", b"sane"));
        assert!(!constant_time_eq(b"same", b"same "));
    }
}
