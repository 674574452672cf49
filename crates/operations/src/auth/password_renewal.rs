//! Passwords that are kept in a form of elsewhere, or of another time: the right one, in clear, is kept anew.

use std::sync::Arc;

use cognate_domain::User;
use cognate_store::users;

use crate::hashing::{self, Owner};
use crate::{Context, Error, OpenPool};

/// Whether the user's password is kept in a form that is not of today.
pub(super) fn is_due(cx: &Context, user: &User) -> bool {
    let kept = &user.hidden.password;
    kept.hash.as_ref().is_some_and(|hash| kept.lacks_verifier || hashing::is_outdated(cx, hash))
}

/// The user, with the right password in the form of today: hashed at the cost of this server, and with what SRP checks
/// it by. That it could not be renewed is no reason to turn somebody away: the next sign-in tries again.
pub(super) async fn renewed(cx: &Context, pool: &Arc<OpenPool>, user: User, password: &str) -> User {
    match renew(cx, pool, &user, password).await {
        Ok(renewed) => renewed,
        Err(error) => {
            tracing::warn!(%error, "a password was not kept in the form of today");
            user
        }
    }
}

async fn renew(cx: &Context, pool: &Arc<OpenPool>, user: &User, password: &str) -> Result<User, Error> {
    let new = hashing::new_password(cx, pool, Owner::of(user), password).await?;
    let (pool, id, judged) = (Arc::clone(pool), user.id, user.hidden.password.hash.clone());
    cx.write(move |tx| {
        let mut user = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        // Somebody set another password meanwhile: this one is not kept again.
        if user.hidden.password.hash == judged {
            user.hidden.password.renew(new.clone());
            users::update(tx, pool.id(), &user)?;
            user.version += 1;
        }
        Ok(user)
    })
    .await
}
