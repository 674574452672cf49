//! Sessions of users, one by one: listed, revoked, limited ("Managing user sessions" in the developer guide).
//!
//! A session is the family of a refresh token. Sessions of the hosted pages (`sso…`) do not exist, because the pages do
//! not; so no session is linked to another, and `RevokeAssociatedSessions` has nothing to add.

pub mod admin_list_user_sessions;
pub mod admin_revoke_user_session;
pub mod get_user_pool_client_session_configuration;
pub mod get_user_pool_session_configuration;
pub mod list_user_sessions;
pub mod revoke_user_session;
pub mod set_user_pool_client_session_configuration;
pub mod set_user_pool_session_configuration;

use std::collections::HashMap;
use std::sync::Arc;

use cognate_domain::session_id;
use cognate_domain::session_tracking;
use cognate_domain::user::UserId;
use cognate_model::{SessionDescriptionType, SessionLocationType, SessionTypeType, Timestamp};
use cognate_store::refresh_tokens::{self, Family};

use crate::{Context, Error, OpenPool, page};

/// The size of a page (`ListUserSessions`, API Reference).
const PAGE: i64 = 125;

/// What stands for a country that is not known (`SessionLocationType`, API Reference).
const UNKNOWN: &str = "unknown";

/// A page of a user's sessions, and the token of the next one. `current` is the event of the caller's own sign-in.
async fn list(
    cx: &Context,
    pool: &OpenPool,
    user: &UserId,
    operation: &str,
    token: Option<&str>,
    current: Option<&[u8; 16]>,
) -> Result<(Vec<SessionDescriptionType>, Option<String>), Error> {
    let sub = cognate_crypto::random::format_uuid(user);
    let question = [operation, pool.id(), &sub];
    let before: Option<[u8; 16]> = page::open(cx, pool, &question, token)?;
    if session_tracking::limit(pool).is_none() {
        return Ok((Vec::new(), None));
    }
    let now = cx.now().micros();
    let found =
        cx.read(|tx| Ok(refresh_tokens::sessions(tx, pool.id(), user, now, before.as_ref(), PAGE + 1)?)).await?;
    let (families, more) = page::cut(found, PAGE);
    let last = families.last().filter(|_| more);
    let next_token = last.map(|last| page::seal(cx, pool, &question, last.id)).transpose()?;
    let families = of_living_clients(cx, pool, families).await?;
    Ok((families.iter().map(|family| describe(family, current)).collect(), next_token))
}

/// A session ends with its app client.
async fn of_living_clients(cx: &Context, pool: &OpenPool, families: Vec<Family>) -> Result<Vec<Family>, Error> {
    let mut lives = HashMap::new();
    for family in &families {
        if !lives.contains_key(&family.client) {
            let found = match cx.client_of(pool.id(), &family.client).await {
                Ok(_) => true,
                Err(Error::Refused(_)) => false,
                Err(error) => return Err(error),
            };
            lives.insert(family.client.clone(), found);
        }
    }
    Ok(families.into_iter().filter(|family| lives.get(&family.client) == Some(&true)).collect())
}

fn describe(family: &Family, current: Option<&[u8; 16]>) -> SessionDescriptionType {
    let activity = family.activity.as_ref();
    SessionDescriptionType {
        session_id: Some(session_id::format(&family.id)),
        session_type: Some(SessionTypeType::Token),
        client_id: Some(family.client.clone()),
        create_date: Some(Timestamp::from_micros(family.auth_time)),
        last_active_date: activity.map(|last| Timestamp::from_micros(last.at)),
        device_type: activity.map(|last| last.device_type.clone()),
        last_ip_address: activity.map(|last| last.address.clone()).filter(|address| !address.is_empty()),
        last_location: Some(SessionLocationType { city: None, country: Some(UNKNOWN.to_owned()) }),
        origin_session_id: None,
        is_current_session: Some(current == Some(&family.event)),
    }
}

/// Ends a session of this user. Neither the exception nor its text is recorded.
async fn revoke(
    cx: &Context,
    pool: &Arc<OpenPool>,
    user: UserId,
    session: &str,
    current: Option<[u8; 16]>,
) -> Result<(), Error> {
    let unknown = || Error::not_found("Session does not exist.");
    let id = session_id::parse(session).filter(|_| session_tracking::limit(pool).is_some()).ok_or_else(unknown)?;
    let (pool, now) = (Arc::clone(pool), cx.now().micros());
    cx.write(move |tx| {
        let family = refresh_tokens::get(tx, pool.id(), &user, &id)?;
        let is_listed = |family: &Family| !family.revoked && family.expires > now && family.activity.is_some();
        let family = family.filter(is_listed).ok_or_else(unknown)?;
        if current == Some(family.event) {
            return Err(Error::invalid("The current session cannot be revoked."));
        }
        Ok(refresh_tokens::revoke(tx, pool.id(), &user, &id)?)
    })
    .await
}
