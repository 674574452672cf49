//! `ListUserImportJobs`: newest first, page by page.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (token).

use cognate_model::{ListUserImportJobsRequest, ListUserImportJobsResponse};
use cognate_store::import_jobs::{self, Place};

use super::{as_of, shown};
use crate::{Context, Error, page};

pub(crate) async fn handle(
    cx: &Context,
    request: ListUserImportJobsRequest,
) -> Result<ListUserImportJobsResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let question = ["ListUserImportJobs", pool.id()];
    let after: Option<Place> = page::open(cx, &pool, &question, request.pagination_token.as_deref())?;
    let size = page::size(Some(request.max_results));
    let found = cx.read(|tx| Ok(import_jobs::list(tx, pool.id(), after.as_ref(), size + 1)?)).await?;
    let (found, more) = page::cut(found, size);
    let place = |stored: &import_jobs::StoredJob| {
        (stored.job.creation_date.unwrap_or_default().micros(), stored.id().to_owned())
    };
    let last = found.last().filter(|_| more);
    let pagination_token = last.map(|last| page::seal(cx, &pool, &question, place(last))).transpose()?;
    let jobs = found.into_iter().map(|stored| shown(cx, &pool, as_of(stored, cx.now()))).collect();
    Ok(ListUserImportJobsResponse { user_import_jobs: Some(jobs), pagination_token })
}
