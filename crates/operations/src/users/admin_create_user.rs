//! `AdminCreateUser`: a user with a temporary password, and an invitation; or the invitation again. Where codes suffice to
//! sign in, a user without a password if none is given.
//!
//! Errors: `ResourceNotFound` (pool), `UsernameExists` (name or address taken), `InvalidParameter` (name, schema, medium),
//! `InvalidPassword`, `UserNotFound` and `UnsupportedUserState` (RESEND), `UserLambdaValidation`, `UnexpectedLambda` and
//! `InvalidLambdaResponse` (triggers; nothing was changed).

use std::sync::Arc;

use cognate_crypto::random;
use cognate_domain::user::{Hidden, Password, UserId};
use cognate_domain::user_status::{self, Destination, PasswordLife};
use cognate_domain::usernames::{self, NewName};
use cognate_domain::{User, attribute_rules, password_policy, sign_in};
use cognate_model::{
    AdminCreateUserRequest, AdminCreateUserResponse, DeliveryMediumType, MessageActionType, UserStatusType,
};
use zeroize::Zeroizing;

use super::user_type;
use crate::directory::{self, Claim};
use crate::hashing::{self, Owner};
use crate::messages::{Cause, Occasion, Writer};
use crate::outbox::{self, Message, Posted};
use crate::triggers::Occasion as For;
use crate::triggers::pre_sign_up::{self, Given};
use crate::{Context, Error, OpenPool};

pub(crate) async fn handle(cx: &Context, request: AdminCreateUserRequest) -> Result<AdminCreateUserResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let user = match request.message_action {
        Some(MessageActionType::Resend) => invite_again(cx, &pool, &request).await?,
        _ => create(cx, &pool, &request).await?,
    };
    Ok(AdminCreateUserResponse { user: Some(user_type(&user)) })
}

async fn create(cx: &Context, pool: &Arc<OpenPool>, request: &AdminCreateUserRequest) -> Result<User, Error> {
    let name = usernames::check_new(pool, &request.username)?;
    let given = request.user_attributes.as_deref().unwrap_or_default();
    let attributes = attribute_rules::for_create(pool, &name, given)?;
    // Who can sign in by codes needs no password unless one is given (`TemporaryPassword`, API Reference).
    let does_without = request.temporary_password.is_none() && sign_in::codes_suffice(pool, &attributes);
    let temporary = if does_without { None } else { Some(temporary_password(cx, pool, request)?) };
    let now = cx.now();
    let id: UserId = random::uuid_v7(cx.random(), now.micros());
    let username = match name {
        NewName::Given(username) => username,
        NewName::FromAttribute { .. } => random::format_uuid(&id),
    };
    // The function may refuse; what it would confirm or verify is the administrator's business here.
    let occasion = For { pool, client: None, user_name: &username };
    let given = Given { validation: request.validation_data.as_deref(), metadata: request.client_metadata.as_ref() };
    pre_sign_up::ask(cx, occasion, "PreSignUp_AdminCreateUser", &attributes, given).await?;
    let (status, password) = match &temporary {
        None => (UserStatusType::Confirmed, Password::default()),
        Some(temporary) => {
            let new = hashing::new_password(cx, pool, Owner { id, username: &username }, temporary).await?;
            let until = Some(user_status::temporary_until(pool, now).micros());
            (UserStatusType::ForceChangePassword, Password::first(new, until))
        }
    };
    let user = User {
        id,
        username,
        status,
        enabled: true,
        created: now,
        modified: now,
        attributes,
        hidden: Hidden { password, ..Hidden::default() },
        version: 1,
    };
    let claim = if request.force_alias_creation == Some(true) { Claim::Moved } else { Claim::Refused };
    let invitation = Arc::new(match &temporary {
        // An invitation carries the temporary password; without one there is nothing to say.
        None => Vec::new(),
        Some(temporary) => invitation(cx, pool, &user, temporary, request).await?,
    });
    let (pool, user, posted) = (Arc::clone(pool), Arc::new(user), Arc::clone(&invitation));
    let created = Arc::clone(&user);
    cx.write(move |tx| {
        directory::insert(tx, &pool, &user, claim, usernames::taken)?;
        posted.iter().try_for_each(|message| message.insert(tx))
    })
    .await?;
    invitation.iter().for_each(Posted::announce);
    Ok(Arc::unwrap_or_clone(created))
}

/// A new temporary password and its validity from now; the attributes of the request are not looked at.
async fn invite_again(cx: &Context, pool: &Arc<OpenPool>, request: &AdminCreateUserRequest) -> Result<User, Error> {
    let user = cx.read(|tx| directory::get(tx, pool, &request.username)).await?;
    user_status::check_resend(&user)?;
    let temporary = temporary_password(cx, pool, request)?;
    let new = hashing::new_password(cx, pool, Owner::of(&user), &temporary).await?;
    let now = cx.now();
    let invitation = Arc::new(invitation(cx, pool, &user, &temporary, request).await?);
    let (pool, posted) = (Arc::clone(pool), Arc::clone(&invitation));
    let user = cx
        .write(move |tx| {
            let before = cognate_store::users::by_id(tx, pool.id(), &user.id)?.ok_or_else(Error::no_user)?;
            user_status::check_resend(&before)?;
            let mut after = before.clone();
            let life = PasswordLife::TemporaryUntil(user_status::temporary_until(&pool, now));
            user_status::set_password(&mut after, &pool.password_policy(), new.clone(), life);
            after.modified = now;
            directory::update(tx, &pool, &before, &after)?;
            posted.iter().try_for_each(|message| message.insert(tx))?;
            Ok(after)
        })
        .await?;
    invitation.iter().for_each(Posted::announce);
    Ok(user)
}

/// The password of the request, or one made up to fit the policy.
fn temporary_password(
    cx: &Context,
    pool: &OpenPool,
    request: &AdminCreateUserRequest,
) -> Result<Zeroizing<String>, Error> {
    let policy = pool.password_policy();
    let Some(given) = &request.temporary_password else {
        return Ok(Zeroizing::new(password_policy::generate(&policy, cx.random())));
    };
    password_policy::check(&policy, given.expose())?;
    Ok(Zeroizing::new(given.expose().to_owned()))
}

/// The invitation by every medium that is wanted and possible. SMS is the default; a medium that was asked for by
/// name needs its attribute, and without any address nothing is sent (recorded from the live service).
async fn invitation(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    password: &str,
    request: &AdminCreateUserRequest,
) -> Result<Vec<Posted>, Error> {
    let targets = destinations(user, request)?;
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let metadata = request.client_metadata.as_ref();
    let cause = Cause { occasion: Occasion::AdminCreateUser, client: None, metadata };
    let writer = Writer::new(cx, pool, user, cause).await?;
    let post = |target: &Destination| {
        let message = Message {
            temporary_password: Some(password.to_owned()),
            ..Message::new(cx, pool, user, target, &writer, password)
        };
        outbox::seal_message(cx, pool, user, &message)
    };
    targets.iter().map(post).collect()
}

fn destinations(user: &User, request: &AdminCreateUserRequest) -> Result<Vec<Destination>, Error> {
    let asked = request.desired_delivery_mediums.as_deref().unwrap_or_default();
    let mediums: &[DeliveryMediumType] = if asked.is_empty() { &[DeliveryMediumType::Sms] } else { asked };
    let mut targets: Vec<Destination> = Vec::new();
    if request.message_action == Some(MessageActionType::Suppress) {
        return Ok(targets);
    }
    for medium in mediums.iter().copied() {
        if targets.iter().any(|earlier| earlier.medium == medium) {
            continue;
        }
        let attribute = match medium {
            DeliveryMediumType::Sms => "phone_number",
            DeliveryMediumType::Email => "email",
        };
        match user.attribute(attribute) {
            Some(address) => targets.push(Destination { medium, attribute, value: address.to_owned() }),
            None if asked.is_empty() => {}
            None => {
                return Err(Error::invalid(format!(
                    "User has no {attribute}, so the invitation cannot be delivered by {medium}."
                )));
            }
        }
    }
    Ok(targets)
}
