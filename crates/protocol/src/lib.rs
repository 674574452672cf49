//! awsJson1.1: the envelope, who may call what, and the errors before any operation runs.

mod access_keys;
mod answer;
mod authenticate;
mod envelope;
mod front_door;
pub mod policy;
mod rate_limit;
mod resource;
mod this_machine;

pub use access_keys::{AccessKeys, NewKey, Principal, SECRET_PLACE, create_key, delete_key, list_keys, root_key};
pub use answer::Answer;
pub use authenticate::{AuthenticationError, authenticate};
pub use envelope::{Envelope, Incoming, MAX_TARGET};
pub use front_door::{Answered, FrontDoor, Trust};
pub use policy::{Decision, Policy, PolicyError};
pub use rate_limit::{Rate, Rates};
pub use this_machine::names_this_machine;
