//! `UpdateGroup`: changes what the request names; what it leaves out is kept.
//!
//! Errors: `ResourceNotFound` (pool, group), `InvalidParameter` (role of another account).

use std::sync::Arc;

use cognate_model::{UpdateGroupRequest, UpdateGroupResponse};
use cognate_store::groups;

use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: UpdateGroupRequest) -> Result<UpdateGroupResponse, Error> {
    let pool = Arc::clone(&cx.pool(&request.user_pool_id).await?);
    super::check_role(cx, request.role_arn.as_deref())?;
    let now = cx.now();
    let group = cx
        .write(move |tx| {
            let mut stored = groups::get(tx, pool.id(), &request.group_name)?.ok_or_else(Error::no_group)?;
            let group = &mut stored.group;
            group.description = request.description.clone().or(group.description.take());
            group.role_arn = request.role_arn.clone().or(group.role_arn.take());
            group.precedence = request.precedence.or(group.precedence);
            group.last_modified_date = Some(now);
            groups::update(tx, pool.id(), &stored)?;
            Ok(stored.group)
        })
        .await?;
    Ok(UpdateGroupResponse { group: Some(group) })
}
