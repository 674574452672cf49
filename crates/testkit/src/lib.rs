//! An in-process Cognate for other people's tests: an SDK configuration, a virtual clock and the outbox.
//!
//! A test starts a server of its own in milliseconds, points the unmodified AWS SDK at it, moves its clock and reads
//! the messages that its users were sent. Nothing is left behind: the server listens on a free port of the loopback
//! interface, and its data folder is removed when [`Cognate`] is dropped.
//!
//! ```
//! use aws_sdk_cognitoidentityprovider::Client;
//! use cognate_testkit::{Cognate, aws_sdk_cognitoidentityprovider};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cognate = Cognate::start().await?;
//! let pool = cognate.pool("employees").with_group("Engineering").await?;
//! let client = Client::from_conf(cognate.sdk_config());
//!
//! pool.user("maria").with_email("maria@example.com").with_password("Correct-horse-1").await?;
//!
//! // Maria forgets her password, and reads the code in her mail.
//! client.forgot_password().client_id(pool.client_id()).username("maria").send().await?;
//! let code = cognate.outbox().await?.newest_for("maria").and_then(|message| message.code).ok_or("no code")?;
//! client
//!     .confirm_forgot_password()
//!     .client_id(pool.client_id())
//!     .username("maria")
//!     .confirmation_code(&code)
//!     .password("Battery-staple-2")
//!     .send()
//!     .await?;
//!
//! // The code was good for one use.
//! let again = client
//!     .confirm_forgot_password()
//!     .client_id(pool.client_id())
//!     .username("maria")
//!     .confirmation_code(&code)
//!     .password("Battery-staple-3")
//!     .send()
//!     .await;
//! assert!(again.is_err_and(|error| error.into_service_error().is_expired_code_exception()));
//! # Ok(())
//! # }
//! ```

mod builder;
mod folder;
mod outbox;
mod pool;
mod server;
mod user;

pub use aws_sdk_cognitoidentityprovider;
pub use builder::{Builder, StartError};
pub use cognate;
pub use outbox::Outbox;
pub use pool::{Pool, PoolBuilder};
pub use server::Cognate;
pub use user::{User, UserBuilder};
