//! The common way of changing a user: find, apply a rule, write.

use std::sync::Arc;

use cognate_domain::User;
use cognate_store::Tx;

use crate::{Context, Error, OpenPool, directory};

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
