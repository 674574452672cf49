//! `InitiateAuth`: an application begins a sign-in. Needs no signature.
//!
//! Errors: `ResourceNotFound` (client), `InvalidParameter` (flow, missing parameter), `NotAuthorized` (password, secret
//! hash, disabled, locked, refresh token), `UserNotFound`, `UserNotConfirmed`, `PasswordResetRequired`.

use std::net::IpAddr;

use cognate_domain::Client;
use cognate_model::{AuthFlowType, InitiateAuthRequest, InitiateAuthResponse, UserContextDataType};

use super::Outcome;
use super::flow::{self, Api, SignIn};
use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: InitiateAuthRequest) -> Result<InitiateAuthResponse, Error> {
    let client = cx.client(&request.client_id).await?;
    let pool = cx.pool(client.pool()).await?;
    let address = stated_address(&client, request.user_context_data)?;
    let mut sign_in = SignIn::new(Api::Public, &pool, &client, address);
    sign_in.validation = request.client_metadata;
    let session = request.session.as_deref();
    let ended = flow::begin(cx, &sign_in, request.auth_flow, request.auth_parameters, session).await;
    // A refresh is no sign-in.
    match request.auth_flow {
        AuthFlowType::RefreshToken | AuthFlowType::RefreshTokenAuth => ended.map(Into::into),
        _ => Outcome::counted(cx, ended).map(Into::into),
    }
}

/// The address that a client states for its user. Only a client with a secret may be allowed to: anybody can run a
/// public one.
pub(crate) fn stated_address(client: &Client, context: Option<UserContextDataType>) -> Result<Option<String>, Error> {
    let Some(address) = context.and_then(|context| context.ip_address).filter(|address| !address.is_empty()) else {
        return Ok(None);
    };
    if client.config.enable_propagate_additional_user_context_data != Some(true) {
        return Err(Error::invalid("Cannot use IP Address passed into UserContextData"));
    }
    if address.parse::<IpAddr>().is_err() {
        return Err(Error::invalid("Invalid IP Address in UserContextData"));
    }
    Ok(Some(address))
}
