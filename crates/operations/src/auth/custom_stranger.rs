//! `CUSTOM_AUTH` for a name that nobody has, where the app client hides that: the triggers hear `userNotFound` and may
//! pretend. Tokens never come of it, whatever they decide.

use std::collections::BTreeMap;

use cognate_crypto::random;
use cognate_domain::User;
use cognate_domain::sign_in::{Flow, Stage};
use cognate_model::ChallengeNameType;

use super::custom::{MOST_ROUNDS, Rounds};
use super::flow::SignIn;
use super::judgement::wrong;
use super::session::{Held, Session};
use super::{Outcome, pretence, srp};
use crate::custom_challenges::{Decision, Subject};
use crate::verifier::stranger_id;
use crate::{Context, Error};

/// Asks `DefineAuthChallenge` how it goes on.
pub(super) async fn consult(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    mut rounds: Rounds,
) -> Result<Outcome, Error> {
    let pool = sign_in.pool;
    let triggers = cx.custom_challenges(pool)?;
    let nobody = User::nobody(stranger_id(pool, name));
    let subject = subject(sign_in, &nobody, name);
    let decision = if rounds.results.len() < MOST_ROUNDS {
        triggers.define(&subject, &rounds.results).await?
    } else {
        Decision::Fail
    };
    let (stage, mut outcome) = match decision {
        Decision::Ask(ChallengeNameType::CustomChallenge) => {
            let created = triggers.create(&subject, &rounds.results).await?;
            let mut parameters = created.public;
            parameters.insert("USERNAME".to_owned(), pretence::username(pool, name));
            rounds.keep(created.private, created.metadata);
            let name = ChallengeNameType::CustomChallenge;
            (Stage::Custom, Outcome::Challenge { name, session: None, parameters, available: None })
        }
        Decision::Ask(ChallengeNameType::PasswordVerifier) => {
            let value = rounds.take_client_value()?;
            let event = random::uuid_v7(cx.random(), cx.now().micros());
            (Stage::PasswordProof, srp::challenge(cx, sign_in, Flow::Custom, name, None, &value, event).await?)
        }
        Decision::Ask(_) | Decision::IssueTokens | Decision::Fail => {
            pretence::go_on(cx, pool, name, None, None).await?;
            return Err(wrong());
        }
    };
    pretence::go_on(cx, pool, name, None, None).await?;
    if let Outcome::Challenge { session, .. } = &mut outcome {
        let made = Session::of_stranger(cx, sign_in.client, nobody.id, Flow::Custom, stage, Held::Nothing, rounds);
        *session = Some(made.seal(cx, pool)?);
    }
    Ok(outcome)
}

/// Takes an answer to the trigger's question.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    session: &Session,
    given: &str,
) -> Result<Outcome, Error> {
    pretence::spend(cx, sign_in.pool, session.spent()).await?;
    let triggers = cx.custom_challenges(sign_in.pool)?;
    let nobody = User::nobody(session.user);
    let mut rounds = session.rounds.clone();
    let right = triggers.verify(&subject(sign_in, &nobody, name), rounds.private(), given).await?;
    rounds.close("CUSTOM_CHALLENGE", right);
    consult(cx, sign_in, name, rounds).await
}

/// Takes a proof of a password, which is never right.
pub(super) async fn answer_proof(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    session: &Session,
) -> Result<Outcome, Error> {
    pretence::spend(cx, sign_in.pool, session.spent()).await?;
    let mut rounds = session.rounds.clone();
    rounds.push("PASSWORD_VERIFIER", false, None);
    consult(cx, sign_in, name, rounds).await
}

fn subject<'a>(sign_in: &'a SignIn<'a>, nobody: &'a User, name: &'a str) -> Subject<'a> {
    let metadata: Option<&BTreeMap<String, String>> = sign_in.metadata.as_ref();
    Subject { pool: sign_in.pool, client: sign_in.client, user: nobody, user_name: name, metadata, is_unknown: true }
}
