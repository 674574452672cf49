//! One guess at a time for each user.
//!
//! A guess is counted after it is judged. Were many judged at once, all of them would be before the first is counted,
//! however low the cap; so guesses at one user's secrets wait for each other, and each sees what the earlier ones left.
//! The gates are striped: their number is fixed, and two users who share one only wait a little.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use cognate_domain::user::UserId;
use tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard};

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

/// Gates of their own for guesses that a service elsewhere judges: it may be slow, and nobody but who guesses at the same
/// name waits for it.
#[derive(Default)]
pub(crate) struct SlowGates(std::sync::Mutex<HashMap<UserId, Arc<Mutex<()>>>>);

/// A gate that is closed to others until this is dropped.
pub(crate) struct SlowGuard<'a> {
    gates: &'a SlowGates,
    name: UserId,
    gate: Arc<Mutex<()>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl SlowGates {
    /// Waits for the gate of a name. It is forgotten once nobody waits for it.
    pub(crate) async fn enter(&self, name: UserId) -> SlowGuard<'_> {
        let gate = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default());
        // Made first: who gives up while waiting leaves no gate behind either.
        let mut guard = SlowGuard { gates: self, name, gate: Arc::clone(&gate), guard: None };
        guard.guard = Some(gate.lock_owned().await);
        guard
    }
}

impl Drop for SlowGuard<'_> {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut gates = self.gates.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's own and this one's: nobody else holds it or waits for it.
        if Arc::strong_count(&self.gate) <= 2 {
            gates.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_gate_is_forgotten_with_its_last_guest() {
        let gates = SlowGates::default();
        let first = gates.enter([1; 16]).await;
        let other = gates.enter([2; 16]).await;
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(10), gates.enter([1; 16])).await;
        assert!(waiting.is_err(), "the name's gate is closed");
        drop((first, other));
        assert!(gates.0.lock().unwrap().is_empty());
        drop(gates.enter([1; 16]).await);
        assert!(gates.0.lock().unwrap().is_empty());
    }
}
