//! The client's half of the exchange, as the published clients calculate it: for tests and benchmarks. It takes no care
//! of its timing.

use aws_lc_rs::hmac;
use crypto_bigint::U3072;
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use super::group::{self, Element};
use super::{ELEMENT_LEN, Exponent, Identity, MULTIPLIER, SALT_LEN, hex, padded, proof, sha256, shared_key};
use crate::random::{self, Random};

/// A client that knows a password.
pub struct SrpClient {
    secret: [u8; 32],
    public: [u8; ELEMENT_LEN],
}

impl SrpClient {
    /// A client with a fresh secret.
    pub fn new(random: &dyn Random) -> Self {
        let secret = random::bytes(random);
        Self { secret, public: group::to_bytes(&group::power_of_generator(&secret)) }
    }

    /// `SRP_A`.
    pub fn public_value(&self) -> String {
        hex(&self.public)
    }

    /// `PASSWORD_CLAIM_SIGNATURE` over the block of a challenge; none where the challenge is malformed.
    pub fn prove(
        &self,
        identity: Identity<'_>,
        password: &str,
        challenge: &ChallengeTexts<'_>,
        timestamp: &str,
    ) -> Option<String> {
        let salt: [u8; SALT_LEN] = number(challenge.salt)?;
        let server: [u8; ELEMENT_LEN] = number(challenge.public)?;
        let block = BASE64.decode(challenge.block.as_bytes()).ok()?;
        let hashed = sha256(&[padded(&self.public), padded(&server)].concat());
        let exponent = Exponent::new(identity, password, &salt);
        let wide = |bytes: &[u8]| U3072::from_be_slice(&widened(bytes));
        let sum = wide(&self.secret).wrapping_add(&wide(&hashed).wrapping_mul(&wide(exponent.as_bytes())));
        let masked = Element::new(&wide(&MULTIPLIER)).mul(&exponent.verifier().0);
        let shared = group::element(&server).sub(&masked).pow_vartime(&sum);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*shared_key(&hashed, &group::to_bytes(&shared)));
        Some(BASE64.encode(proof(&key, identity, &block, timestamp).as_ref()))
    }
}

/// What the client is sent.
pub struct ChallengeTexts<'a> {
    /// `SALT`.
    pub salt: &'a str,
    /// `SRP_B`.
    pub public: &'a str,
    /// `SECRET_BLOCK`.
    pub block: &'a str,
}

fn number<const N: usize>(text: &str) -> Option<[u8; N]> {
    let width = 2 * N;
    HEXLOWER_PERMISSIVE.decode(format!("{text:0>width$}").as_bytes()).ok()?.try_into().ok()
}

/// At full width; the bytes are never more.
fn widened(bytes: &[u8]) -> [u8; ELEMENT_LEN] {
    super::widened(bytes).unwrap_or([0; ELEMENT_LEN])
}
