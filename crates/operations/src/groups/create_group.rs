//! `CreateGroup`.
//!
//! Errors: `ResourceNotFound` (pool), `GroupExists`, `LimitExceeded`, `InvalidParameter` (role of another account).

use std::sync::Arc;

use cognate_model::{CreateGroupRequest, CreateGroupResponse, Exception, GroupType};
use cognate_store::{groups, user_pools};

use crate::context::or_exists;
use crate::{Context, Error};

/// The most groups of a pool ("Quotas in Amazon Cognito").
const MOST_GROUPS: i64 = 10_000;

pub(crate) async fn handle(cx: &Context, request: CreateGroupRequest) -> Result<CreateGroupResponse, Error> {
    let pool = Arc::clone(&cx.pool(&request.user_pool_id).await?);
    super::check_role(cx, request.role_arn.as_deref())?;
    let now = cx.now();
    let group = Arc::new(GroupType {
        group_name: Some(request.group_name),
        user_pool_id: Some(request.user_pool_id),
        description: request.description,
        role_arn: request.role_arn,
        precedence: request.precedence,
        last_modified_date: Some(now),
        creation_date: Some(now),
    });
    let written = Arc::clone(&group);
    cx.write(move |tx| {
        if !user_pools::hold(tx, pool.id())? {
            return Err(Error::no_pool(pool.id()));
        }
        if groups::count(tx, pool.id())? >= MOST_GROUPS {
            let message = format!("A user pool has at most {MOST_GROUPS} groups.");
            return Err(Error::refused(Exception::LimitExceeded, message));
        }
        or_exists(groups::insert(tx, pool.id(), &written), || {
            Error::refused(Exception::GroupExists, "A group with the name already exists.")
        })
    })
    .await?;
    Ok(CreateGroupResponse { group: Some(Arc::unwrap_or_clone(group)) })
}
