//! One file per operation of the user pools API.
//!
//! An operation is `pub async fn handle(cx: &Context, request: XRequest) -> Result<XResponse, Error>` in
//! `src/<area>/<operation>.rs`: its input checks, its effect, its errors and its tests. Requests arrive decoded and
//! checked against the interface model; rules live in `cognate-domain`, SQL in `cognate-store`.

pub mod audit;
mod auth;
mod cache;
mod clients;
mod clock;
mod codes;
mod context;
pub mod custom_challenges;
pub mod declare;
pub mod dev;
mod devices;
pub mod directory;
mod error;
mod events;
mod gates;
#[rustfmt::skip]
mod generated;
mod groups;
mod hashing;
pub mod imports;
pub mod keys;
mod log_delivery;
mod messages;
mod mfa;
pub mod outbox;
mod page;
pub mod passkeys;
mod request;
mod risk;
mod sessions;
mod settings;
mod sign_up;
mod tags;
pub mod tokens;
pub mod toml_text;
pub mod transfer;
pub mod triggers;
mod user_pools;
mod users;
mod verifier;
pub mod watch;
mod work;

pub use cache::OpenPool;
pub use clock::Clock;
pub use context::{Caller, Context, Services};
pub use error::Error;
pub use generated::dispatch;
pub use outbox::Message;
pub use request::{Handling, Reply, Request, call, send};
pub use risk::Knowledge;
pub use settings::{Issuer, Settings, Undelivered};
pub use sign_up::confirm_sign_up::confirm_by_link;
pub use work::Load;
