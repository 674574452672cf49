//! Base64url, as browsers write it and libraries around them.

use data_encoding::BASE64URL_NOPAD;

/// Reads base64url of at most `longest` bytes. Padding is not written by browsers, but by some libraries; nothing is
/// ever compared in this form, so it does no harm.
pub(super) fn decode(text: &str, longest: usize) -> Option<Vec<u8>> {
    let bare = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    if bare.len() > longest.div_ceil(3) * 4 {
        return None;
    }
    BASE64URL_NOPAD.decode(bare.as_bytes()).ok().filter(|bytes| bytes.len() <= longest)
}

/// The longest id of a credential (section 5.8.3 of WebAuthn Level 3).
pub(super) const LONGEST_ID: usize = 1_023;

/// The bytes of a credential's id; none for a text that is no id.
pub fn decode_id(text: &str) -> Option<Vec<u8>> {
    decode(text, LONGEST_ID).filter(|id| !id.is_empty())
}

/// The id of a credential as text.
pub fn encode_id(id: &[u8]) -> String {
    BASE64URL_NOPAD.encode(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_may_be_there_or_not() {
        for (padded, bare) in [("AQ==", "AQ"), ("AQI=", "AQI"), ("AQID", "AQID")] {
            assert_eq!(decode(padded, 9), decode(bare, 9));
            assert_eq!(encode_id(&decode(bare, 9).unwrap()), bare);
        }
        for other in ["AQ===", "A", "AR", "A+/=", "A Q"] {
            assert_eq!(decode(other, 9), None, "{other}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(decode(&encode_id(&[1; 9]), 9).is_some());
        assert!(decode(&encode_id(&[1; 10]), 9).is_none());
        assert!(decode_id(&encode_id(&[1; LONGEST_ID])).is_some());
        assert!(decode_id(&encode_id(&[1; LONGEST_ID + 1])).is_none());
        assert!(decode_id("").is_none());
    }
}
