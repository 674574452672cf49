//! Passkeys: registered, listed and deleted by a signed-in user; used to sign in.

pub mod assertion;
pub mod complete_web_authn_registration;
pub mod delete_web_authn_credential;
pub mod list_web_authn_credentials;
pub mod start_web_authn_registration;

mod holder;

use holder::{of_user, signed_in};
