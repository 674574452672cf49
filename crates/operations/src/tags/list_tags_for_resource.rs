//! `ListTagsForResource`.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (ARN).

use cognate_model::{ListTagsForResourceRequest, ListTagsForResourceResponse};

use super::pool_of;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, Error> {
    let pool = cx.pool(&pool_of(cx, &request.resource_arn)?).await?;
    Ok(ListTagsForResourceResponse { tags: Some(pool.config.user_pool_tags.clone().unwrap_or_default()) })
}
