//! Time-based one-time passwords (RFC 6238): SHA-1, 30 seconds, 6 digits, the parameters that
//! authenticator applications assume and that the AWS page "TOTP software token MFA" names.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::random::Random;

/// Seconds that one code lasts.
pub const STEP_SECONDS: i64 = 30;

/// Why a code was refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TotpError {
    /// The code belongs to no step in the window.
    #[error("the code does not match")]
    Mismatch,
    /// The code was right, but it or a later one was already accepted (RFC 6238, section 5.2).
    #[error("the code was already used")]
    Replayed,
}

/// A new 32-byte secret, the size that the live service hands out.
pub fn generate_secret(random: &dyn Random) -> Zeroizing<[u8; 32]> {
    let mut secret = Zeroizing::new([0; 32]);
    random.fill(&mut *secret);
    secret
}

/// The `SecretCode` that a user types into an authenticator: unpadded upper-case base32, 52
/// characters for 32 bytes.
pub fn encode_secret(secret: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(BASE32_NOPAD.encode(secret))
}

/// The step that `unix_seconds` falls in. A time before 1970 counts as 1970.
pub fn step_at(unix_seconds: i64) -> u64 {
    u64::try_from(unix_seconds / STEP_SECONDS).unwrap_or(0)
}

/// The six-digit code of one step (RFC 4226, section 5.3, with the step as counter).
pub fn totp(secret: &[u8], step: u64) -> String {
    // RFC 6238 defines its codes over SHA-1; HMAC does not need the collision resistance that SHA-1
    // lost.
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let mut digest = [0_u8; 20];
    digest.copy_from_slice(tag.as_ref());
    format!("{:06}", (truncate(&digest) & 0x7fff_ffff) % 1_000_000)
}

/// Dynamic truncation: the low four bits of the last byte say where the four bytes of the code
/// begin.
#[expect(clippy::expect_used, reason = "the offset is at most 15 and the digest has 20 bytes")]
fn truncate(digest: &[u8; 20]) -> u32 {
    let [.., last] = *digest;
    let word = digest.get(usize::from(last & 0x0f)..).and_then(|tail| tail.first_chunk::<4>());
    u32::from_be_bytes(*word.expect("four bytes follow the offset"))
}

/// Checks `code` against the step of `unix_seconds` and `drift_steps` on either side, and returns
/// the step it matched, which the caller stores and passes as `last_used_step` next time.
///
/// Every step of the window is computed and compared whatever the outcome, so the time taken does
/// not say which one matched. Where a code happens to match two steps, the later counts, so that
/// neither can be used again.
pub fn verify(
    secret: &[u8],
    code: &str,
    unix_seconds: i64,
    drift_steps: u64,
    last_used_step: Option<u64>,
) -> Result<u64, TotpError> {
    let now = step_at(unix_seconds);
    let mut found = subtle::Choice::from(0);
    let mut matched = 0_u64;
    for step in now.saturating_sub(drift_steps)..=now.saturating_add(drift_steps) {
        let expected = Zeroizing::new(totp(secret, step));
        let equal = expected.as_bytes().ct_eq(code.as_bytes());
        matched.conditional_assign(&step, equal);
        found |= equal;
    }
    if !bool::from(found) {
        return Err(TotpError::Mismatch);
    }
    if last_used_step.is_some_and(|last| matched <= last) {
        return Err(TotpError::Replayed);
    }
    Ok(matched)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn gives_the_codes_of_rfc_6238_appendix_b() {
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (time, code) in vectors {
            assert_eq!(totp(SECRET, step_at(time)), code);
            assert_eq!(verify(SECRET, code, time, 1, None), Ok(step_at(time)));
        }
    }

    #[test]
    fn gives_the_known_codes_of_a_32_byte_secret() {
        let code = "YJGD66M3JM34WL2PXTCPWO5ZFBDKYLVEOOEHWMTO2AC67XKNKQAQ";
        let secret = BASE32_NOPAD.decode(code.as_bytes()).unwrap();
        assert_eq!(*encode_secret(&secret), code);
        let vectors = [
            (1_700_000_000, "694981"),
            (1_700_000_029, "200105"),
            (1_700_000_030, "200105"),
            (1_735_689_600, "944418"),
        ];
        for (time, expected) in vectors {
            assert_eq!(totp(&secret, step_at(time)), expected);
        }
    }

    #[test]
    fn accepts_one_step_of_drift_and_no_more() {
        let now = 1_700_000_010;
        let step = step_at(now);
        for accepted in [step - 1, step, step + 1] {
            assert_eq!(verify(SECRET, &totp(SECRET, accepted), now, 1, None), Ok(accepted));
        }
        for refused in [step - 2, step + 2] {
            assert_eq!(verify(SECRET, &totp(SECRET, refused), now, 1, None), Err(TotpError::Mismatch));
        }
    }

    #[test]
    fn refuses_a_code_at_or_before_the_last_used_step() {
        let now = 1_700_000_010;
        let step = step_at(now);
        let code = totp(SECRET, step);
        assert_eq!(verify(SECRET, &code, now, 1, Some(step)), Err(TotpError::Replayed));
        assert_eq!(verify(SECRET, &code, now, 1, Some(step + 1)), Err(TotpError::Replayed));
        assert_eq!(verify(SECRET, &code, now, 1, Some(step - 1)), Ok(step));
    }

    #[test]
    fn refuses_text_that_is_not_the_code() {
        for code in ["", "28708", "2870820", " 287082", "+87082", "28708é"] {
            assert_eq!(verify(SECRET, code, 59, 1, None), Err(TotpError::Mismatch), "{code}");
        }
        assert!(verify(SECRET, "000000", i64::MIN, 1, None).is_err());
    }

    #[test]
    fn a_secret_code_has_52_characters() {
        let secret = generate_secret(&SeededRandom::new(1));
        let code = encode_secret(&*secret);
        assert_eq!(code.len(), 52);
        assert!(code.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')));
    }
}
