//! The seam to the three triggers of custom authentication.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use cognate_domain::{Client, Pool, User};
use cognate_model::ChallengeNameType;

pub use crate::auth::Round;
use crate::triggers::PoolTriggers;
use crate::{Context, Error};

/// Who signs in.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// The app client.
    pub client: &'a Client,
    /// The user.
    pub user: &'a User,
    /// The user's name; what was typed, where nobody has it.
    pub user_name: &'a str,
    /// `ClientMetadata` of the answer.
    pub metadata: Option<&'a BTreeMap<String, String>>,
    /// `userNotFound`: nobody has the name, which the app client hides.
    pub is_unknown: bool,
}

/// What `DefineAuthChallenge` decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// `issueTokens`.
    IssueTokens,
    /// `failAuthentication`.
    Fail,
    /// `challengeName`.
    Ask(ChallengeNameType),
}

/// What `CreateAuthChallenge` makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Created {
    /// `publicChallengeParameters`: what the client is told.
    pub public: BTreeMap<String, String>,
    /// `privateChallengeParameters`: what the answer is judged by.
    pub private: BTreeMap<String, String>,
    /// `challengeMetadata`.
    pub metadata: Option<String>,
}

/// An answer that takes its time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// The three triggers of custom authentication. Tests put a double in their place.
pub trait CustomChallenges: Send + Sync {
    /// `DefineAuthChallenge`.
    fn define<'a>(&'a self, subject: &'a Subject<'a>, session: &'a [Round]) -> Answer<'a, Decision>;
    /// `CreateAuthChallenge`.
    fn create<'a>(&'a self, subject: &'a Subject<'a>, session: &'a [Round]) -> Answer<'a, Created>;
    /// `VerifyAuthChallengeResponse`.
    fn verify<'a>(
        &'a self,
        subject: &'a Subject<'a>,
        private: &'a BTreeMap<String, String>,
        answer: &'a str,
    ) -> Answer<'a, bool>;
}

impl Context {
    /// The triggers of a pool; refused where one of the three is missing, or cannot be reached.
    pub(crate) fn custom_challenges(&self, pool: &Pool) -> Result<Arc<dyn CustomChallenges>, Error> {
        let config = pool.config.lambda_config.as_ref();
        let complete = config.is_some_and(|config| {
            config.define_auth_challenge.is_some()
                && config.create_auth_challenge.is_some()
                && config.verify_auth_challenge_response.is_some()
        });
        if !complete {
            return Err(Error::invalid("Custom auth lambda trigger is not configured for the user pool."));
        }
        Ok(self.custom.clone().unwrap_or_else(|| Arc::new(PoolTriggers::new(self))))
    }
}
