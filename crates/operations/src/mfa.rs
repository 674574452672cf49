//! Second factors, as administrators set them.

pub mod admin_set_user_mfa_preference;
pub mod admin_set_user_settings;
