//! Black-box tests through the AWS SDK for Rust.
