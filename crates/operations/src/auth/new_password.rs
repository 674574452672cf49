//! `NEW_PASSWORD_REQUIRED`: a temporary password is good for choosing a permanent one, and for nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_domain::{User, attribute_rules, client_rules, lockout, mfa_preference, password_policy, user_status};
use cognate_model::{ChallengeNameType, EventResponseType, EventType};
use cognate_store::users;

use super::flow::SignIn;
use super::session::Session;
use super::{Outcome, Parameters, password, secret_hash};
use crate::events::Attempt;
use crate::{Context, Error, directory, tokens};

/// Asks for a new password.
pub(super) async fn challenge(
    cx: &Context,
    sign_in: &SignIn<'_>,
    user: User,
    attempt: Attempt,
) -> Result<Outcome, Error> {
    let name = ChallengeNameType::NewPasswordRequired;
    let session = Session::start(cx, sign_in.client, &user, name, attempt.id).seal(cx, sign_in.pool)?;
    let missing: Vec<String> = attribute_rules::missing_required(sign_in.pool, &user)
        .into_iter()
        .map(|attribute| format!("userAttributes.{attribute}"))
        .collect();
    // The user is not signed in yet, and sees no more here than GetUser would show.
    let shown: BTreeMap<&str, &str> = user
        .attributes
        .iter()
        .filter(|(name, _)| !name.starts_with("dev:") && client_rules::readable(sign_in.client, sign_in.pool, name))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let parameters = BTreeMap::from([
        ("USER_ID_FOR_SRP".to_owned(), user.username.clone()),
        ("requiredAttributes".to_owned(), json(&missing)?),
        ("userAttributes".to_owned(), json(&shown)?),
    ]);
    let pool = Arc::clone(sign_in.pool);
    let attempt = attempt.password_right(EventResponseType::InProgress);
    let now = cx.now();
    cx.write(move |tx| {
        // Many guesses may be in flight at once: the right one among them counts only while the account is open.
        let current = users::by_id(tx, pool.id(), &user.id)?.ok_or_else(Error::no_user)?;
        lockout::check(&current.hidden.lockout, now)?;
        attempt.record(tx, &pool, &user.id)
    })
    .await?;
    Ok(Outcome::Challenge { name, session, parameters })
}

/// A map or list of texts as a JSON text, which is how this challenge carries them.
fn json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::internal(e.to_string()))
}

/// Takes the new password and the attributes that were missing.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let (pool, client) = (sign_in.pool, sign_in.client);
    let name = parameters.require("USERNAME")?;
    let new_password = parameters.require("NEW_PASSWORD")?;
    secret_hash::check(pool, client, &[name], parameters.get("SECRET_HASH"), secret_hash::Wording::Flow)?;
    let session = Session::open(cx, pool, client, ChallengeNameType::NewPasswordRequired, session)?;
    let user = cx
        .read(|tx| {
            session.check_unused(tx, pool.id())?;
            let user = directory::find(tx, pool, name)?;
            user.filter(|user| user.id == session.user)
                .ok_or_else(|| Error::not_authorized("Invalid session for the user."))
        })
        .await?;
    session.check_password(&user)?;
    if !user.enabled {
        return Err(Error::not_authorized("User is disabled."));
    }
    let change = attribute_rules::for_new_password(
        pool,
        &|attribute| client_rules::writable(client, pool, attribute),
        &user,
        &parameters.with_prefix("userAttributes."),
    )?;
    password_policy::check_length(new_password, "newPassword")?;
    password_policy::check(&pool.password_policy(), new_password)?;
    let hash = crate::users::new_password_hash(cx, pool, &user, new_password).await?;
    let now = cx.now();
    let (pool_, id) = (Arc::clone(pool), user.id);
    let (session_event, session) = (session.event, Arc::new(session));
    let user = cx
        .write(move |tx| {
            session.consume(tx, pool_.id(), now.micros())?;
            let before = users::by_id(tx, pool_.id(), &id)?.ok_or_else(Error::no_user)?;
            session.check_password(&before)?;
            let mut after = before.clone();
            change.apply(&mut after);
            user_status::answer_new_password(&mut after, &pool_.password_policy(), hash.clone())?;
            // Whoever guesses at the temporary password meanwhile does not keep its owner out.
            after.hidden.lockout = lockout::succeeded();
            after.modified = now;
            directory::update(tx, &pool_, &before, &after)?;
            after.version += 1;
            Ok(after)
        })
        .await?;
    let attempt = Attempt::resumed(cx, sign_in, EventType::SignIn, session_event);
    password::refuse_unbuilt_factor(&mfa_preference::next_factor(pool, &user)?)?;
    let attempt = attempt.password_right(EventResponseType::Pass);
    tokens::sign_in(cx, sign_in, user, attempt).await.map(Outcome::Tokens)
}
