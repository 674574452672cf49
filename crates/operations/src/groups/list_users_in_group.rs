//! `ListUsersInGroup`: in the order of creation, page by page.
//!
//! Errors: `ResourceNotFound` (pool, group), `InvalidParameter` (token).

use cognate_domain::user::UserId;
use cognate_model::{ListUsersInGroupRequest, ListUsersInGroupResponse};
use cognate_store::{groups, users};

use crate::users::user_type;
use crate::{Context, Error, page};

pub(crate) async fn handle(cx: &Context, request: ListUsersInGroupRequest) -> Result<ListUsersInGroupResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let name = request.group_name.as_str();
    let question = ["ListUsersInGroup", pool.id(), name];
    let after: Option<UserId> = page::open(cx, &pool, &question, request.next_token.as_deref())?;
    let size = page::size(request.limit);
    let (users, last) = cx
        .read(|tx| {
            groups::get(tx, pool.id(), name)?.ok_or_else(Error::no_group)?;
            let found = groups::members(tx, pool.id(), name, after.as_ref(), size + 1)?;
            let (ids, more) = page::cut(found, size);
            let mut users = Vec::with_capacity(ids.len());
            for id in &ids {
                // A member who was deleted between the two reads is simply not there.
                users.extend(users::by_id(tx, pool.id(), id)?);
            }
            Ok((users, ids.last().copied().filter(|_| more)))
        })
        .await?;
    let next_token = last.map(|last| page::seal(cx, &pool, &question, last)).transpose()?;
    Ok(ListUsersInGroupResponse { users: Some(users.iter().map(user_type).collect()), next_token })
}
