//! `ResendConfirmationCode`: another code for a user who signed up; the earlier one stops working. Needs no signature.
//!
//! Errors: ResourceNotFound (client), NotAuthorized (secret hash), UserNotFound, InvalidParameter (confirmed already,
//! nothing that the pool verifies), LimitExceeded, UserLambdaValidation, UnexpectedLambda, InvalidLambdaResponse
//! (trigger).

use std::sync::Arc;

use cognate_domain::client_rules;
use cognate_model::{
    EventResponseType, EventType, ResendConfirmationCodeRequest, ResendConfirmationCodeResponse, UserStatusType,
};

use cognate_store::users;

use crate::auth::{Api, SignIn, pretence, secret_hash, simulated, stated_address, unknown_user};
use crate::codes::SIGN_UP;
use crate::events::Attempt;
use crate::messages::{Cause, Occasion};
use crate::{Context, Error, directory, outbox, triggers};

pub(crate) async fn handle(
    cx: &Context,
    request: ResendConfirmationCodeRequest,
) -> Result<ResendConfirmationCodeResponse, Error> {
    let client = cx.client(&request.client_id).await?;
    let pool = cx.pool(client.pool()).await?;
    let name = request.username.as_str();
    let given = request.secret_hash.as_deref();
    secret_hash::check(&pool, &client, &[name], given, secret_hash::Wording::Member)?;
    let address = stated_address(&client, request.user_context_data)?;
    let discreet = client_rules::prevents_user_existence_errors(&client);
    let sign_in = SignIn::new(Api::Public, &pool, &client, address);
    let answer = |details| ResendConfirmationCodeResponse { code_delivery_details: Some(details) };
    let found = cx.read(|tx| directory::find(tx, &pool, name)).await?;
    let Some(user) = found.filter(|user| user.enabled || !discreet) else {
        if !discreet {
            return Err(unknown_user());
        }
        pretence::ask(cx, &sign_in, name, &SIGN_UP, EventType::ResendCode).await?;
        return Ok(answer(simulated(&pool, name)));
    };
    if user.status != UserStatusType::Unconfirmed {
        return Err(Error::invalid("User is already confirmed."));
    }
    let target = super::destination(&pool, &user)
        .ok_or_else(|| Error::invalid("Cannot resend codes. Auto verification not turned on."))?;
    if discreet && !outbox::reaches(cx, &pool, target.medium) {
        // One whom no message reaches looks like anybody.
        pretence::ask(cx, &sign_in, name, &SIGN_UP, EventType::ResendCode).await?;
        return Ok(answer(simulated(&pool, name)));
    }
    let metadata = request.client_metadata.as_ref();
    let cause = Cause { occasion: Occasion::ResendCode, client: Some(&client), metadata };
    let issued = match super::code(cx, &pool, &user, &target, cause).await {
        // A function that fails for users alone would tell who is one.
        Err(error) if discreet && triggers::is_theirs(&error) => {
            tracing::warn!(pool = pool.id(), "no code is sent, because the function that writes it failed");
            return Ok(answer(target.details()));
        }
        other => Arc::new(other?),
    };
    let attempt = Attempt::new(cx, &sign_in, EventType::ResendCode).answered(EventResponseType::Pass);
    let (written, pool) = (Arc::clone(&issued), Arc::clone(&pool));
    cx.write(move |tx| {
        // A user who is gone by now leaves nothing behind.
        users::by_id(tx, pool.id(), &user.id)?.ok_or_else(unknown_user)?;
        written.insert(tx, &pool, &user.id)?;
        attempt.record(tx, &pool, &user.id)
    })
    .await?;
    issued.announce();
    Ok(answer(target.details()))
}
