//! The three triggers of custom authentication ("Custom authentication challenge Lambda triggers").

use std::collections::BTreeMap;

use cognate_domain::client_rules;
use cognate_domain::trigger::{Answer, Trigger, passed, user_attributes, with};
use cognate_model::ChallengeNameType;
use serde_json::{Map, Value, json};

use super::{Happening, Occasion, call};
use crate::auth::Round;
use crate::custom_challenges::{self as seam, Created, CustomChallenges, Decision, Subject};
use crate::{Context, Error};

/// The functions that the pool names.
pub(crate) struct PoolTriggers {
    cx: Context,
}

impl PoolTriggers {
    pub(crate) fn new(cx: &Context) -> Self {
        Self { cx: cx.clone() }
    }

    async fn call(
        &self,
        subject: &Subject<'_>,
        trigger: Trigger,
        source: &str,
        request: Map<String, Value>,
        response: Value,
    ) -> Result<Answer, Error> {
        let request = with(request, "clientMetadata", passed(subject.metadata));
        let occasion = Occasion { pool: subject.pool, client: Some(subject.client), user_name: subject.user_name };
        let happening = Happening { trigger, source, version: "1", request, response };
        // The pool was found to have all three.
        Ok(call(&self.cx, occasion, happening).await?.unwrap_or_default())
    }
}

/// What all three are told of the user.
fn request(subject: &Subject<'_>) -> Map<String, Value> {
    let attributes = if subject.is_unknown { Map::default() } else { user_attributes(subject.pool, subject.user) };
    let mut request = Map::from_iter([("userAttributes".to_owned(), json!(attributes))]);
    if client_rules::prevents_user_existence_errors(subject.client) {
        request.insert("userNotFound".to_owned(), json!(subject.is_unknown));
    }
    request
}

impl CustomChallenges for PoolTriggers {
    fn define<'a>(&'a self, subject: &'a Subject<'a>, session: &'a [Round]) -> seam::Answer<'a, Decision> {
        Box::pin(async move {
            let request = with(request(subject), "session", Some(json!(session)));
            let response = json!({"challengeName": null, "issueTokens": null, "failAuthentication": null});
            let source = "DefineAuthChallenge_Authentication";
            let answer = self.call(subject, Trigger::DefineAuthChallenge, source, request, response).await?;
            decision(&answer)
        })
    }

    fn create<'a>(&'a self, subject: &'a Subject<'a>, session: &'a [Round]) -> seam::Answer<'a, Created> {
        Box::pin(async move {
            let request = with(request(subject), "challengeName", Some(json!("CUSTOM_CHALLENGE")));
            let request = with(request, "session", Some(json!(session)));
            let response = json!({
                "publicChallengeParameters": null, "privateChallengeParameters": null, "challengeMetadata": null,
            });
            let source = "CreateAuthChallenge_Authentication";
            let answer = self.call(subject, Trigger::CreateAuthChallenge, source, request, response).await?;
            Ok(Created {
                public: answer.map("publicChallengeParameters")?.unwrap_or_default(),
                private: answer.map("privateChallengeParameters")?.unwrap_or_default(),
                metadata: answer.text("challengeMetadata")?.map(str::to_owned),
            })
        })
    }

    fn verify<'a>(
        &'a self,
        subject: &'a Subject<'a>,
        private: &'a BTreeMap<String, String>,
        given: &'a str,
    ) -> seam::Answer<'a, bool> {
        Box::pin(async move {
            let request = with(request(subject), "privateChallengeParameters", Some(json!(private)));
            let request = with(request, "challengeAnswer", Some(json!(given)));
            let source = "VerifyAuthChallengeResponse_Authentication";
            let trigger = Trigger::VerifyAuthChallengeResponse;
            let answer = self.call(subject, trigger, source, request, json!({"answerCorrect": null})).await?;
            Ok(answer.flag("answerCorrect")?)
        })
    }
}

/// Failing comes before succeeding, and one of the three must be said.
fn decision(answer: &Answer) -> Result<Decision, Error> {
    let name = answer.text("challengeName")?;
    let (issues, fails) = (answer.flag("issueTokens")?, answer.flag("failAuthentication")?);
    match (fails, issues, name) {
        (true, ..) => Ok(Decision::Fail),
        (_, true, _) => Ok(Decision::IssueTokens),
        (_, _, Some(name)) => {
            let name = ChallengeNameType::parse(name).ok_or(cognate_domain::trigger::Unrecognizable)?;
            Ok(Decision::Ask(name))
        }
        (_, _, None) => Err(cognate_domain::trigger::Unrecognizable.into()),
    }
}
