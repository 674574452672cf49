//! For tests only: a generator whose output anyone can foretell, and an authenticator that does as it is told.

mod authenticator;
pub mod cbor;

pub use authenticator::{Authenticator, Ceremony};

use std::sync::atomic::{AtomicU64, Ordering};

use crate::digest::sha256;
use crate::random::Random;

/// Repeatable "randomness": block `i` is SHA-256 of the seed and `i`. Never for production.
///
/// The same seed and the same order of calls give the same bytes, so a failing test fails again.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    next_block: AtomicU64,
}

impl SeededRandom {
    /// A generator at the start of the sequence that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed, next_block: AtomicU64::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.next_block.fetch_add(1, Ordering::Relaxed);
            let mut input = [0; 16];
            let (seed, counter) = input.split_at_mut(8);
            seed.copy_from_slice(&self.seed.to_be_bytes());
            counter.copy_from_slice(&block.to_be_bytes());
            for (to, from) in chunk.iter_mut().zip(sha256(&input)) {
                *to = from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::bytes;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (one, same, other) = (SeededRandom::new(7), SeededRandom::new(7), SeededRandom::new(8));
        assert_eq!(bytes::<80>(&one), bytes::<80>(&same));
        assert_ne!(bytes::<80>(&one), bytes::<80>(&other));
        assert_ne!(bytes::<80>(&same), bytes::<80>(&same));
    }
}
