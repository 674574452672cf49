//! `AdminAddUserToGroup`: shows in the user's next tokens. Adding twice is no error.
//!
//! Errors: `ResourceNotFound` (pool, group), `UserNotFound`, `InvalidParameter` (a hundred groups already).

use std::sync::Arc;

use cognate_model::AdminAddUserToGroupRequest;
use cognate_store::{groups, users};

use crate::{Context, Error, directory};

/// The most groups of a user ("Quotas in Amazon Cognito").
const MOST_GROUPS: i64 = 100;

pub(crate) async fn handle(cx: &Context, request: AdminAddUserToGroupRequest) -> Result<(), Error> {
    let pool = Arc::clone(&cx.pool(&request.user_pool_id).await?);
    cx.write(move |tx| {
        let user = directory::get(tx, &pool, &request.username)?;
        groups::get(tx, pool.id(), &request.group_name)?.ok_or_else(Error::no_group)?;
        // Who is put into two groups at once is counted in both.
        if !users::hold(tx, pool.id(), &user.id)? {
            return Err(Error::no_user());
        }
        let is_new = groups::add_member(tx, pool.id(), &request.group_name, &user.id)?;
        if is_new && groups::count_of_user(tx, pool.id(), &user.id)? > MOST_GROUPS {
            return Err(Error::invalid(format!("A user is in at most {MOST_GROUPS} groups.")));
        }
        Ok(())
    })
    .await
}
