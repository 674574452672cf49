//! Tokens: what a sign-in gives, what proves a signed-in user, and what ends it.

pub mod admin_user_global_sign_out;
pub mod global_sign_out;
pub mod revoke_token;

mod bearer;
mod issue;

pub(crate) use bearer::gone_is_revoked;
pub use bearer::{SignedIn, authenticate};
pub(crate) use issue::{Grant, issue, open_refresh_token, sign_in};
