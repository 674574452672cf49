//! `AdminSetUserPassword`: sets a password, permanent or temporary.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `InvalidPassword`, `PasswordHistoryPolicyViolation`.

use std::sync::Arc;

use cognate_domain::user_status::{self, PasswordLife};
use cognate_domain::{lockout, password_policy};
use cognate_model::{AdminSetUserPasswordRequest, AdminSetUserPasswordResponse};
use cognate_store::users;

use super::new_password;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminSetUserPasswordRequest,
) -> Result<AdminSetUserPasswordResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let password = request.password.expose();
    let user = cx.read(|tx| directory::get(tx, &pool, &request.username)).await?;
    password_policy::check(&pool.password_policy(), password)?;
    let new = new_password(cx, &pool, &user, password).await?;
    let now = cx.now();
    let life = if request.permanent.unwrap_or(false) {
        PasswordLife::Permanent
    } else {
        PasswordLife::TemporaryUntil(user_status::temporary_until(&pool, now))
    };
    let pool = Arc::clone(&pool);
    cx.write(move |tx| {
        let before = users::by_id(tx, pool.id(), &user.id)?.ok_or_else(Error::no_user)?;
        let mut after = before.clone();
        user_status::set_password(&mut after, &pool.password_policy(), new.clone(), life);
        after.hidden.lockout = lockout::succeeded();
        after.modified = now;
        directory::update(tx, &pool, &before, &after)
    })
    .await?;
    Ok(AdminSetUserPasswordResponse::default())
}
