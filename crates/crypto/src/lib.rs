//! SRP, password hashing, JWT, sealing, `SigV4` arithmetic and the keys of passkeys. No input or output.
//!
//! Nothing here reads a clock, a file or a global: time and randomness are parameters, so that
//! every rule can be tested with known answers. The primitives come from aws-lc-rs and argon2; this
//! crate owns only how they are put together, which bounds hold, and which comparisons take
//! constant time.

pub mod cbor;
pub mod cose;
pub mod digest;
pub mod encryption_sdk;
pub mod jwt;
mod master_key;
pub mod password;
pub mod random;
pub mod seal;
pub mod sealed_token;
pub mod secret_hash;
pub mod sigv4;
pub mod srp;
pub mod testing;
pub mod totp;
