//! One guess at a time for each user.
//!
//! A guess is counted after it is judged. Were many judged at once, all of them would be before the first is counted,
//! however low the cap; so guesses at one user's secrets wait for each other, and each sees what the earlier ones left.
//! The gates are striped: their number is fixed, and two users who share one only wait a little.

use cognate_domain::user::UserId;
use tokio::sync::{Mutex, MutexGuard};

/// How many users may be guessed at side by side.
const STRIPES: usize = 1_024;

/// The gates of a process.
pub(crate) struct Gates(Vec<Mutex<()>>);

impl Default for Gates {
    fn default() -> Self {
        Self((0..STRIPES).map(|_| Mutex::default()).collect())
    }
}

impl Gates {
    /// Waits for this user's gate. It opens again when the guard is dropped.
    #[expect(clippy::expect_used, reason = "a remainder of the length is an index")]
    pub(crate) async fn enter(&self, user: &UserId) -> MutexGuard<'_, ()> {
        let [.., high, low] = *user;
        let stripe = usize::from(u16::from_be_bytes([high, low])) % self.0.len();
        self.0.get(stripe).expect("the stripe exists").lock().await
    }
}
