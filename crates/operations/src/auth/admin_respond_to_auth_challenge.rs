//! `AdminRespondToAuthChallenge`: a trusted server answers a challenge.
//!
//! Errors: `ResourceNotFound` (pool, client), `InvalidParameter` (challenge, missing parameter), `NotAuthorized` (session,
//! secret hash, disabled), `InvalidPassword`, `PasswordHistoryPolicyViolation`.

use std::collections::BTreeMap;

use cognate_model::{AdminRespondToAuthChallengeRequest, AdminRespondToAuthChallengeResponse, ChallengeNameType};

use super::flow::{Api, SignIn};
use super::{Outcome, Parameters, new_password};
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminRespondToAuthChallengeRequest,
) -> Result<AdminRespondToAuthChallengeResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let client = cx.client_of(pool.id(), &request.client_id).await?;
    let address = request.context_data.map(|context| context.ip_address);
    let sign_in = SignIn { api: Api::Admin, pool: &pool, client: &client, address };
    let outcome = answer(cx, &sign_in, request.challenge_name, request.session, request.challenge_responses).await?;
    Ok(outcome.into())
}

/// Answers a challenge, for either API.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    challenge: ChallengeNameType,
    session: Option<String>,
    responses: Option<BTreeMap<String, String>>,
) -> Result<Outcome, Error> {
    let responses = Parameters::new(responses);
    match challenge {
        ChallengeNameType::NewPasswordRequired => {
            new_password::answer(cx, sign_in, session.as_deref(), &responses).await
        }
        other => Err(Error::invalid(format!("The challenge {other} is not supported by this version of Cognate."))),
    }
}
