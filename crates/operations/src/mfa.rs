//! Second factors, as administrators set them and as users enrol and choose them.

pub mod admin_delete_software_token;
pub mod admin_get_user_auth_factors;
pub mod admin_set_user_mfa_preference;
pub mod admin_set_user_settings;
pub mod associate_software_token;
pub mod get_user_auth_factors;
pub mod set_user_mfa_preference;
pub mod set_user_settings;
pub mod verify_software_token;

mod enrolment;
mod software_token;

pub(crate) use software_token::{TokenError, check_token, seal_token_secret, token_name, token_secret};

/// The second factors by the names that a preference has.
pub(crate) const FACTORS: [&str; 3] = ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"];
