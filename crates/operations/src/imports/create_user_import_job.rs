//! `CreateUserImportJob`: a job that waits for its file, and the address to send it to.
//!
//! Errors: `ResourceNotFound` (pool), `LimitExceeded` (1,000 jobs of the pool), `InvalidParameter`
//! (`PasswordHashingAlgorithm`: which column holds the hashes is not documented; `cognate import` takes them).

use std::sync::Arc;

use cognate_crypto::random;
use cognate_model::{
    CreateUserImportJobRequest, CreateUserImportJobResponse, Exception, UserImportJobStatusType, UserImportJobType,
};
use cognate_store::import_jobs::{self, StoredJob};
use cognate_store::user_pools;

use super::shown;
use crate::{Context, Error};

/// The most jobs of a pool ("Quotas in Amazon Cognito").
const MOST: i64 = 1_000;
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(crate) async fn handle(
    cx: &Context,
    request: CreateUserImportJobRequest,
) -> Result<CreateUserImportJobResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    if request.password_hashing_algorithm.is_some() {
        return Err(Error::invalid("PasswordHashingAlgorithm is not supported by this version of Cognate."));
    }
    let job = UserImportJobType {
        job_name: Some(request.job_name),
        job_id: Some(format!("import-{}", random::string(cx.random(), LETTERS, 10))),
        user_pool_id: Some(pool.id().to_owned()),
        creation_date: Some(cx.now()),
        status: Some(UserImportJobStatusType::Created),
        cloud_watch_logs_role_arn: Some(request.cloud_watch_logs_role_arn),
        imported_users: Some(0),
        skipped_users: Some(0),
        failed_users: Some(0),
        ..UserImportJobType::default()
    };
    let stored = StoredJob::new(job);
    let (to, new) = (Arc::clone(&pool), stored.clone());
    cx.write(move |tx| {
        if !user_pools::hold(tx, to.id())? {
            return Err(Error::no_pool(to.id()));
        }
        if import_jobs::count(tx, to.id())? >= MOST {
            let message = format!("A user pool can have at most {MOST} user import jobs.");
            return Err(Error::refused(Exception::LimitExceeded, message));
        }
        Ok(import_jobs::insert(tx, to.id(), &new)?)
    })
    .await?;
    Ok(CreateUserImportJobResponse { user_import_job: Some(shown(cx, &pool, stored)) })
}
