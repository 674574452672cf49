//! `UntagResource`: removes tags of a pool. A tag that is not there is no error.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (ARN).

use cognate_model::{UntagResourceRequest, UntagResourceResponse};

use super::pool_of;
use crate::user_pools::change_pool;
use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: UntagResourceRequest) -> Result<UntagResourceResponse, Error> {
    let id = pool_of(cx, &request.resource_arn)?;
    change_pool(cx, id, move |_, pool| {
        if let Some(tags) = &mut pool.config.user_pool_tags {
            tags.retain(|key, _| !request.tag_keys.contains(key));
        }
        Ok(())
    })
    .await?;
    Ok(UntagResourceResponse::default())
}
