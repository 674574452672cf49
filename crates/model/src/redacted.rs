//! What `Debug` shows in place of a sensitive member.

/// Prints `[redacted]`, so that a logged request never carries what the model marks as sensitive.
pub struct Redacted;

impl std::fmt::Debug for Redacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
