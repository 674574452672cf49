//! The Secure Remote Password protocol as user pools speak it: SRP-6a (RFC 5054) with SHA-256, a 3072-bit group, and a
//! proof of its own form ("USER_SRP_AUTH" of the developer guide; the clients' published code fixes the details).
//!
//! Users and devices use the same formulas. A user's prefix is the part of the pool id behind the underscore and the
//! name is `USER_ID_FOR_SRP`; a device's are its group key and its key.

mod group;

use aws_lc_rs::hmac;
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::digest::{constant_time_eq, hmac_sha256, sha256};
use crate::random::{self, Random};
use group::{ELEMENT_LEN, Element};

/// Bytes of a salt.
pub const SALT_LEN: usize = 16;
/// Bytes of a verifier and of the public values.
pub const PUBLIC_LEN: usize = ELEMENT_LEN;

/// The multiplier `k`: SHA-256 of the padded prime followed by the padded generator.
const MULTIPLIER: [u8; 32] = [
    0x53, 0x82, 0x82, 0xc4, 0x35, 0x47, 0x42, 0xd7, 0xcb, 0xbd, 0xe2, 0x35, 0x9f, 0xcf, 0x67, 0xf9, 0xf5, 0xb3, 0xa6,
    0xb0, 0x87, 0x91, 0xe5, 0x01, 0x1b, 0x43, 0xb8, 0xa5, 0xb6, 0x6d, 0x9e, 0xe6,
];

/// Why a client's public value is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PublicValueError {
    /// Not hexadecimal, empty, or larger than the group.
    #[error("the public value is not a hexadecimal number of the group")]
    Malformed,
    /// A multiple of the prime, with which anybody could prove anything (RFC 5054, section 2.5.4).
    #[error("the public value is zero modulo the prime")]
    Zero,
}

/// Whose password it is.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The part of the pool id behind the underscore, or the device group key.
    pub prefix: &'a str,
    /// `USER_ID_FOR_SRP`, or the device key.
    pub name: &'a str,
}

/// The private exponent `x`, which stands for the password. Wiped when dropped.
pub struct Exponent(Zeroizing<[u8; 32]>);

impl Exponent {
    /// The exponent of a password.
    pub fn new(identity: Identity<'_>, password: &str, salt: &[u8; SALT_LEN]) -> Self {
        let secret = Zeroizing::new(format!("{}{}:{password}", identity.prefix, identity.name));
        let mut inner = sha256(secret.as_bytes());
        let message = Zeroizing::new([padded(salt).as_slice(), &inner].concat());
        inner.zeroize();
        Self(Zeroizing::new(sha256(&message)))
    }

    /// An exponent that was kept.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes to keep, sealed.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The verifier.
    pub fn verifier(&self) -> Verifier {
        Verifier(group::power_of_generator(&self.0))
    }
}

impl std::fmt::Debug for Exponent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exponent(..)")
    }
}

/// The verifier `v`: enough to check a password's proof, not enough to make one.
pub struct Verifier(Element);

impl Verifier {
    /// A verifier from its bytes, most significant first.
    pub fn from_bytes(bytes: &[u8; PUBLIC_LEN]) -> Self {
        Self(group::element(bytes))
    }

    /// A verifier from bytes that may be fewer, or begin with padding, as a device sends it.
    pub fn from_padded(bytes: &[u8]) -> Result<Self, PublicValueError> {
        let verifier = Self(group::element(&widened(bytes).ok_or(PublicValueError::Malformed)?));
        if verifier.0 == Element::ZERO { Err(PublicValueError::Zero) } else { Ok(verifier) }
    }

    /// The bytes to keep, sealed.
    pub fn to_bytes(&self) -> Zeroizing<[u8; PUBLIC_LEN]> {
        Zeroizing::new(group::to_bytes(&self.0))
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier(..)")
    }
}

/// The client's public value `A`, never zero modulo the prime.
#[derive(Clone)]
pub struct ClientValue([u8; PUBLIC_LEN]);

impl ClientValue {
    /// Reads `SRP_A`: hexadecimal in either case, with or without leading zeros.
    pub fn parse(text: &str) -> Result<Self, PublicValueError> {
        if text.is_empty() || text.len() > 2 * PUBLIC_LEN + 2 {
            return Err(PublicValueError::Malformed);
        }
        let even = if text.len().is_multiple_of(2) { text.to_owned() } else { format!("0{text}") };
        let bytes = HEXLOWER_PERMISSIVE.decode(even.as_bytes()).map_err(|_| PublicValueError::Malformed)?;
        let bytes = widened(&bytes).ok_or(PublicValueError::Malformed)?;
        if group::element(&bytes) == Element::ZERO { Err(PublicValueError::Zero) } else { Ok(Self(bytes)) }
    }

    /// A value that was parsed before.
    pub fn from_bytes(bytes: [u8; PUBLIC_LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes, most significant first.
    pub fn as_bytes(&self) -> &[u8; PUBLIC_LEN] {
        &self.0
    }
}

/// The server's private value `b`. Wiped when dropped.
pub struct ServerSecret(Zeroizing<[u8; 32]>);

impl ServerSecret {
    /// A fresh one.
    pub fn generate(random: &dyn Random) -> Self {
        Self(Zeroizing::new(random::bytes(random)))
    }

    /// One that was carried from the challenge to its answer.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes to carry, sealed.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The server's public value `B = k·v + g^b`.
    pub fn public_value(&self, verifier: &Verifier) -> [u8; PUBLIC_LEN] {
        let mut multiplier = [0; PUBLIC_LEN];
        let (_, low) = multiplier.split_at_mut(PUBLIC_LEN - MULTIPLIER.len());
        low.copy_from_slice(&MULTIPLIER);
        let masked = group::element(&multiplier).mul(&verifier.0);
        group::to_bytes(&masked.add(&group::power_of_generator(&self.0)))
    }
}

/// A challenge that waits for its proof.
pub struct Exchange<'a> {
    /// Whose password it is.
    pub identity: Identity<'a>,
    /// The verifier of the password.
    pub verifier: &'a Verifier,
    /// The client's value.
    pub client: &'a ClientValue,
    /// The server's secret, of which the client was sent the public value.
    pub secret: &'a ServerSecret,
}

impl Exchange<'_> {
    /// Whether `signature`, base64, is the proof over `secret_block`, base64, and `timestamp`. Takes the same time
    /// whether it is or not.
    pub fn verify(&self, secret_block: &str, timestamp: &str, signature: &str) -> bool {
        let Ok(block) = BASE64.decode(secret_block.as_bytes()) else { return false };
        let given = BASE64.decode(signature.as_bytes()).unwrap_or_default();
        let public = self.secret.public_value(self.verifier);
        let hashed = sha256(&[padded(&self.client.0), padded(&public)].concat());
        // RFC 5054, section 2.5.3: a zero scrambling parameter ends the exchange.
        let usable = !constant_time_eq(&hashed, &[0; 32]);
        let base = group::element(&self.client.0).mul(&group::power_public(&self.verifier.0, &hashed));
        let shared = Zeroizing::new(group::to_bytes(&group::power(&base, &self.secret.0)));
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*shared_key(&hashed, &shared));
        let expected = proof(&key, self.identity, &block, timestamp);
        bool::from(expected.as_ref().ct_eq(&given)) && usable
    }
}

/// The key that both sides share, drawn from `u` and `S` by HKDF (RFC 5869) to sixteen bytes.
fn shared_key(scrambling: &[u8; 32], shared: &[u8; PUBLIC_LEN]) -> Zeroizing<[u8; 16]> {
    let secret = Zeroizing::new(padded(shared));
    let extracted = Zeroizing::new(hmac_sha256(&padded(scrambling), &secret));
    let expanded = Zeroizing::new(hmac_sha256(&*extracted, b"Caldera Derived Key\x01"));
    let mut key = Zeroizing::new([0; 16]);
    let (head, _) = expanded.split_at(16);
    key.copy_from_slice(head);
    key
}

fn proof(key: &hmac::Key, identity: Identity<'_>, block: &[u8], timestamp: &str) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in [identity.prefix.as_bytes(), identity.name.as_bytes(), block, timestamp.as_bytes()] {
        context.update(part);
    }
    context.sign()
}

/// The integer as texts carry it: lower-case hexadecimal without leading zeros.
pub fn hex(bytes: &[u8]) -> String {
    let text = HEXLOWER.encode(bytes);
    let digits = text.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
}

/// The integer as hashes take it: as few bytes as it needs, and a zero byte before a set top bit, so that it does not
/// look negative (the form of Java's `BigInteger.toByteArray`).
pub fn padded(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = bytes.get(first..).unwrap_or_default();
    let sign = digits.first().is_none_or(|byte| byte & 0x80 != 0);
    let mut out = Vec::with_capacity(digits.len() + 1);
    out.extend(sign.then_some(0));
    out.extend_from_slice(digits);
    out
}

/// The integer at full width, unless it needs more.
fn widened(bytes: &[u8]) -> Option<[u8; PUBLIC_LEN]> {
    let surplus = bytes.len().saturating_sub(PUBLIC_LEN);
    let (padding, digits) = bytes.split_at_checked(surplus)?;
    if padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    let mut out = [0; PUBLIC_LEN];
    out.get_mut(PUBLIC_LEN - digits.len()..)?.copy_from_slice(digits);
    Some(out)
}

#[cfg(test)]
mod tests;
