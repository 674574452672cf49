//! Second factors, as administrators set them.

pub mod admin_set_user_mfa_preference;
pub mod admin_set_user_settings;

mod software_token;

pub(crate) use software_token::{TokenError, check_token, token_name};
