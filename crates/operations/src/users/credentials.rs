//! New passwords of users: checked against the pool's history, then hashed.

use std::sync::Arc;

use cognate_domain::user::NewPassword;
use cognate_domain::{User, password_policy};

use crate::hashing::{self, Owner};
use crate::{Context, Error, OpenPool};

/// Hashes a new password that the policy has accepted, unless the pool's history forbids it.
pub(crate) async fn new_password(
    cx: &Context,
    pool: &Arc<OpenPool>,
    user: &User,
    password: &str,
) -> Result<NewPassword, Error> {
    let remembered = usize::try_from(pool.password_policy().password_history_size.unwrap_or(0)).unwrap_or(0);
    let stored = &user.hidden.password;
    for hash in stored.hash.iter().chain(&stored.history).take(remembered) {
        if hashing::verify(cx, password, Some(hash)).await? {
            return Err(password_policy::used_before().into());
        }
    }
    hashing::new_password(cx, pool, Owner::of(user), password).await
}
