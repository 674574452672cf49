//! `AdminListGroupsForUser`: in the order of names, page by page.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `InvalidParameter` (token).

use cognate_model::{AdminListGroupsForUserRequest, AdminListGroupsForUserResponse};
use cognate_store::groups;

use crate::{Context, Error, directory, page};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminListGroupsForUserRequest,
) -> Result<AdminListGroupsForUserResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let question = ["AdminListGroupsForUser", pool.id(), request.username.as_str()];
    let after: Option<String> = page::open(cx, &pool, &question, request.next_token.as_deref())?;
    let (size, after) = (page::size(request.limit), after.unwrap_or_default());
    let found = cx
        .read(|tx| {
            let user = directory::get(tx, &pool, &request.username)?;
            Ok(groups::of_user(tx, pool.id(), &user.id, &after, size + 1)?)
        })
        .await?;
    let (groups, more) = page::cut(found, size);
    let last = groups.last().filter(|_| more);
    let next_token = last.map(|last| page::seal(cx, &pool, &question, &last.group_name)).transpose()?;
    Ok(AdminListGroupsForUserResponse { groups: Some(groups), next_token })
}
