//! Passwords: hashed and compared on the work pool, within its bounds.

use std::sync::Arc;

use cognate_crypto::password::PasswordHash;
use cognate_domain::User;
use cognate_domain::user::{NewPassword, UserId};
use zeroize::Zeroizing;

use crate::verifier::Kept;
use crate::{Context, Error, OpenPool, Services};

/// Whose password it is: the verifier of SRP holds for one user and one name.
pub(crate) struct Owner<'a> {
    /// The user's id.
    pub(crate) id: UserId,
    /// The user's name.
    pub(crate) username: &'a str,
}

impl<'a> Owner<'a> {
    /// A user who is stored already.
    pub(crate) fn of(user: &'a User) -> Self {
        Self { id: user.id, username: &user.username }
    }
}

/// A new password as it is kept.
pub(crate) async fn new_password(
    cx: &Context,
    pool: &Arc<OpenPool>,
    owner: Owner<'_>,
    password: &str,
) -> Result<NewPassword, Error> {
    if is_cheap(cx) {
        return Ok(make(cx, pool, &owner.id, owner.username, password));
    }
    let (password, username) = (Zeroizing::new(password.to_owned()), owner.username.to_owned());
    let (services, pool) = (cx.services(), Arc::clone(pool));
    cx.work.run(move || make(&services, &pool, &owner.id, &username, &password)).await
}

fn make(services: &Services, pool: &OpenPool, id: &UserId, username: &str, password: &str) -> NewPassword {
    NewPassword {
        hash: services.hasher.hash(password, &*services.random).as_str().to_owned(),
        verifier: Kept::new(services, pool.id(), username, password).seal(services, pool, id),
    }
}

/// Whether the hash should be made anew at the next right password: another system made it, or its cost was another.
pub(crate) fn is_outdated(services: &Services, hash: &str) -> bool {
    PasswordHash::parse(hash).is_some_and(|hash| hash.needs_rehash(services.hasher.cost()))
}

/// Whether the password belongs to the hash. Without a hash the same work is done, so that an unknown user takes as
/// long as a known one.
pub(crate) async fn verify(cx: &Context, password: &str, hash: Option<&str>) -> Result<bool, Error> {
    let hash = hash.and_then(PasswordHash::parse);
    if is_cheap(cx) {
        return Ok(compare(&cx.hasher, password, hash.as_ref()));
    }
    let password = Zeroizing::new(password.to_owned());
    let services = cx.services();
    cx.work.run(move || compare(&services.hasher, &password, hash.as_ref())).await
}

fn compare(hasher: &cognate_crypto::password::PasswordHasher, password: &str, hash: Option<&PasswordHash>) -> bool {
    if let Some(hash) = hash {
        hasher.verify(password, hash)
    } else {
        hasher.dummy_verify(password);
        false
    }
}

/// Hashes of `dev` cost microseconds, less than handing them to another thread.
fn is_cheap(cx: &Context) -> bool {
    cx.settings.hash_cost == cognate_crypto::password::HashCost::DEV
}
