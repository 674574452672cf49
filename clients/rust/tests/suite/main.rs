//! Every operation through the AWS SDK for Rust, over HTTP: its success and each of its errors.
//!
//! One file per area, one server per test. `fixtures` has pools, users and tokens; `refusals` the errors.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in tests a panic is how a failure is told"
)]

mod attributes;
mod client_secrets;
mod clients;
mod coverage;
mod create_user;
mod custom_auth;
mod declared_pools;
mod devices;
mod embedding;
mod engine;
mod events;
mod fixtures;
mod forgot_password;
mod groups;
mod list_users;
mod lockout;
mod mfa;
mod mission;
mod new_password;
mod own_account;
mod own_attributes;
mod own_mfa;
mod passkeys;
mod pool_mfa;
mod refresh;
mod refusals;
mod risk;
mod secret_hash;
mod set_password;
mod sign_in;
mod sign_out;
mod sign_up;
mod signatures;
mod software_token;
mod tags;
mod user_pools;
mod users;
