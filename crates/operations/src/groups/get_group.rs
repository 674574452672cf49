//! `GetGroup`.
//!
//! Errors: `ResourceNotFound` (pool, group).

use cognate_model::{GetGroupRequest, GetGroupResponse};
use cognate_store::groups;

use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: GetGroupRequest) -> Result<GetGroupResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let found = cx.read(|tx| Ok(groups::get(tx, pool.id(), &request.group_name)?)).await?;
    Ok(GetGroupResponse { group: Some(found.ok_or_else(Error::no_group)?.group) })
}
