//! What can be wrong with what a browser answers.

use cognate_model::Exception;
use thiserror::Error;

use crate::Refusal;

/// Why a registration or a sign-in with a passkey does not hold, by the steps of the standard.
///
/// The texts are ours: none is recorded from the live service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Flaw {
    /// A member is missing, or is not what it should be.
    #[error("The credential is malformed: {0}.")]
    Malformed(&'static str),
    /// The answer to another challenge, or to none.
    #[error("There is no challenge for this registration, or it has expired.")]
    WrongChallenge,
    /// The page is not one of the relying party's.
    #[error("The origin of the credential is not allowed.")]
    ForeignOrigin,
    /// The page was a frame in a page of another origin.
    #[error("The credential comes from a frame in a page of another origin.")]
    Framed,
    /// The authenticator was asked for another relying party.
    #[error("The credential belongs to another relying party.")]
    OtherRelyingParty,
    /// Nobody touched the authenticator.
    #[error("The authenticator did not see its user.")]
    UserAbsent,
    /// The pool asks for user verification, and there was none.
    #[error("The authenticator did not verify its user.")]
    UserNotVerified,
    /// Backed up, but not eligible for it.
    #[error("The backup state of the credential is impossible.")]
    ImpossibleBackup,
    /// A key that was not offered, or that is none.
    #[error("The public key of the credential is not supported.")]
    UnsupportedKey,
    /// A format that the standard does not know.
    #[error("The attestation of the credential is not supported.")]
    UnsupportedAttestation,
    /// An attestation that does not hold.
    #[error("The attestation of the credential does not hold.")]
    BrokenAttestation,
    /// The authenticator keeps nothing of the credential.
    #[error("The credential is not discoverable.")]
    NotDiscoverable,
    /// The id is another passkey's.
    #[error("The credential is registered already.")]
    AlreadyRegistered,
    /// The user has no such passkey.
    #[error("The user has no such passkey.")]
    UnknownCredential,
    /// The authenticator keeps the credential for another user.
    #[error("The credential was made for another user.")]
    OtherUser,
    /// What may be backed up once, may always be.
    #[error("The credential changed its eligibility for backup.")]
    ChangedEligibility,
    /// The signature does not match.
    #[error("The signature does not match.")]
    BadSignature,
    /// The counter did not rise: there may be a copy of the authenticator.
    #[error("The signature counter did not rise.")]
    CounterWentBack,
}

impl Flaw {
    /// How `CompleteWebAuthnRegistration` says it.
    pub fn refusal(self) -> Refusal {
        let exception = match self {
            Self::WrongChallenge => Exception::WebAuthnChallengeNotFound,
            Self::ForeignOrigin | Self::Framed => Exception::WebAuthnOriginNotAllowed,
            Self::OtherRelyingParty => Exception::WebAuthnRelyingPartyMismatch,
            Self::UserAbsent
            | Self::UserNotVerified
            | Self::UnsupportedKey
            | Self::UnsupportedAttestation
            | Self::NotDiscoverable => Exception::WebAuthnCredentialNotSupported,
            Self::Malformed(_)
            | Self::ImpossibleBackup
            | Self::BrokenAttestation
            | Self::AlreadyRegistered
            | Self::UnknownCredential
            | Self::OtherUser
            | Self::ChangedEligibility
            | Self::BadSignature
            | Self::CounterWentBack => Exception::InvalidParameter,
        };
        Refusal::new(exception, self.to_string())
    }
}
