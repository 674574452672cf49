//! Which flow a request asks for, and whether this API and this client allow it.

use std::collections::BTreeMap;

use cognate_domain::Client;
use cognate_domain::client_rules;
use cognate_model::AuthFlowType;

use super::{Outcome, Parameters, choice, custom, password, refresh, srp};
use crate::triggers::Passed;
use crate::{Context, Error, OpenPool};

/// Who calls: the flows that each may use differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// `AdminInitiateAuth` and `AdminRespondToAuthChallenge`.
    Admin,
    /// `InitiateAuth` and `RespondToAuthChallenge`.
    Public,
}

/// A request to sign in.
pub(crate) struct SignIn<'a> {
    /// Who calls.
    pub(crate) api: Api,
    /// The pool.
    pub(crate) pool: &'a std::sync::Arc<OpenPool>,
    /// The app client.
    pub(crate) client: &'a Client,
    /// The address that a trusted server says the user has.
    pub(crate) address: Option<String>,
    /// `ClientMetadata` of a request that begins: what triggers are told before the user is authenticated.
    pub(crate) validation: Option<Passed>,
    /// `ClientMetadata` of an answer: what triggers are told afterwards.
    pub(crate) metadata: Option<Passed>,
}

impl<'a> SignIn<'a> {
    /// A request without anything for triggers.
    pub(crate) fn new(
        api: Api,
        pool: &'a std::sync::Arc<OpenPool>,
        client: &'a Client,
        address: Option<String>,
    ) -> Self {
        Self { api, pool, client, address, validation: None, metadata: None }
    }
}

/// Begins a sign-in. A session is that of `ConfirmSignUp`, and of use to `USER_AUTH` alone.
pub(crate) async fn begin(
    cx: &Context,
    sign_in: &SignIn<'_>,
    flow: AuthFlowType,
    parameters: Option<BTreeMap<String, String>>,
    session: Option<&str>,
) -> Result<Outcome, Error> {
    use AuthFlowType as F;
    let fits = match flow {
        F::UserPasswordAuth => sign_in.api == Api::Public,
        F::AdminNoSrpAuth | F::AdminUserPasswordAuth => sign_in.api == Api::Admin,
        _ => true,
    };
    if !fits {
        return Err(Error::invalid("Initiate Auth method not supported."));
    }
    check_allowed(sign_in, flow)?;
    let parameters = Parameters::new(parameters);
    match flow {
        F::UserPasswordAuth | F::AdminNoSrpAuth | F::AdminUserPasswordAuth => {
            password::begin(cx, sign_in, &parameters).await
        }
        F::RefreshToken | F::RefreshTokenAuth => refresh::refresh(cx, sign_in, &parameters).await,
        F::UserSrpAuth => srp::begin(cx, sign_in, &parameters).await,
        F::UserAuth => choice::begin(cx, sign_in, session, &parameters).await,
        F::CustomAuth => custom::begin(cx, sign_in, &parameters).await,
    }
}

/// Refuses a flow that the app client was not given.
pub(super) fn check_allowed(sign_in: &SignIn<'_>, flow: AuthFlowType) -> Result<(), Error> {
    use AuthFlowType as F;
    if client_rules::flows(sign_in.client).allows(flow) {
        return Ok(());
    }
    Err(Error::invalid(match flow {
        F::UserPasswordAuth => "USER_PASSWORD_AUTH flow not enabled for this client".to_owned(),
        F::AdminNoSrpAuth | F::AdminUserPasswordAuth => "Auth flow not enabled for this client".to_owned(),
        F::RefreshToken | F::RefreshTokenAuth => "REFRESH_TOKEN_AUTH is not enabled for the client.".to_owned(),
        other => format!("{other} is not enabled for the client."),
    }))
}
