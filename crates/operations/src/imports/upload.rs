//! The address that a job's file is sent to: signed for one job of one pool, and good for a quarter of an hour.

use std::sync::Arc;

use cognate_crypto::digest::constant_time_eq;
use cognate_crypto::{random, seal};
use cognate_domain::import_csv::LARGEST_FILE;
use cognate_model::UserImportJobStatusType;
use cognate_store::{import_jobs, user_pools};
use data_encoding::HEXLOWER;

use super::find;
use crate::{Context, Error, Issuer, OpenPool};

/// What stands ahead of the pool and the job in the path.
pub const PATH: &str = "/_cognate/import/";
/// How long an address is good, in seconds: as the live service's is.
const LIFETIME: i64 = 899;

/// The address of a job's file, at the URL by which the caller reached this server unless the operator named another.
pub(super) fn url(cx: &Context, pool: &OpenPool, job: &str) -> String {
    let base = match &cx.settings.issuer {
        Issuer::Base(base) => base.trim_end_matches('/'),
        Issuer::Service => cx.caller.base.as_deref().unwrap_or_default(),
    };
    let expires = cx.now().plus_seconds(LIFETIME).seconds();
    format!("{base}{PATH}{}/{job}?expires={expires}&signature={}", pool.id(), signature(pool, job, expires))
}

fn signature(pool: &OpenPool, job: &str, expires: i64) -> String {
    HEXLOWER.encode(&pool.codes.mac(&seal::context(&["import file", pool.id(), job, &expires.to_string()])))
}

/// A file on its way into the store.
pub struct Upload {
    cx: Context,
    pool: Arc<OpenPool>,
    job: String,
    /// Where the parts are kept until all of them came.
    draft: String,
    parts: i64,
    bytes: u64,
}

/// Why a file is not taken.
#[derive(Debug)]
pub enum UploadError {
    /// The address was not made by this server, or not for this.
    Forged,
    /// The address is over.
    Expired,
    /// The job waits for no file.
    Started,
    /// The file is larger than may be.
    TooLarge,
    /// Ours.
    Internal(Error),
}

impl From<Error> for UploadError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(_) => Self::Forged,
            other => Self::Internal(other),
        }
    }
}

impl Upload {
    /// Begins with an address: what is behind [`PATH`], and the query.
    pub async fn begin(cx: &Context, place: &str, query: &str) -> Result<Self, UploadError> {
        let (pool, job) = place.split_once('/').ok_or(UploadError::Forged)?;
        let named = |wanted: &str| {
            form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value)
        };
        let expires = named("expires").and_then(|text| text.parse::<i64>().ok()).ok_or(UploadError::Forged)?;
        let pool = cx.pool(pool).await?;
        let given = named("signature").unwrap_or_default();
        if !constant_time_eq(given.as_bytes(), signature(&pool, job, expires).as_bytes()) {
            return Err(UploadError::Forged);
        }
        if expires <= cx.now().seconds() {
            return Err(UploadError::Expired);
        }
        let draft = import_jobs::draft_of(job, &random::format_uuid(&random::bytes(cx.random())));
        let upload = Self { cx: cx.clone(), pool, job: job.to_owned(), draft, parts: 0, bytes: 0 };
        upload.write(|_, _| Ok(())).await?;
        Ok(upload)
    }

    /// Keeps the next part.
    pub async fn part(&mut self, data: Vec<u8>) -> Result<(), UploadError> {
        self.bytes += data.len() as u64;
        if self.bytes > LARGEST_FILE {
            return Err(UploadError::TooLarge);
        }
        let (part, draft, now) = (self.parts, self.draft.clone(), self.cx.now().micros());
        self.write(move |tx, pool| Ok(import_jobs::insert_part(tx, pool, &draft, part, &data, now)?)).await?;
        self.parts += 1;
        Ok(())
    }

    /// All of it came: it takes the place of what was sent before.
    pub async fn finish(&self) -> Result<(), UploadError> {
        let (draft, job) = (self.draft.clone(), self.job.clone());
        self.write(move |tx, pool| Ok(import_jobs::settle_draft(tx, pool, &draft, &job)?)).await
    }

    /// Forgets what was sent: half a file is none.
    pub async fn abandon(&self) -> Result<(), UploadError> {
        let (pool, draft) = (Arc::clone(&self.pool), self.draft.clone());
        Ok(self.cx.write(move |tx| Ok(import_jobs::delete_file(tx, pool.id(), &draft)?)).await?)
    }

    /// Writes for a job that still waits for its file.
    async fn write(
        &self,
        transaction: impl Fn(&mut dyn cognate_store::Tx, &str) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), UploadError> {
        let (pool, job, now) = (Arc::clone(&self.pool), self.job.clone(), self.cx.now());
        let is_waiting = self.cx.write(move |tx| {
            // Neither the pool nor the job changes until the commit: nobody starts the job on half of one file and half
            // of another.
            if !user_pools::exists(tx, pool.id())? {
                return Ok(false);
            }
            import_jobs::hold(tx, pool.id(), &job)?;
            if find(tx, pool.id(), &job, now)?.status() != UserImportJobStatusType::Created {
                return Ok(false);
            }
            transaction(tx, pool.id()).map(|()| true)
        });
        if is_waiting.await? { Ok(()) } else { Err(UploadError::Started) }
    }
}
