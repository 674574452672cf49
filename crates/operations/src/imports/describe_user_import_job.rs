//! `DescribeUserImportJob`: where a job stands.
//!
//! Errors: `ResourceNotFound` (pool, job).

use cognate_model::{DescribeUserImportJobRequest, DescribeUserImportJobResponse};

use super::{find, shown};
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: DescribeUserImportJobRequest,
) -> Result<DescribeUserImportJobResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let stored = cx.read(|tx| find(tx, pool.id(), &request.job_id, cx.now())).await?;
    Ok(DescribeUserImportJobResponse { user_import_job: Some(shown(cx, &pool, stored)) })
}
