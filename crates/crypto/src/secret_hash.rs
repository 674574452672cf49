//! `SECRET_HASH`: how a caller proves that it knows an app client's secret without sending it.
//!
//! The formula is on the AWS page "Computing secret hash values": base64 of HMAC-SHA256 with the
//! client secret as key over the username followed by the client id.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::digest::{constant_time_eq, hmac_sha256};

/// The secret hash that a client with `secret` must send for `username`.
///
/// ```
/// let hash = cognate_crypto::secret_hash::secret_hash("secret", "Mess", "age");
/// assert_eq!(hash, "qnR8UCqJggD55PohusaBNviGoOJ67HC6Btry4qXLVZc=");
/// ```
pub fn secret_hash(secret: &str, username: &str, client_id: &str) -> String {
    let message = format!("{username}{client_id}");
    BASE64.encode(&hmac_sha256(secret.as_bytes(), message.as_bytes()))
}

/// Whether `given` is the secret hash for these values, compared in constant time.
pub fn verify(secret: &str, username: &str, client_id: &str, given: &str) -> bool {
    let expected = Zeroizing::new(secret_hash(secret, username, client_id));
    constant_time_eq(expected.as_bytes(), given.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT_ID: &str = "1example23456789abcdefghij";
    const SECRET: &str = "secret0123456789abcdefghijklmnopqrstuvwxyz0123456789";

    #[test]
    fn gives_the_known_answers() {
        let vectors = [
            ("alice", "QqVnF6bK5xtzU+ayyVPuvx7q4FWhrCdaG1UBX5U/15U="),
            ("bob@example.com", "uuzQyYKSNai+m5ulRGt7+8hItJGHvy6RQ/VcJXDLxBg="),
            ("7c9e6679-7425-40de-944b-e07fc1f90ae7", "Iqru6nKAJxDIx1186UawsC9qCcPgtbnoUXgbRXUKmoM="),
        ];
        for (username, expected) in vectors {
            assert_eq!(secret_hash(SECRET, username, CLIENT_ID), expected);
            assert!(verify(SECRET, username, CLIENT_ID, expected));
        }
    }

    #[test]
    fn refuses_a_hash_for_another_user_client_or_secret() {
        let hash = secret_hash(SECRET, "alice", CLIENT_ID);
        assert!(!verify(SECRET, "alicia", CLIENT_ID, &hash));
        assert!(!verify(SECRET, "alice", "2example", &hash));
        assert!(!verify("other", "alice", CLIENT_ID, &hash));
        assert!(!verify(SECRET, "alice", CLIENT_ID, ""));
        assert!(!verify(SECRET, "alice", CLIENT_ID, &hash.to_lowercase()));
    }
}
