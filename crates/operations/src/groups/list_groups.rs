//! `ListGroups`: in the order of names, page by page.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (token).

use cognate_model::{ListGroupsRequest, ListGroupsResponse};
use cognate_store::groups;

use crate::{Context, Error, page};

pub(crate) async fn handle(cx: &Context, request: ListGroupsRequest) -> Result<ListGroupsResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let question = ["ListGroups", pool.id()];
    let after: Option<String> = page::open(cx, &pool, &question, request.next_token.as_deref())?;
    let (size, after) = (page::size(request.limit), after.unwrap_or_default());
    let found = cx.read(|tx| Ok(groups::list(tx, pool.id(), &after, size + 1)?)).await?;
    let (found, more) = page::cut(found, size);
    let last = found.last().filter(|_| more);
    let next_token = last.map(|last| page::seal(cx, &pool, &question, &last.group.group_name)).transpose()?;
    let groups = found.into_iter().map(|stored| stored.group).collect();
    Ok(ListGroupsResponse { groups: Some(groups), next_token })
}
