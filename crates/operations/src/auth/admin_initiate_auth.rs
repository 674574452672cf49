//! `AdminInitiateAuth`: a trusted server begins a sign-in.
//!
//! Errors: `ResourceNotFound` (pool, client), `InvalidParameter` (flow, missing parameter), `NotAuthorized` (password,
//! secret hash, disabled, locked, refresh token), `UserNotFound`, `UserNotConfirmed`, `PasswordResetRequired`.

use cognate_model::{AdminInitiateAuthRequest, AdminInitiateAuthResponse, AuthFlowType};

use super::Outcome;
use super::flow::{self, Api, SignIn};
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminInitiateAuthRequest,
) -> Result<AdminInitiateAuthResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let client = cx.client_of(pool.id(), &request.client_id).await?;
    let cx = &cx.on_behalf_of(request.context_data.as_ref());
    let address = request.context_data.map(|context| context.ip_address);
    let mut sign_in = SignIn::new(Api::Admin, &pool, &client, address);
    sign_in.validation = request.client_metadata;
    let session = request.session.as_deref();
    let ended = flow::begin(cx, &sign_in, request.auth_flow, request.auth_parameters, session).await;
    // A refresh is no sign-in.
    match request.auth_flow {
        AuthFlowType::RefreshToken | AuthFlowType::RefreshTokenAuth => ended.map(Into::into),
        _ => Outcome::counted(cx, ended).map(Into::into),
    }
}
