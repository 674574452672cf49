//! The common way of changing a user: find, apply a rule, write.

use std::sync::Arc;

use cognate_domain::User;
use cognate_store::{Tx, users};

use crate::directory::{self, Claim};
use crate::tokens::SignedIn;
use crate::{Context, Error, OpenPool};

/// Finds a user, applies `rule`, and writes what changed. A rule that leaves the user as it was writes nothing.
pub(crate) async fn change_user<T, F>(cx: &Context, pool: &Arc<OpenPool>, name: String, rule: F) -> Result<T, Error>
where
    F: Fn(&mut dyn Tx, &OpenPool, &mut User) -> Result<T, Error> + Send + 'static,
    T: Send + 'static,
{
    let (pool, now) = (Arc::clone(pool), cx.now());
    cx.write(move |tx| {
        let before = directory::get(tx, &pool, &name)?;
        let mut after = before.clone();
        let outcome = rule(tx, &pool, &mut after)?;
        if after != before {
            after.modified = now;
            directory::update(tx, &pool, &before, &after)?;
        }
        Ok(outcome)
    })
    .await
}

/// The same for users who change what is theirs: an address that somebody else has is refused to them.
pub(crate) async fn change_own<T, F>(cx: &Context, signed_in: &SignedIn, rule: F) -> Result<T, Error>
where
    F: Fn(&mut dyn Tx, &OpenPool, &mut User) -> Result<T, Error> + Send + 'static,
    T: Send + 'static,
{
    let (pool, id, now) = (Arc::clone(&signed_in.pool), signed_in.user.id, cx.now());
    cx.write(move |tx| {
        let before = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        let mut after = before.clone();
        let outcome = rule(tx, &pool, &mut after)?;
        if after != before {
            after.modified = now;
            directory::update_claiming(tx, &pool, &before, &after, Claim::Refused)?;
        }
        Ok(outcome)
    })
    .await
}
