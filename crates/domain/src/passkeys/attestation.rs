//! What an authenticator says about itself.
//!
//! Nothing here depends on the make of an authenticator, and the browser is asked for no attestation, so a statement is
//! worth as much as none: whoever registers could leave it out. Therefore
//!
//! - `none` is accepted, if it is empty, as the standard wants it;
//! - `packed` that the credential signed itself is checked, because that needs no certificate and a wrong signature
//!   means that something is broken;
//! - the other formats of the standard are accepted without a look at their statements, as unattested;
//! - formats that the standard does not know are refused.

use cognate_crypto::cbor::{self, Value};
use cognate_crypto::cose;

use super::{Flaw, authenticator_data};

/// Formats with certificates, which are not looked at ("WebAuthn Attestation Statement Format Identifiers", IANA).
const UNCHECKED: [&str; 6] = ["tpm", "android-key", "android-safetynet", "fido-u2f", "apple", "compound"];

/// The longest attestation object that is looked at: statements carry chains of certificates.
pub(super) const LONGEST: usize = cbor::MAX_LEN;

const MALFORMED: Flaw = Flaw::Malformed("attestationObject");

/// An attestation object.
#[derive(Debug)]
pub(super) struct Attestation<'a> {
    format: &'a str,
    statement: Value<'a>,
    /// The authenticator data.
    pub(super) auth_data: &'a [u8],
}

impl<'a> Attestation<'a> {
    /// Reads all the bytes.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let object = cbor::read(bytes).map_err(|_| MALFORMED)?;
        let format = object.get("fmt").and_then(Value::as_text).ok_or(MALFORMED)?;
        let auth_data = object.get("authData").and_then(Value::as_bytes).ok_or(MALFORMED)?;
        if auth_data.len() > authenticator_data::LONGEST {
            return Err(MALFORMED);
        }
        // A compound statement is an array of statements.
        match object.get("attStmt") {
            Some(statement @ (Value::Map(_) | Value::Array(_))) => {
                Ok(Self { format, statement: statement.clone(), auth_data })
            }
            _ => Err(MALFORMED),
        }
    }

    /// Steps 21 to 24 of section 7.1.
    pub(super) fn check(&self, key: &cose::PublicKey, client_data_hash: &[u8; 32]) -> Result<(), Flaw> {
        match self.format {
            "none" if self.statement == Value::Map(Vec::new()) => Ok(()),
            "none" => Err(Flaw::BrokenAttestation),
            "packed" if self.statement.get("x5c").is_some() => Ok(()),
            "packed" => self.check_packed(key, client_data_hash),
            other if UNCHECKED.contains(&other) => Ok(()),
            _ => Err(Flaw::UnsupportedAttestation),
        }
    }

    /// Section 8.2, without certificates: the credential signs for itself.
    fn check_packed(&self, key: &cose::PublicKey, client_data_hash: &[u8; 32]) -> Result<(), Flaw> {
        let algorithm = self.statement.get("alg").and_then(Value::as_int);
        let signature = self.statement.get("sig").and_then(Value::as_bytes).ok_or(Flaw::BrokenAttestation)?;
        if algorithm != Some(key.algorithm().id()) {
            return Err(Flaw::BrokenAttestation);
        }
        let signed = [self.auth_data, client_data_hash].concat();
        key.verify(&signed, signature).map_err(|_| Flaw::BrokenAttestation)
    }
}
