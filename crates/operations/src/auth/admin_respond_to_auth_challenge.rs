//! `AdminRespondToAuthChallenge`: a trusted server answers a challenge.
//!
//! Errors: `ResourceNotFound` (pool, client, device), `InvalidParameter` (challenge, missing parameter), `NotAuthorized` (session,
//! secret hash, disabled, proof), `InvalidPassword`, `PasswordHistoryPolicyViolation`, `CodeMismatch`, `ExpiredCode`.

use std::collections::BTreeMap;

use cognate_model::ChallengeNameType as C;
use cognate_model::{AdminRespondToAuthChallengeRequest, AdminRespondToAuthChallengeResponse, AuthFlowType};

use super::flow::{self, Api, SignIn};
use super::{Outcome, Parameters, choice, code, custom, device, new_password, passkey, password, second_factor, srp};
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminRespondToAuthChallengeRequest,
) -> Result<AdminRespondToAuthChallengeResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let client = cx.client_of(pool.id(), &request.client_id).await?;
    let cx = &cx.on_behalf_of(request.context_data.as_ref());
    let address = request.context_data.map(|context| context.ip_address);
    let mut sign_in = SignIn::new(Api::Admin, &pool, &client, address);
    sign_in.metadata = request.client_metadata;
    let ended = answer(cx, &sign_in, request.challenge_name, request.session, request.challenge_responses).await;
    Outcome::counted(cx, ended).map(Into::into)
}

/// Answers a challenge, for either API.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    challenge: C,
    session: Option<String>,
    responses: Option<BTreeMap<String, String>>,
) -> Result<Outcome, Error> {
    let responses = Parameters::new(responses);
    let session = session.as_deref();
    match challenge {
        C::PasswordVerifier => srp::answer(cx, sign_in, session, &responses).await,
        C::NewPasswordRequired => new_password::answer(cx, sign_in, session, &responses).await,
        C::SmsMfa | C::SoftwareTokenMfa | C::EmailOtp | C::SmsOtp => {
            code::answer(cx, sign_in, challenge, session, &responses).await
        }
        C::SelectMfaType => second_factor::choose(cx, sign_in, session, &responses).await,
        C::MfaSetup => second_factor::set_up(cx, sign_in, session, &responses).await,
        C::SelectChallenge | C::Password | C::PasswordSrp => {
            choice::answer(cx, sign_in, challenge, session, &responses).await
        }
        C::CustomChallenge => custom::answer(cx, sign_in, session, &responses).await,
        // The older form of the flow, which asked for the password in a second step.
        C::AdminNoSrpAuth if sign_in.api == Api::Admin => {
            flow::check_allowed(sign_in, AuthFlowType::AdminNoSrpAuth)?;
            password::begin(cx, sign_in, &responses).await
        }
        C::DeviceSrpAuth => device::name(cx, sign_in, session, &responses).await,
        C::DevicePasswordVerifier => device::prove(cx, sign_in, &responses).await,
        C::WebAuthn => passkey::answer(cx, sign_in, session, &responses).await,
        C::AdminNoSrpAuth => {
            Err(Error::invalid(format!("The challenge {challenge} is not supported by this version of Cognate.")))
        }
    }
}
