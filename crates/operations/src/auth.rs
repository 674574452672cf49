//! Signing in: the flows, their challenges, and getting back in after a forgotten password.

pub mod admin_initiate_auth;
pub mod admin_respond_to_auth_challenge;
pub mod confirm_forgot_password;
pub mod forgot_password;
pub mod initiate_auth;
pub mod respond_to_auth_challenge;

mod attempt_ends;
mod challenge;
mod choice;
mod code;
mod course;
mod custom;
mod custom_stranger;
mod device;
mod flow;
mod judgement;
mod migration;
mod new_password;
mod outcome;
mod parameters;
mod passkey;
mod password;
mod password_renewal;
pub(crate) mod pretence;
mod recovery;
mod refresh;
mod resume;
mod second_factor;
pub(crate) mod secret_hash;
mod session;
pub(crate) mod sign_up_session;
mod srp;

pub(crate) use course::Commit;
pub use custom::Round;
pub(crate) use device::check_device;
pub(crate) use flow::{Api, SignIn};
pub(crate) use forgot_password::unknown as unknown_user;
pub(crate) use initiate_auth::stated_address;
pub(crate) use outcome::Outcome;
pub(crate) use parameters::Parameters;
pub(crate) use recovery::{simulated, start_recovery};
pub(crate) use second_factor::SettingUp;
pub(crate) use secret_hash::{place as client_secret_place, secrets as client_secrets};
