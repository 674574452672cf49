//! The rules of a user directory, pure: no clock, no randomness, no store; they are parameters.

pub mod attribute_rules;
pub mod auth_factors;
pub mod claims;
pub mod client;
mod client_attributes;
mod client_flows;
mod client_oauth;
pub mod client_rules;
mod client_token_validity;
pub mod contact;
pub mod device_type;
pub mod devices;
pub mod filter;
#[cfg(test)]
mod fixtures;
pub mod key_schedule;
mod lists;
pub mod lockout;
pub mod masking;
pub mod mfa_config;
pub mod mfa_preference;
pub mod passkeys;
pub mod password_policy;
pub mod pool;
mod pool_checks;
mod pool_defaults;
pub mod pool_rules;
mod pool_senders;
pub mod refresh_rotation;
mod refusal;
mod schema_constraints;
pub mod schema_declaration;
pub mod session_id;
pub mod session_tracking;
pub mod sign_in;
pub mod software_token;
mod standard_attributes;
mod tier;
pub mod token_exchange;
pub mod user;
pub mod user_status;
pub mod usernames;

pub use client::Client;
pub use pool::Pool;
pub use refusal::Refusal;
pub use user::User;
