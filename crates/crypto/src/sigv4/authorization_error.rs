//! What is wrong with an `Authorization` header, in sentences that may be sent to the caller.

use std::fmt;

use thiserror::Error;

/// Which parameters an `Authorization` header lacks. Displays one sentence for each, in the live
/// service's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingParts {
    /// No `Credential`.
    pub credential: bool,
    /// No `Signature`.
    pub signature: bool,
    /// No `SignedHeaders`.
    pub signed_headers: bool,
}

impl fmt::Display for MissingParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts =
            [(self.credential, "Credential"), (self.signature, "Signature"), (self.signed_headers, "SignedHeaders")];
        let mut separator = "";
        for (_, name) in parts.iter().filter(|(missing, _)| *missing) {
            write!(f, "{separator}Authorization header requires '{name}' parameter.")?;
            separator = " ";
        }
        Ok(())
    }
}

/// Why an `Authorization` header is incomplete. Never echoes it: it may hold someone's bearer
/// token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AuthorizationError {
    /// Longer than any real header.
    #[error("Authorization header is too long.")]
    TooLong,
    /// A `SigV4` family algorithm other than the one that is spoken.
    #[error("Unsupported AWS 'algorithm'.")]
    Algorithm,
    /// One or more parameters are missing.
    #[error("{0}")]
    Missing(MissingParts),
    /// A parameter occurs twice.
    #[error("Authorization header must not repeat a parameter.")]
    Repeated,
    /// The credential does not have five elements.
    #[error("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")]
    Credential,
    /// The scope does not end as it must.
    #[error("Credential should be scoped with a valid terminator: 'aws4_request'.")]
    Terminator,
    /// The list of signed headers is not distinct lower-case names between semicolons.
    #[error("SignedHeaders must be a list of distinct lower-case header names separated by semicolons.")]
    SignedHeaders,
}
