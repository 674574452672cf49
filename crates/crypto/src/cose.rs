//! The public keys of passkeys, as COSE writes them (RFC 9052, RFC 9053, RFC 8230), and their signatures.
//!
//! Two algorithms, the ones that the live service offers: ES256, which every authenticator has, and RS256, for Windows
//! Hello on a TPM. A key says which one it belongs to, and nothing else ever chooses.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use thiserror::Error;

use crate::cbor::{self, Value};

// Labels of a COSE_Key.
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const EC2: i64 = 2;
const RSA: i64 = 3;
const EC2_CURVE: i64 = -1;
const EC2_X: i64 = -2;
const EC2_Y: i64 = -3;
const P256: i64 = 1;
const RSA_N: i64 = -1;
const RSA_E: i64 = -2;

/// The longest key: a modulus of 4,096 bits with room to spare.
const MAX_LEN: usize = 1_024;

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// Every algorithm, in the order of preference.
    pub const ALL: [Self; 2] = [Self::Es256, Self::Rs256];

    /// Its number in the IANA registry "COSE Algorithms".
    pub const fn id(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Rs256 => -257,
        }
    }
}

/// Why a key was refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CoseError {
    /// It is no COSE key.
    #[error("not a COSE key")]
    Malformed,
    /// It is one of another algorithm, curve or size.
    #[error("a key of an algorithm that is not supported")]
    Unsupported,
    /// Its numbers are no key.
    #[error("not a valid key")]
    Invalid,
}

/// The signature does not belong to this key and message.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the signature does not match")]
pub struct BadSignature;

/// A public key that checks signatures.
pub struct PublicKey {
    algorithm: Algorithm,
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// A key from the CBOR of a `COSE_Key`, and nothing after it.
    pub fn parse(cose: &[u8]) -> Result<Self, CoseError> {
        if cose.len() > MAX_LEN {
            return Err(CoseError::Unsupported);
        }
        let key = cbor::read(cose).map_err(|_| CoseError::Malformed)?;
        let number = |label| key.get_int(label).and_then(Value::as_int);
        let (Some(kind), Some(algorithm)) = (number(KEY_TYPE), number(ALGORITHM)) else {
            return Err(CoseError::Malformed);
        };
        let es256 = Algorithm::Es256.id();
        let rs256 = Algorithm::Rs256.id();
        match (kind, algorithm) {
            (EC2, algorithm) if algorithm == es256 => Self::p256(&key),
            (RSA, algorithm) if algorithm == rs256 => Self::rsa(&key),
            _ => Err(CoseError::Unsupported),
        }
    }

    /// Section 5.8.5 of WebAuthn Level 3: P-256, and both coordinates.
    fn p256(key: &Value<'_>) -> Result<Self, CoseError> {
        if key.get_int(EC2_CURVE).and_then(Value::as_int) != Some(P256) {
            return Err(CoseError::Unsupported);
        }
        let coordinate = |label| key.get_int(label).and_then(Value::as_bytes).filter(|bytes| bytes.len() == 32);
        let (Some(x), Some(y)) = (coordinate(EC2_X), coordinate(EC2_Y)) else {
            return Err(CoseError::Invalid);
        };
        // The uncompressed form of SEC 1, section 2.3.3. Whether it is a point of the curve is checked by the library.
        let point = [&[4], x, y].concat();
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).map_err(|_| CoseError::Invalid)?;
        Ok(Self { algorithm: Algorithm::Es256, parsed })
    }

    /// Moduli of 2,048 to 4,096 bits, and exponents as they occur: odd, above one, at most 32 bits.
    fn rsa(key: &Value<'_>) -> Result<Self, CoseError> {
        let number = |label| key.get_int(label).and_then(Value::as_bytes);
        let (Some(n), Some(e)) = (number(RSA_N), number(RSA_E)) else {
            return Err(CoseError::Invalid);
        };
        if !(256..=512).contains(&n.len()) {
            return Err(CoseError::Unsupported);
        }
        let is_exponent = (1..=4).contains(&e.len()) && e != [1] && e.last().is_some_and(|last| last % 2 == 1);
        if !is_exponent || n.first() == Some(&0) || e.first() == Some(&0) {
            return Err(CoseError::Invalid);
        }
        let parsed = RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_| CoseError::Invalid)?;
        Ok(Self { algorithm: Algorithm::Rs256, parsed })
    }

    /// The algorithm that the key belongs to.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Checks a signature: DER for ES256, as long as the modulus for RS256.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.parsed.verify_sig(message, signature).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Authenticator, cbor};
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    /// A key of these entries.
    fn key(entries: &[(i64, Vec<u8>)]) -> Vec<u8> {
        cbor::map(&entries.iter().map(|(label, value)| (cbor::int(*label), value.clone())).collect::<Vec<_>>())
    }

    fn ec2(algorithm: i64, curve: i64, x: &[u8], y: &[u8]) -> Vec<u8> {
        key(&[
            (1, cbor::int(2)),
            (3, cbor::int(algorithm)),
            (-1, cbor::int(curve)),
            (-2, cbor::bytes(x)),
            (-3, cbor::bytes(y)),
        ])
    }

    fn rsa(n: &[u8], e: &[u8]) -> Vec<u8> {
        key(&[(1, cbor::int(3)), (3, cbor::int(-257)), (-1, cbor::bytes(n)), (-2, cbor::bytes(e))])
    }

    fn refused(cose: &[u8]) -> CoseError {
        PublicKey::parse(cose).unwrap_err()
    }

    /// The key and the signature of RFC 6979, appendix A.2.5 (P-256, SHA-256, message "sample").
    const X: &str = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
    const Y: &str = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    const SIGNATURE: &str = "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                             022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn checks_the_signature_of_rfc_6979_appendix_a_2_5() {
        let parsed = PublicKey::parse(&ec2(-7, 1, &hex(X), &hex(Y))).unwrap();
        assert_eq!(parsed.algorithm(), Algorithm::Es256);
        assert_eq!(parsed.verify(b"sample", &hex(SIGNATURE)), Ok(()));
        assert_eq!(parsed.verify(b"simple", &hex(SIGNATURE)), Err(BadSignature));
    }

    #[test]
    fn either_algorithm_checks_its_own_signatures_only() {
        let (es256, rs256) = (Authenticator::es256(), Authenticator::rs256());
        for (signer, other) in [(&es256, &rs256), (&rs256, &es256), (&es256, &Authenticator::es256())] {
            let parsed = PublicKey::parse(&signer.public_key()).unwrap();
            let signature = signer.sign(b"message");
            assert_eq!(parsed.verify(b"message", &signature), Ok(()));
            assert_eq!(parsed.verify(b"massage", &signature), Err(BadSignature));
            assert_eq!(parsed.verify(b"message", &other.sign(b"message")), Err(BadSignature));
            assert_eq!(parsed.verify(b"message", &[]), Err(BadSignature));
        }
    }

    #[test]
    fn refuses_what_is_no_key() {
        for cose in [&b""[..], b"\xa0", b"\x00", b"\xa1\x01\x02", b"\xff"] {
            assert_eq!(refused(cose), CoseError::Malformed);
        }
        let mut trailing = ec2(-7, 1, &hex(X), &hex(Y));
        trailing.push(0);
        assert_eq!(refused(&trailing), CoseError::Malformed);
    }

    #[test]
    fn refuses_other_algorithms_curves_and_types() {
        let (x, y) = (hex(X), hex(Y));
        for (algorithm, curve) in [(-35, 2), (-8, 1), (-7, 2), (-257, 1), (0, 1)] {
            assert_eq!(refused(&ec2(algorithm, curve, &x, &y)), CoseError::Unsupported, "{algorithm} {curve}");
        }
        let ed25519 = key(&[(1, cbor::int(1)), (3, cbor::int(-8)), (-1, cbor::int(6)), (-2, cbor::bytes(&x))]);
        assert_eq!(refused(&ed25519), CoseError::Unsupported);
        assert_eq!(refused(&rsa(&[0xff; 128], &[1, 0, 1])), CoseError::Unsupported);
        assert_eq!(refused(&rsa(&[0xff; 513], &[1, 0, 1])), CoseError::Unsupported);
        assert_eq!(refused(&vec![0; MAX_LEN + 1]), CoseError::Unsupported);
    }

    #[test]
    fn refuses_numbers_that_are_no_key() {
        let (x, y) = (hex(X), hex(Y));
        // Not on the curve, compressed, short, at infinity.
        assert_eq!(refused(&ec2(-7, 1, &y, &x)), CoseError::Invalid);
        assert_eq!(refused(&ec2(-7, 1, &x, &y[1..])), CoseError::Invalid);
        assert_eq!(refused(&ec2(-7, 1, &[0; 32], &[0; 32])), CoseError::Invalid);
        let sign = vec![0xf5];
        let compressed =
            key(&[(1, cbor::int(2)), (3, cbor::int(-7)), (-1, cbor::int(1)), (-2, cbor::bytes(&x)), (-3, sign)]);
        assert_eq!(refused(&compressed), CoseError::Invalid);
        for e in [&[][..], &[1], &[2], &[1, 0, 0], &[0, 1, 0, 1], &[1, 0, 0, 0, 1]] {
            assert_eq!(refused(&rsa(&[0xff; 256], e)), CoseError::Invalid, "{e:?}");
        }
        let mut leading_zero = vec![0xff; 257];
        leading_zero[0] = 0;
        assert_eq!(refused(&rsa(&leading_zero, &[1, 0, 1])), CoseError::Invalid);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_key_and_do_not_panic(input in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(PublicKey::parse(&input).is_err());
        }
    }
}
