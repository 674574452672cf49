//! JSON Web Tokens as the live service signs them: RS256 (RFC 7515, RFC 7518 section 3.3), a header
//! of exactly `{"kid":"..","alg":"RS256"}`, and RSA-2048 keys published as a JWK set.
//!
//! Only what that needs: no other algorithm can be asked for, so none can be smuggled in. Expiry,
//! issuer and audience are the caller's rules; there is no clock here.

mod public_key;
mod signing_key;
mod unverified;

use thiserror::Error;

pub use public_key::PublicKey;
pub use signing_key::SigningKey;
pub use unverified::{peek_claims, peek_kid};

/// The longest token that is looked at.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// Why a token could not be made or was refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum JwtError {
    /// Longer than [`MAX_TOKEN_LEN`].
    #[error("the token is too long")]
    TooLong,
    /// Not three base64url parts with a JSON header.
    #[error("the token is malformed")]
    Malformed,
    /// The header names another algorithm than RS256, or extensions that must be understood
    /// (`crit`).
    #[error("the token is not signed with RS256")]
    Algorithm,
    /// The header names another key.
    #[error("the token was signed with another key")]
    UnknownKey,
    /// The signature does not belong to the content.
    #[error("the token's signature is wrong")]
    Signature,
    /// The claims are not a JSON object, or not of the shape asked for.
    #[error("the token's claims are not of the expected shape")]
    Claims,
    /// The signing itself failed, which a sound key does not cause.
    #[error("the token could not be signed")]
    Signing,
}

/// Why a key was refused. Never holds key material.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// Not a key of the kind that is used here.
    #[error("the key is not an RSA key of the expected form")]
    Rejected,
    /// The generator failed.
    #[error("no key could be generated")]
    Generation,
}

/// The three parts of a compact token, still encoded. `signed` is the text that the signature
/// covers.
struct Parts<'a> {
    signed: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

fn split(token: &str) -> Result<Parts<'_>, JwtError> {
    if token.len() > MAX_TOKEN_LEN {
        return Err(JwtError::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(JwtError::Malformed)?;
    if payload.contains('.') {
        return Err(JwtError::Malformed);
    }
    Ok(Parts { signed, header, payload, signature })
}

fn decode(segment: &str) -> Result<Vec<u8>, JwtError> {
    data_encoding::BASE64URL_NOPAD.decode(segment.as_bytes()).map_err(|_| JwtError::Malformed)
}
