//! `DeleteGroup`: the group and its memberships; the users stay.
//!
//! Errors: `ResourceNotFound` (pool, group).

use std::sync::Arc;

use cognate_model::DeleteGroupRequest;
use cognate_store::groups;

use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: DeleteGroupRequest) -> Result<(), Error> {
    let pool = Arc::clone(&cx.pool(&request.user_pool_id).await?);
    cx.write(
        move |tx| {
            if groups::delete(tx, pool.id(), &request.group_name)? { Ok(()) } else { Err(Error::no_group()) }
        },
    )
    .await
}
