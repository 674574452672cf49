//! `StopUserImportJob`: no more rows are taken; the users that are in stay.
//!
//! Errors: `ResourceNotFound` (pool, job), `PreconditionNotMet` (the job is not on its way; the text is not recorded).

use std::sync::Arc;

use cognate_model::{StopUserImportJobRequest, StopUserImportJobResponse, UserImportJobStatusType as Status};
use cognate_store::import_jobs;

use super::{find, not_met, shown};
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: StopUserImportJobRequest,
) -> Result<StopUserImportJobResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let (of, now) = (Arc::clone(&pool), cx.now());
    let stored = cx
        .write(move |tx| {
            let mut stored = find(tx, of.id(), &request.job_id, now)?;
            if !matches!(stored.status(), Status::Pending | Status::InProgress) {
                return Err(not_met(format!("The user import job cannot be stopped: it is {}.", stored.status())));
            }
            stored.job.status = Some(Status::Stopping);
            import_jobs::update(tx, of.id(), &stored)?;
            Ok(stored)
        })
        .await?;
    Ok(StopUserImportJobResponse { user_import_job: Some(shown(cx, &pool, stored)) })
}
