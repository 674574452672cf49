//! Tokens: what a sign-in gives, what proves a signed-in user, and what ends it.

pub mod admin_user_global_sign_out;
pub mod get_derived_token;
pub mod get_tokens_from_refresh_token;
pub mod global_sign_out;
pub mod revoke_token;

mod activity;
mod bearer;
mod client_secret;
mod derive;
mod issue;
pub(crate) mod renewal;

pub(crate) use bearer::gone_is_revoked;
pub use bearer::{SignedIn, authenticate};
use derive::{Derived, derive};
pub(crate) use issue::{Grant, Held, issue, sign_in};
