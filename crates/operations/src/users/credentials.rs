//! New passwords of users: checked against the pool's history, then hashed.

use cognate_domain::{Pool, User, password_policy};

use crate::{Context, Error, hashing};

/// Hashes a new password that the policy has accepted, unless the pool's history forbids it.
pub(crate) async fn new_password_hash(cx: &Context, pool: &Pool, user: &User, password: &str) -> Result<String, Error> {
    let remembered = usize::try_from(pool.password_policy().password_history_size.unwrap_or(0)).unwrap_or(0);
    let stored = &user.hidden.password;
    for hash in stored.hash.iter().chain(&stored.history).take(remembered) {
        if hashing::verify(cx, password, Some(hash)).await? {
            return Err(password_policy::used_before().into());
        }
    }
    hashing::hash(cx, password).await
}
