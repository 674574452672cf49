//! `NEW_PASSWORD_REQUIRED`: a temporary password is good for choosing a permanent one, and for nothing else.

use std::sync::Arc;

use cognate_domain::sign_in::Input;
use cognate_domain::{attribute_rules, client_rules, lockout, password_policy, user_status};
use cognate_model::{ChallengeNameType, EventFilterType};

use super::flow::SignIn;
use super::resume::{Resumed, resume};
use super::{Outcome, Parameters};
use crate::{Context, Error, directory, risk};

/// Takes the new password and the attributes that were missing.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let (pool, client) = (sign_in.pool, sign_in.client);
    parameters.require("USERNAME")?;
    let new_password = parameters.require("NEW_PASSWORD")?;
    let name = ChallengeNameType::NewPasswordRequired;
    let Resumed::User(mut course, session) = resume(cx, sign_in, name, session, parameters).await? else {
        return Err(cognate_domain::sign_in::out_of_order().into());
    };
    let change = attribute_rules::for_new_password(
        pool,
        &|attribute| client_rules::writable(client, pool, attribute),
        &course.user,
        &parameters.with_prefix("userAttributes."),
    )?;
    password_policy::check_length(new_password, "newPassword")?;
    password_policy::check(&pool.password_policy(), new_password)?;
    let purpose = EventFilterType::PasswordChange;
    if risk::check_new_password(cx, pool, client.id(), new_password, purpose).await? {
        course.attempt = course.attempt.compromised();
    }
    let new = crate::users::new_password(cx, pool, &course.user, new_password).await?;
    let now = cx.now();
    let (pool_, id) = (Arc::clone(pool), course.user.id);
    let (stage, spent) = (session.stage.clone(), course.commit.spent.take());
    course.user = cx
        .write(move |tx| {
            if let Some(spent) = &spent {
                spent.record(tx, pool_.id(), now.micros())?;
            }
            let before = cognate_store::users::by_id(tx, pool_.id(), &id)?.ok_or_else(Error::no_user)?;
            session.check_password(&before)?;
            let mut after = before.clone();
            change.apply(&mut after);
            user_status::answer_new_password(&mut after, &pool_.password_policy(), new.clone())?;
            // Whoever guesses at the temporary password meanwhile does not keep its owner out.
            after.hidden.lockout = lockout::succeeded();
            after.modified = now;
            directory::update(tx, &pool_, &before, &after)?;
            after.version += 1;
            Ok(after)
        })
        .await?;
    course.advance(cx, Some(&stage), Input::NewPassword).await
}
