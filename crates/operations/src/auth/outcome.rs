//! What a step of a sign-in answers: tokens or the next challenge.

use std::collections::BTreeMap;

use cognate_model::{
    AdminInitiateAuthResponse, AdminRespondToAuthChallengeResponse, AuthenticationResultType, ChallengeNameType,
    InitiateAuthResponse, RespondToAuthChallengeResponse,
};

use crate::watch::Led;
use crate::{Context, Error};

/// The end of a step.
pub(crate) enum Outcome {
    /// The user is in.
    Tokens(AuthenticationResultType),
    /// Something more is asked for.
    Challenge {
        /// What.
        name: ChallengeNameType,
        /// The sealed state to send back; `USER_SRP_AUTH` has none (recorded from the live service).
        session: Option<String>,
        /// What the client needs to answer.
        parameters: BTreeMap<String, String>,
        /// `AvailableChallenges`, of choice-based sign-ins only.
        available: Option<Vec<ChallengeNameType>>,
    },
}

impl Outcome {
    fn led(&self) -> Led {
        match self {
            Self::Tokens(_) => Led::In,
            Self::Challenge { .. } => Led::On,
        }
    }

    /// Counts how a step ended.
    pub(crate) fn counted(cx: &Context, ended: Result<Self, Error>) -> Result<Self, Error> {
        cx.sign_ins.count(ended.as_ref().map(Self::led));
        ended
    }

    /// A challenge without a session.
    pub(crate) fn challenge<const N: usize>(name: ChallengeNameType, parameters: [(&str, String); N]) -> Self {
        let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self::Challenge { name, session: None, parameters, available: None }
    }
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
                    Outcome::Challenge { name, session, parameters, available } => Self {
                        challenge_name: Some(name),
                        session,
                        challenge_parameters: Some(parameters),
                        available_challenges: available,
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
