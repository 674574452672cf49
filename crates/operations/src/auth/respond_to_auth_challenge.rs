//! `RespondToAuthChallenge`: an application answers a challenge. Needs no signature.
//!
//! Errors: `ResourceNotFound` (client), `InvalidParameter` (challenge, missing parameter), `NotAuthorized` (session, secret
//! hash, disabled), `InvalidPassword`, `PasswordHistoryPolicyViolation`.

use cognate_model::{RespondToAuthChallengeRequest, RespondToAuthChallengeResponse};

use super::Outcome;
use super::admin_respond_to_auth_challenge::answer;
use super::flow::{Api, SignIn};
use super::initiate_auth::stated_address;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: RespondToAuthChallengeRequest,
) -> Result<RespondToAuthChallengeResponse, Error> {
    let client = cx.client(&request.client_id).await?;
    let pool = cx.pool(client.pool()).await?;
    let address = stated_address(&client, request.user_context_data)?;
    let mut sign_in = SignIn::new(Api::Public, &pool, &client, address);
    sign_in.metadata = request.client_metadata;
    let ended = answer(cx, &sign_in, request.challenge_name, request.session, request.challenge_responses).await;
    Outcome::counted(cx, ended).map(Into::into)
}
