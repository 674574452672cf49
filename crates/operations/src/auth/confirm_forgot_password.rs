//! `ConfirmForgotPassword`: sets a new password with the code that was sent. Needs no signature.
//!
//! Errors: ResourceNotFound (client), NotAuthorized (secret hash, disabled), UserNotFound, CodeMismatch, ExpiredCode
//! (none asked for, too old), LimitExceeded (too many wrong codes), InvalidPassword, PasswordHistoryPolicyViolation.

use std::sync::Arc;

use cognate_domain::{client_rules, lockout, password_policy, user_status};
use cognate_model::{
    ConfirmForgotPasswordRequest, ConfirmForgotPasswordResponse, EventFilterType, EventResponseType, EventType,
    Exception,
};
use cognate_store::users;

use super::flow::{Api, SignIn};
use super::forgot_password::unknown;
use super::initiate_auth::stated_address;
use super::{pretence, secret_hash};
use crate::codes::{self, Answer, FORGOT_PASSWORD};
use crate::events::Attempt;
use crate::triggers::{Occasion, post_confirmation};
use crate::{Context, Error, directory, risk};

pub(crate) async fn handle(
    cx: &Context,
    request: ConfirmForgotPasswordRequest,
) -> Result<ConfirmForgotPasswordResponse, Error> {
    let client = cx.client(&request.client_id).await?;
    let pool = cx.pool(client.pool()).await?;
    let name = request.username.as_str();
    let given = request.secret_hash.as_deref();
    secret_hash::check(&pool, &client, &[name], given, secret_hash::Wording::Member)?;
    let address = stated_address(&client, request.user_context_data)?;
    let discreet = client_rules::prevents_user_existence_errors(&client);
    let password = request.password.expose();
    let mut policy = password_policy::check(&pool.password_policy(), password).map_err(Error::from);
    let mut is_compromised = false;
    if policy.is_ok() {
        let purpose = EventFilterType::PasswordChange;
        let checked = risk::check_new_password(cx, &pool, client.id(), password, purpose).await;
        policy = checked.map(|is_on_the_list| is_compromised = is_on_the_list);
    }
    if discreet {
        // Before the user is looked for: else what is wrong with the password would tell that there is one.
        policy.clone()?;
    }
    let found = cx.read(|tx| directory::find(tx, &pool, name)).await?;
    let Some(user) = found.filter(|user| user.enabled || !discreet) else {
        return Err(if discreet { pretence::answer(cx, &pool, name, &FORGOT_PASSWORD).await } else { unknown() });
    };
    if !user.enabled {
        return Err(Error::not_authorized("User is disabled."));
    }
    policy?;
    // The code is checked before the hash of the new password is paid for, and again with its effect.
    let answer = Answer::new(&user.id, &FORGOT_PASSWORD, &request.confirmation_code);
    match answer.check(cx, &pool).await {
        // "No code was asked for" would tell that there is such a user.
        Err(Error::Refused(refusal)) if discreet && refusal.exception == Exception::ExpiredCode => {
            let awaited = answer.is_awaited(cx, &pool).await?;
            return Err(if awaited { refusal.into() } else { codes::mismatch() });
        }
        other => other?,
    }
    let new = crate::users::new_password(cx, &pool, &user, password).await?;
    let sign_in = SignIn::new(Api::Public, &pool, &client, address);
    let mut attempt = Attempt::new(cx, &sign_in, EventType::PasswordChange).answered(EventResponseType::Pass);
    if is_compromised {
        attempt = attempt.compromised();
    }
    let (now, id) = (cx.now(), user.id);
    let within = Arc::clone(&pool);
    let user = cx
        .write(move |tx| {
            let pool = &within;
            answer.consume(tx, pool, now.micros())?;
            let before = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
            let mut after = before.clone();
            user_status::confirm_forgot_password(&mut after, &pool.password_policy(), new.clone())?;
            after.hidden.lockout = lockout::succeeded();
            after.modified = now;
            directory::update(tx, pool, &before, &after)?;
            attempt.record(tx, pool, &id)?;
            Ok(after)
        })
        .await?;
    let occasion = Occasion { pool: &pool, client: Some(&client), user_name: &user.username };
    let metadata = request.client_metadata.as_ref();
    post_confirmation::tell(cx, occasion, post_confirmation::FORGOT_PASSWORD, &user, metadata).await?;
    Ok(ConfirmForgotPasswordResponse::default())
}
