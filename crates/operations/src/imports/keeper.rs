//! Jobs of servers that are gone, where several share a database.

use std::sync::Arc;
use std::time::Duration;

use cognate_crypto::random;
use cognate_model::{Timestamp, UserImportJobStatusType as Status};
use cognate_store::import_jobs::{self, StoredJob};
use tokio::task::JoinHandle;

use super::run;
use crate::{Caller, Context, Error, OpenPool, Services};

/// How long a job is its owner's, in seconds. It renews the lease with every batch of rows.
const LEASE: i64 = 60;
/// How long a job that nobody leased is left alone after its start, in seconds: servers that know no leases may run
/// beside this one while they are being replaced.
const UNLEASED: i64 = 3_600;
/// How often is looked for jobs whose lease has ended.
const POLL: Duration = Duration::from_secs(2);

/// Takes over import jobs whose server is gone. It stops when it is dropped.
pub struct Keeper(Option<JoinHandle<()>>);

impl Keeper {
    /// Begins to look after them, where there can be any.
    pub fn start(services: &Arc<Services>) -> Self {
        if !services.store.is_shared() {
            return Self(None);
        }
        let cx = Context::new(Arc::clone(services), Caller::default());
        Self(Some(tokio::spawn(async move {
            loop {
                if let Err(error) = take_over(&cx).await {
                    tracing::warn!(%error, "the import jobs were not looked after");
                }
                tokio::time::sleep(POLL).await;
            }
        })))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// What a run of a job is called: by its server, and differently each time. A server that stood still for longer than a
/// lease takes over its own jobs, and what ran before it must not go on beside that.
pub(super) fn new_owner(cx: &Context) -> String {
    format!("{}/{}", cx.node, random::format_uuid(&random::uuid_v4(cx.random())))
}

/// Makes a run the owner of a job for a while.
pub(super) fn lease(owner: &str, stored: &mut StoredJob, now: Timestamp) {
    owner.clone_into(&mut stored.owner);
    stored.lease = now.plus_seconds(LEASE).micros();
}

async fn take_over(cx: &Context) -> Result<(), Error> {
    let now = cx.now();
    let left = cx.read(|tx| Ok(import_jobs::running(tx, now.micros())?)).await?;
    for (id, stored) in left.into_iter().filter(|(_, stored)| is_left(stored, now)) {
        match cx.pool(&id).await {
            Ok(pool) => take(cx, &pool, stored.id(), now).await?,
            // It went a moment ago, and its jobs with it.
            Err(Error::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether nobody takes in the users of a job.
fn is_left(stored: &StoredJob, now: Timestamp) -> bool {
    let is_running = matches!(stored.status(), Status::Pending | Status::InProgress | Status::Stopping);
    let started = stored.job.start_date.unwrap_or_default();
    let is_leased = !stored.owner.is_empty() || started.plus_seconds(UNLEASED) <= now;
    is_running && is_leased && stored.lease < now.micros()
}

async fn take(cx: &Context, pool: &Arc<OpenPool>, job: &str, now: Timestamp) -> Result<(), Error> {
    let (of, id, owner) = (Arc::clone(pool), job.to_owned(), new_owner(cx));
    let new = owner.clone();
    let is_ours = cx
        .write(move |tx| {
            let Some(mut stored) = import_jobs::get(tx, of.id(), &id)?.filter(|stored| is_left(stored, now)) else {
                return Ok(false);
            };
            lease(&new, &mut stored, now);
            import_jobs::update(tx, of.id(), &stored)?;
            Ok(true)
        })
        .await?;
    if is_ours {
        tracing::info!(pool = pool.id(), job, "going on with a user import job whose server is gone");
        tokio::spawn(run::run(cx.clone(), Arc::clone(pool), job.to_owned(), owner));
    }
    Ok(())
}
