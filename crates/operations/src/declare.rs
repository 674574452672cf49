//! Declared pools: written down in a file, there after every start.
//!
//! What is missing is created; what is there already stays as it is, so applying twice changes nothing and what
//! happened in between is kept. No message is sent to declared users.

mod apply;
mod file;
mod webhooks;

pub use apply::{again, apply};
pub use file::{DeclaredPools, ParseError};
