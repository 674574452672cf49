//! `StartUserImportJob`: the users of the file are taken in, in the background.
//!
//! Errors: `ResourceNotFound` (pool, job), `PreconditionNotMet` (started before, expired, another job of the pool runs, or
//! the pool verifies no attribute). The texts are not recorded.

use std::sync::Arc;

use cognate_domain::import_csv;
use cognate_model::{StartUserImportJobRequest, StartUserImportJobResponse, UserImportJobStatusType as Status};
use cognate_store::{import_jobs, user_pools};

use super::{find, keeper, not_met, run, shown};
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: StartUserImportJobRequest,
) -> Result<StartUserImportJobResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let (of, now, owner) = (Arc::clone(&pool), cx.now(), keeper::new_owner(cx));
    let new = owner.clone();
    let stored = cx
        .write(move |tx| {
            // Of two jobs of a pool that are started at once, one is the other's "another job".
            if !user_pools::hold(tx, of.id())? {
                return Err(Error::no_pool(of.id()));
            }
            let mut stored = find(tx, of.id(), &request.job_id, now)?;
            if stored.status() != Status::Created {
                return Err(not_met(format!("The user import job cannot be started: it is {}.", stored.status())));
            }
            if !import_csv::has_verified_attributes(&of) {
                return Err(not_met("The user pool must have at least one auto-verified attribute."));
            }
            if import_jobs::is_one_running(tx, of.id())? {
                return Err(not_met("Another user import job of the user pool is in progress."));
            }
            stored.job.status = Some(Status::Pending);
            stored.job.start_date = Some(now);
            keeper::lease(&new, &mut stored, now);
            import_jobs::update(tx, of.id(), &stored)?;
            Ok(stored)
        })
        .await?;
    tokio::spawn(run::run(cx.clone(), Arc::clone(&pool), stored.id().to_owned(), owner));
    Ok(StartUserImportJobResponse { user_import_job: Some(shown(cx, &pool, stored)) })
}
