//! What a step of a sign-in answers: tokens or the next challenge.

use std::collections::BTreeMap;

use cognate_model::{
    AdminInitiateAuthResponse, AdminRespondToAuthChallengeResponse, AuthenticationResultType, ChallengeNameType,
    InitiateAuthResponse, RespondToAuthChallengeResponse,
};

/// The end of a step.
pub(crate) enum Outcome {
    /// The user is in.
    Tokens(AuthenticationResultType),
    /// Something more is asked for.
    Challenge {
        /// What.
        name: ChallengeNameType,
        /// The sealed state to send back.
        session: String,
        /// What the client needs to answer.
        parameters: BTreeMap<String, String>,
    },
}

/// The four responses have the same members; they differ in name only.
macro_rules! response {
    ($name:ident) => {
        impl From<Outcome> for $name {
            fn from(outcome: Outcome) -> Self {
                match outcome {
                    // A finished sign-in carries an empty map, as recorded from the live service.
                    Outcome::Tokens(result) => Self {
                        authentication_result: Some(result),
                        challenge_parameters: Some(BTreeMap::new()),
                        ..Self::default()
                    },
                    Outcome::Challenge { name, session, parameters } => Self {
                        challenge_name: Some(name),
                        session: Some(session),
                        challenge_parameters: Some(parameters),
                        ..Self::default()
                    },
                }
            }
        }
    };
}

response!(AdminInitiateAuthResponse);
response!(AdminRespondToAuthChallengeResponse);
response!(InitiateAuthResponse);
response!(RespondToAuthChallengeResponse);
