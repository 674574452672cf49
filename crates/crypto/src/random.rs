//! Randomness as a parameter, and the few shapes in which the server needs it.
//!
//! The trait exists because tests replace it (see [`crate::testing::SeededRandom`]); production has
//! one implementation, [`SystemRandom`].

use data_encoding::HEXLOWER;
use zeroize::Zeroize;

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills `out` with random bytes.
    fn fill(&self, out: &mut [u8]);
}

/// The operating system's and AWS-LC's cryptographic generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::expect_used, reason = "AWS-LC itself aborts the process when it has no entropy")]
    fn fill(&self, out: &mut [u8]) {
        aws_lc_rs::rand::fill(out).expect("the system's random generator works");
    }
}

/// `N` random bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut out = [0; N];
    random.fill(&mut out);
    out
}

/// `len` characters, each drawn with equal probability from `alphabet`, which holds ASCII.
///
/// A plain remainder would favour the first characters of an alphabet whose size does not divide
/// 256, so bytes past the last whole multiple are drawn again. An empty alphabet gives an empty
/// string; characters after the 256th are never drawn.
pub fn string(random: &dyn Random, alphabet: &[u8], len: usize) -> String {
    let size = alphabet.len().min(256);
    let mut out = String::with_capacity(len);
    if size == 0 {
        return out;
    }
    let limit = 256 - 256 % size;
    let mut pool = [0_u8; 64];
    while out.len() < len {
        random.fill(&mut pool);
        let drawn = pool.iter().map(|byte| usize::from(*byte)).filter(|value| *value < limit);
        let characters = drawn.filter_map(|value| alphabet.get(value % size));
        let missing = len - out.len();
        out.extend(characters.take(missing).map(|byte| char::from(*byte)));
    }
    pool.zeroize();
    out
}

/// `len` decimal digits, such as a confirmation code.
pub fn digits(random: &dyn Random, len: usize) -> String {
    string(random, b"0123456789", len)
}

/// A random UUID (RFC 9562, version 4).
pub fn uuid_v4(random: &dyn Random) -> [u8; 16] {
    stamp(bytes(random), 4)
}

/// A time-ordered UUID (RFC 9562, version 7): 48 bits of milliseconds, then 12 bits with the rest
/// of the microseconds (section 6.2, method 3), then 62 random bits.
///
/// Ids made in one millisecond so still sort by time, which keeps inserts at one end of an index. A
/// time before 1970 counts as 1970.
pub fn uuid_v7(random: &dyn Random, unix_micros: i64) -> [u8; 16] {
    let micros = u64::try_from(unix_micros).unwrap_or(0);
    let fraction = (micros % 1000) * 4096 / 1000;
    let time = ((micros / 1000) << 16) | fraction;
    let mut uuid = [0; 16];
    let (high, low) = uuid.split_at_mut(8);
    high.copy_from_slice(&time.to_be_bytes());
    random.fill(low);
    stamp(uuid, 7)
}

/// The time of a [`uuid_v7`], in microseconds. Meaningless for ids of other versions.
pub fn uuid_v7_micros(uuid: &[u8; 16]) -> i64 {
    let time = u64::from_be_bytes(*uuid.first_chunk().unwrap_or(&[0; 8]));
    let (millis, fraction) = (time >> 16, time & 0xfff);
    i64::try_from(millis * 1000 + (fraction * 1000).div_ceil(4096)).unwrap_or(i64::MAX)
}

/// Sets the version and the variant bits (RFC 9562, sections 4.1 and 4.2).
fn stamp(mut uuid: [u8; 16], version: u8) -> [u8; 16] {
    let [_, _, _, _, _, _, version_byte, _, variant_byte, ..] = &mut uuid;
    *version_byte = (*version_byte & 0x0f) | (version << 4);
    *variant_byte = (*variant_byte & 0x3f) | 0x80;
    uuid
}

/// The canonical text: lower case, `8-4-4-4-12`.
pub fn format_uuid(uuid: &[u8; 16]) -> String {
    let hex = HEXLOWER.encode(uuid);
    let mut out = String::with_capacity(36);
    for (position, digit) in hex.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out
}

/// Reads the canonical text only, so that one id has one spelling and a string comparison stays
/// sound.
pub fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let hex: String = text.chars().filter(|c| *c != '-').collect();
    let uuid: [u8; 16] = HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()?;
    (format_uuid(&uuid) == text).then_some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    #[test]
    fn a_string_uses_every_character_about_equally_often() {
        let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789-";
        let text = string(&SeededRandom::new(1), alphabet, 37_000);
        for character in alphabet {
            let count = text.bytes().filter(|byte| byte == character).count();
            assert!((800..1200).contains(&count), "{} came {count} times", char::from(*character));
        }
    }

    #[test]
    fn a_string_has_the_length_asked_for() {
        let random = SystemRandom;
        for len in [0, 1, 63, 64, 65, 200] {
            assert_eq!(string(&random, b"xyz", len).len(), len);
            assert!(digits(&random, len).bytes().all(|byte| byte.is_ascii_digit()));
        }
        assert_eq!(string(&random, b"", 8), "");
        assert_eq!(string(&random, b"a", 3), "aaa");
    }

    #[test]
    fn uuids_carry_their_version_and_variant() {
        for (uuid, version) in [(uuid_v4(&SystemRandom), '4'), (uuid_v7(&SystemRandom, 1), '7')] {
            let text = format_uuid(&uuid);
            assert_eq!(text.chars().nth(14), Some(version));
            assert!(matches!(text.chars().nth(19), Some('8' | '9' | 'a' | 'b')));
            assert_eq!(parse_uuid(&text), Some(uuid));
        }
    }

    #[test]
    fn uuid_v7_holds_the_time_of_rfc_9562_appendix_a_6() {
        let text = format_uuid(&uuid_v7(&SeededRandom::new(2), 1_645_557_742_000_000));
        assert_eq!(&text[..18], "017f22e2-79b0-7000");
    }

    #[test]
    fn uuid_v7_sorts_by_microsecond() {
        let random = SeededRandom::new(3);
        let ids: Vec<_> = (0..3000).map(|micro| uuid_v7(&random, 1_700_000_000_000_000 + micro)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(uuid_v7(&random, -1)[..6], [0; 6]);
        assert!(ids.iter().zip(0..).all(|(id, micro)| uuid_v7_micros(id) == 1_700_000_000_000_000 + micro));
    }

    #[test]
    fn parse_uuid_refuses_other_spellings() {
        let text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
        assert!(parse_uuid(text).is_some());
        let compact = text.replace('-', "");
        for other in [&text.to_uppercase(), &compact, &format!("{{{text}}}"), &text[1..], "", "--", "é"] {
            assert_eq!(parse_uuid(other), None, "{other}");
        }
    }

    #[test]
    fn the_system_generator_does_not_repeat_itself() {
        assert_ne!(bytes::<32>(&SystemRandom), bytes::<32>(&SystemRandom));
    }
}
