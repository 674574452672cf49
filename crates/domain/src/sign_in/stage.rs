//! What a sign-in waits for.

use cognate_model::ChallengeNameType;
use serde::{Deserialize, Serialize};

use crate::mfa_preference::Factor;

/// The state of a sign-in between a challenge and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// The user chooses one of these first factors.
    FirstChoice(Vec<ChallengeNameType>),
    /// The proof that the password is known, by SRP.
    PasswordProof,
    /// A code by e-mail (`EMAIL_OTP`) or text message (`SMS_OTP`).
    FirstCode(ChallengeNameType),
    /// The signature of a passkey.
    Passkey,
    /// The answer to the trigger's own challenge.
    Custom,
    /// A password in the place of the temporary one.
    NewPassword,
    /// The user chooses one of these second factors.
    SecondChoice(Vec<ChallengeNameType>),
    /// The code of this second factor.
    Second(ChallengeNameType),
    /// The user sets up one of these second factors.
    SetUp(Vec<ChallengeNameType>),
    /// A code to the address that was given to set up codes by e-mail.
    EnrolByCode,
    /// The remembered device says that it is there.
    Device,
    /// The remembered device proves that it is the one.
    DeviceProof,
}

impl Stage {
    /// The stage after a first factor was chosen; a password in clear comes with the choice itself.
    pub fn first(chosen: ChallengeNameType) -> Option<Self> {
        Some(match chosen {
            ChallengeNameType::PasswordSrp => Self::PasswordProof,
            ChallengeNameType::EmailOtp | ChallengeNameType::SmsOtp => Self::FirstCode(chosen),
            ChallengeNameType::WebAuthn => Self::Passkey,
            _ => return None,
        })
    }

    /// The stage at which a second factor is asked for.
    pub(super) fn second(factor: Factor) -> Self {
        match factor {
            Factor::Challenge(name) => Self::Second(name),
            Factor::Select(offered) => Self::SecondChoice(offered),
            Factor::Setup(offered) => Self::SetUp(offered),
            Factor::None => Self::SetUp(Vec::new()),
        }
    }

    /// The challenge that the user is asked.
    pub fn challenge(&self) -> ChallengeNameType {
        match self {
            Self::FirstChoice(_) => ChallengeNameType::SelectChallenge,
            Self::PasswordProof => ChallengeNameType::PasswordVerifier,
            Self::FirstCode(name) | Self::Second(name) => *name,
            Self::Passkey => ChallengeNameType::WebAuthn,
            Self::Custom => ChallengeNameType::CustomChallenge,
            Self::NewPassword => ChallengeNameType::NewPasswordRequired,
            Self::SecondChoice(_) => ChallengeNameType::SelectMfaType,
            Self::SetUp(_) => ChallengeNameType::MfaSetup,
            Self::EnrolByCode => ChallengeNameType::EmailOtp,
            Self::Device => ChallengeNameType::DeviceSrpAuth,
            Self::DeviceProof => ChallengeNameType::DevicePasswordVerifier,
        }
    }

    /// Whether an answer under this name belongs to the stage. A choice may be answered with the factor's own name.
    pub fn takes(&self, name: ChallengeNameType) -> bool {
        match self {
            Self::FirstChoice(offered) => name == ChallengeNameType::SelectChallenge || offered.contains(&name),
            _ => name == self.challenge(),
        }
    }
}
