//! Users who are elsewhere so far: at their first sign-in, or when they forgot their password, they move in.

use std::sync::Arc;

use cognate_crypto::random;
use cognate_domain::trigger::Trigger;
use cognate_domain::user::{Hidden, UserId};
use cognate_domain::user_status::{self, PasswordLife};
use cognate_domain::usernames::{self, NewName};
use cognate_domain::{User, attribute_rules};
use cognate_model::{Exception, UserStatusType};

use super::flow::SignIn;
use super::judgement::{ask_beforehand, find, wrong};
use super::pretence;
use crate::directory::{self, Claim};
use crate::hashing::{self, Owner};
use crate::triggers::user_migration::{self, Newcomer, Question};
use crate::triggers::{Occasion, Passed};
use crate::{Context, Error};

/// The user behind a name that came with a password; somebody whom only the pool's function knows moves in.
pub(super) async fn find_or_move_in(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    password: &str,
) -> Result<Option<User>, Error> {
    let found = find(cx, sign_in, name).await;
    let is_unknown = match &found {
        Ok(found) => found.is_none(),
        Err(Error::Refused(refusal)) => refusal.exception == Exception::UserNotFound,
        Err(_) => false,
    };
    // Who could have no such name here is not asked for: another directory may be less strict about spelling, and each
    // spelling would be another name to guess at.
    if !is_unknown || Trigger::UserMigration.function(sign_in.pool).is_none() || !usernames::is_well_formed(name) {
        return found;
    }
    let asked = pretence::ask_elsewhere(cx, sign_in.pool, name, async || {
        let question = Question::Authentication { password, validation: sign_in.validation.as_ref() };
        move_in(cx, sign_in, name, question, Some(password)).await
    });
    match asked.await {
        Ok(Some(user)) => return Ok(Some(user)),
        Ok(None) => {}
        // Only somebody with the right password gets that far, but for all others there is nobody.
        Err(Error::Refused(refusal)) if refusal.exception == Exception::UserNotFound && found.is_ok() => {}
        Err(error) => return Err(error),
    }
    found?;
    // The client hides who exists: judged like any wrong password, and counted already.
    ask_beforehand(cx, sign_in, name, None).await?;
    hashing::verify(cx, password, None).await?;
    Err(wrong())
}

/// The same for who has forgotten the password.
pub(super) async fn find_forgetful(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    metadata: Option<&Passed>,
) -> Result<Option<User>, Error> {
    if Trigger::UserMigration.function(sign_in.pool).is_none() || !usernames::is_well_formed(name) {
        return Ok(None);
    }
    move_in(cx, sign_in, name, Question::ForgotPassword { metadata }, None).await
}

async fn move_in(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    question: Question<'_>,
    password: Option<&str>,
) -> Result<Option<User>, Error> {
    let pool = sign_in.pool;
    let find = || cx.read(|tx| directory::find(tx, pool, name));
    // Of two who come at once, the second finds what the first has written.
    if let Some(user) = find().await? {
        return Ok(Some(user));
    }
    let occasion = Occasion { pool, client: Some(sign_in.client), user_name: name };
    let Some(newcomer) = user_migration::ask(cx, occasion, question).await? else { return Ok(None) };
    let claim = if newcomer.takes_aliases { Claim::Moved } else { Claim::Refused };
    let user = new_user(cx, sign_in, name, newcomer, password).await.map_err(|error| unusable(sign_in, error))?;
    let (into, new) = (Arc::clone(pool), user.clone());
    let written = cx.write(move |tx| directory::insert(tx, &into, &new, claim, usernames::taken)).await;
    match written {
        Ok(()) => Ok(Some(user)),
        Err(error @ Error::Refused(_)) => find().await?.map(Some).ok_or_else(|| unusable(sign_in, error)),
        Err(error) => Err(error),
    }
}

/// A user as the function describes them. Their password is kept as it is: the policy was another's.
async fn new_user(
    cx: &Context,
    sign_in: &SignIn<'_>,
    typed: &str,
    newcomer: Newcomer,
    password: Option<&str>,
) -> Result<User, Error> {
    let pool = sign_in.pool;
    let name = usernames::check_new(pool, newcomer.username.as_deref().unwrap_or(typed))?;
    let attributes = attribute_rules::for_create(pool, &name, &newcomer.attributes)?;
    let now = cx.now();
    let id: UserId = random::uuid_v7(cx.random(), now.micros());
    let username = match name {
        NewName::Given(username) => username,
        NewName::FromAttribute { .. } => random::format_uuid(&id),
    };
    let mut user = User {
        id,
        username,
        status: newcomer.status,
        enabled: true,
        created: now,
        modified: now,
        attributes,
        hidden: Hidden::default(),
        version: 1,
    };
    if let Some(password) = password {
        let new = hashing::new_password(cx, pool, Owner::of(&user), password).await?;
        user_status::set_password(&mut user, &pool.password_policy(), new, PasswordLife::Permanent);
    }
    // Without a password of theirs, a user can only set a new one.
    user.status = if password.is_some() { newcomer.status } else { UserStatusType::ResetRequired };
    user.hidden.mfa.sms = newcomer.has_sms_mfa && user.attribute("phone_number").is_some();
    Ok(user)
}

/// The function knows a user whom this pool cannot take.
fn unusable(sign_in: &SignIn<'_>, error: Error) -> Error {
    let Error::Refused(refusal) = error else { return error };
    tracing::warn!(pool = sign_in.pool.id(), reason = %refusal.message, "a user cannot move in");
    let message = format!("Exception migrating user in app client {}", sign_in.client.id());
    Error::refused(Exception::UserNotFound, message)
}
