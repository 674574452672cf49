//! Cognate: a user directory and sign-in server that speaks the Amazon Cognito user pools API.
//!
//! As a program it answers AWS SDKs over HTTP (`cognate dev`, `cognate serve`). As a library it runs the same
//! operations in-process, with the same types, validation and errors, and no network:
//!
//! ```
//! use cognate::model::{AdminCreateUserRequest, CreateUserPoolRequest};
//! use cognate::{Config, UserPools};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("cognate-doc-{}", std::process::id()));
//! let pools = UserPools::open(Config::development(&folder))?;
//! let pool = pools
//!     .send(CreateUserPoolRequest { pool_name: "employees".into(), ..Default::default() })
//!     .await?
//!     .user_pool
//!     .ok_or("a created pool is answered")?;
//! let created = pools
//!     .send(AdminCreateUserRequest {
//!         user_pool_id: pool.id.unwrap_or_default(),
//!         username: "maria".into(),
//!         temporary_password: Some("TempPass123!".into()),
//!         ..Default::default()
//!     })
//!     .await?;
//! assert_eq!(created.user.and_then(|user| user.username).as_deref(), Some("maria"));
//! # drop(pools);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

mod access_log;
mod backup;
mod config;
mod config_file;
mod database;
mod delivery_sections;
pub mod doctor;
mod forwarded;
mod knowledge;
mod master_key;
mod metrics;
mod metrics_listener;
mod outside;
mod patient_stream;
mod routes;
mod server;
mod setting_checks;
mod traces;
mod uploads;
mod user_pools;

pub use backup::{BackupError, Written, backup, private_file, restore};
pub use cognate_model as model;
pub use cognate_operations::audit::{
    Actor, Entry as AuditEntry, Filter as AuditFilter, Outcome as AuditOutcome, Record as AuditRecord,
};
pub use cognate_operations::custom_challenges;
pub use cognate_operations::declare::DeclaredPools;
pub use cognate_operations::keys::{Rotated, RotationError};
pub use cognate_operations::outbox::{Deliveries, Listed, RetryError};
pub use cognate_operations::transfer::{
    Exported, Options as ImportOptions, Pace, Report as ImportReport, Secrets, Stopped,
};
pub use cognate_operations::{Clock, Error, Issuer, Message, Request, Settings, Undelivered};
pub use cognate_protocol::{NewKey, Policy, PolicyError};
pub use cognate_store::backup::{Content, Copied};
pub use cognate_store::{DatabaseOptions, Isolation, OpenError};
pub use config::{AuditSection, Config, FileConfig, Limits, MetricsSection, UndeliveredSetting};
pub use database::{Database, DatabaseSettings, DatabaseUrl};
pub use delivery_sections::{EmailSection, SmsSection, SnsSection, TlsMode};
pub use forwarded::Proxies;
pub use master_key::MasterKeyError;
pub use server::{Door, Server, ServerError};
pub use traces::{Traces, TracesSection};
pub use user_pools::{OpenPoolsError, UserPools};
