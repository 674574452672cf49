//! `ForgotPassword`: sends a code with which the user sets a new password. Needs no signature.
//!
//! Errors: ResourceNotFound (client), NotAuthorized (secret hash, state, disabled), UserNotFound, InvalidParameter
//! (nowhere to send), LimitExceeded. The old password works until the code is used.

use std::sync::Arc;

use cognate_domain::{client_rules, user_status};
use cognate_model::{EventResponseType, EventType, Exception, ForgotPasswordRequest, ForgotPasswordResponse};
use cognate_store::users;

use super::flow::{Api, SignIn};
use super::initiate_auth::stated_address;
use super::{migration, pretence, secret_hash, simulated, start_recovery};
use crate::codes::FORGOT_PASSWORD;
use crate::events::Attempt;
use crate::{Context, Error, directory, outbox, triggers};

pub(crate) async fn handle(cx: &Context, request: ForgotPasswordRequest) -> Result<ForgotPasswordResponse, Error> {
    let client = cx.client(&request.client_id).await?;
    let pool = cx.pool(client.pool()).await?;
    let name = request.username.as_str();
    let given = request.secret_hash.as_deref();
    secret_hash::check(&pool, &client, &[name], given, secret_hash::Wording::Member)?;
    let address = stated_address(&client, request.user_context_data)?;
    let discreet = client_rules::prevents_user_existence_errors(&client);
    if discreet {
        // What holds for every user of the pool tells nothing about one.
        user_status::check_self_service(&pool)?;
    }
    let sign_in = SignIn::new(Api::Public, &pool, &client, address);
    let answer = |details| ForgotPasswordResponse { code_delivery_details: Some(details) };
    let metadata = request.client_metadata.as_ref();
    let found = match cx.read(|tx| directory::find(tx, &pool, name)).await? {
        Some(user) => Some(user),
        None => migration::find_forgetful(cx, &sign_in, name, metadata).await?,
    };
    let Some(user) = found else {
        if !discreet {
            return Err(unknown());
        }
        pretence::ask(cx, &sign_in, name, &FORGOT_PASSWORD, EventType::ForgotPassword).await?;
        return Ok(answer(simulated(&pool, name)));
    };
    let destination = match user_status::forgot_password(&pool, &user) {
        Ok(destination) => Some(destination).filter(|found| !discreet || outbox::reaches(cx, &pool, found.medium)),
        Err(_) if discreet => None,
        Err(refusal) => return Err(refusal.into()),
    };
    let Some(destination) = destination else {
        // A disabled user, or one without a verified address that messages reach, looks like any other.
        pretence::ask(cx, &sign_in, name, &FORGOT_PASSWORD, EventType::ForgotPassword).await?;
        return Ok(answer(simulated(&pool, name)));
    };
    let issued = match start_recovery(cx, &pool, &user, &destination, Some(&client), metadata).await {
        // A function that fails for users alone would tell who is one.
        Err(error) if discreet && triggers::is_theirs(&error) => {
            tracing::warn!(pool = pool.id(), "no code is sent, because the function that writes it failed");
            return Ok(answer(destination.details()));
        }
        other => Arc::new(other?),
    };
    let attempt = Attempt::new(cx, &sign_in, EventType::ForgotPassword).answered(EventResponseType::Pass);
    let (written, pool) = (Arc::clone(&issued), Arc::clone(&pool));
    cx.write(move |tx| {
        // A user who is gone by now leaves nothing behind.
        users::by_id(tx, pool.id(), &user.id)?.ok_or_else(unknown)?;
        written.insert(tx, &pool, &user.id)?;
        attempt.record(tx, &pool, &user.id)
    })
    .await?;
    issued.announce();
    Ok(answer(destination.details()))
}

/// How operations that need no signature say that they do not know a user.
pub(crate) fn unknown() -> Error {
    Error::refused(Exception::UserNotFound, "Username/client id combination not found.")
}
