//! `TagResource`: adds tags to a pool or changes them.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (ARN, more than fifty tags).

use cognate_model::{TagResourceRequest, TagResourceResponse};

use super::{MOST_TAGS, pool_of};
use crate::user_pools::change_pool;
use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: TagResourceRequest) -> Result<TagResourceResponse, Error> {
    let id = pool_of(cx, &request.resource_arn)?;
    change_pool(cx, id, move |_, pool| {
        let tags = pool.config.user_pool_tags.get_or_insert_default();
        tags.extend(request.tags.clone());
        if tags.len() > MOST_TAGS {
            return Err(Error::invalid(format!("A user pool has at most {MOST_TAGS} tags.")));
        }
        Ok(())
    })
    .await?;
    Ok(TagResourceResponse::default())
}
