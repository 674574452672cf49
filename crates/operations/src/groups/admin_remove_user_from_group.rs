//! `AdminRemoveUserFromGroup`: leaves the user's next tokens. Not being in the group is no error.
//!
//! Errors: `ResourceNotFound` (pool, group), `UserNotFound`.

use std::sync::Arc;

use cognate_model::AdminRemoveUserFromGroupRequest;
use cognate_store::groups;

use crate::{Context, Error, directory};

pub(crate) async fn handle(cx: &Context, request: AdminRemoveUserFromGroupRequest) -> Result<(), Error> {
    let pool = Arc::clone(&cx.pool(&request.user_pool_id).await?);
    cx.write(move |tx| {
        let user = directory::get(tx, &pool, &request.username)?;
        groups::get(tx, pool.id(), &request.group_name)?.ok_or_else(Error::no_group)?;
        Ok(groups::remove_member(tx, pool.id(), &request.group_name, &user.id)?)
    })
    .await
}
