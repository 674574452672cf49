//! Making and checking password hashes, with memory that is used again.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::phc::Phc;
use super::{Form, HashCost, MAX_PASSWORD_BYTES, MAX_PASSWORD_CHARS, PasswordHash};
use crate::digest::constant_time_eq;
use crate::random::{self, Random};

const SALT_LEN: usize = 16;
const TAG_LEN: usize = 32;

/// Makes and checks hashes. Share one: it keeps the working memory of finished hashes for the next
/// ones.
///
/// Fresh memory for each hash has to be mapped and zeroed by the kernel page by page, which is a
/// measurable part of the whole cost (see `examples/costs.rs`). As many buffers are kept as were
/// ever in use at once, which the caller bounds by the number of threads that hash. A buffer per
/// thread would outlive the bursts of a growing and shrinking pool.
///
/// The buffers are not wiped in between. What stays in them derives from the last password, but
/// testing a guess against it costs as much as against the stored hash, and who can read this
/// process's memory can read passwords as they arrive; wiping would cost several percent of every
/// sign-in. They hold nothing else.
pub struct PasswordHasher {
    cost: HashCost,
    dummy: Phc,
    idle: Mutex<Vec<Vec<Block>>>,
}

impl PasswordHasher {
    /// A hasher that makes new hashes at `cost`.
    pub fn new(cost: HashCost) -> Self {
        let cost = cost.clamped();
        let dummy = Phc { cost, salt: vec![0; SALT_LEN], tag: vec![0; TAG_LEN] };
        Self { cost, dummy, idle: Mutex::default() }
    }

    /// The cost of new hashes, within the bounds of [`HashCost`].
    pub fn cost(&self) -> HashCost {
        self.cost
    }

    /// Hashes `password` with a new salt.
    ///
    /// The edge refuses passwords beyond [`MAX_PASSWORD_CHARS`]; a hash made of one all the same
    /// matches nothing.
    pub fn hash(&self, password: &str, random: &dyn Random) -> PasswordHash {
        let salt = random::bytes::<SALT_LEN>(random).to_vec();
        let mut tag = vec![0; TAG_LEN];
        self.fill(password, self.cost, &salt, &mut tag);
        PasswordHash::from_phc(Phc { cost: self.cost, salt, tag })
    }

    /// Whether `password` is the one that `hash` was made of, at the cost that the hash records.
    pub fn verify(&self, password: &str, hash: &PasswordHash) -> bool {
        match &hash.form {
            Form::Own(phc) => self.matches(password, phc),
            Form::Foreign(foreign) => is_within_bounds(password) && foreign.matches(password),
        }
    }

    /// Does the work of a [`verify`](Self::verify) without a hash to check, so that an unknown user
    /// takes as long as a wrong password.
    pub fn dummy_verify(&self, password: &str) {
        std::hint::black_box(self.matches(password, &self.dummy));
    }

    fn matches(&self, password: &str, phc: &Phc) -> bool {
        if !is_within_bounds(password) {
            return false;
        }
        let mut tag = Zeroizing::new(vec![0; phc.tag.len()]);
        self.fill(password, phc.cost, &phc.salt, &mut tag);
        constant_time_eq(&tag, &phc.tag)
    }

    #[expect(clippy::expect_used, reason = "cost, salt and tag were bounded by HashCost and Phc")]
    fn fill(&self, password: &str, cost: HashCost, salt: &[u8], tag: &mut [u8]) {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(tag.len()));
        let params = params.expect("the cost is within Argon2's bounds");
        let blocks = params.block_count();
        let mut memory = self.take(blocks);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(password.as_bytes(), salt, tag, memory.as_mut_slice())
            .expect("salt and tag are within Argon2's bounds");
        self.give_back(memory);
    }

    fn take(&self, blocks: usize) -> Vec<Block> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = idle.unwrap_or_default();
        memory.resize(blocks, Block::new());
        memory
    }

    /// Keeps the buffer, unless an old hash at a higher cost made it larger than new ones need.
    fn give_back(&self, memory: Vec<Block>) {
        let own = usize::try_from(self.cost.memory_kib).unwrap_or(usize::MAX);
        if memory.len() <= own {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        }
    }
}

fn is_within_bounds(password: &str) -> bool {
    password.len() <= MAX_PASSWORD_BYTES && password.chars().count() <= MAX_PASSWORD_CHARS
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher").field("cost", &self.cost).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(HashCost::DEV)
    }

    #[test]
    fn verifies_the_password_it_hashed_and_no_other() {
        let hash = hasher().hash("Correct horse 1!", &SeededRandom::new(1));
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        let stored = PasswordHash::parse(hash.as_str()).unwrap();
        assert!(hasher().verify("Correct horse 1!", &stored));
        for wrong in ["correct horse 1!", "Correct horse 1! ", "", "Correct horse 1!\0"] {
            assert!(!hasher().verify(wrong, &stored), "{wrong}");
        }
    }

    #[test]
    fn gives_the_answers_of_the_reference_implementation() {
        // From `src/test.c` of P-H-C/phc-winner-argon2.
        let hasher = hasher();
        for text in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            let hash = PasswordHash::parse(text).unwrap();
            assert!(hasher.verify("password", &hash), "{text}");
            assert!(!hasher.verify("Password", &hash), "{text}");
        }
    }

    #[test]
    fn memory_left_by_one_hash_does_not_change_the_next() {
        let used = PasswordHasher::new(HashCost { memory_kib: 64, passes: 2, lanes: 1 });
        used.dummy_verify("something else");
        assert_eq!(used.idle.lock().unwrap().len(), 1);
        for seed in 0..5 {
            let again = used.hash("password", &SeededRandom::new(seed));
            let fresh = PasswordHasher::new(used.cost()).hash("password", &SeededRandom::new(seed));
            assert_eq!(again.as_str(), fresh.as_str());
        }
        assert_eq!(used.idle.lock().unwrap().len(), 1);
    }

    #[test]
    fn memory_larger_than_its_own_cost_is_not_kept() {
        let costly = PasswordHasher::new(HashCost { memory_kib: 64, passes: 1, lanes: 1 });
        let hash = costly.hash("password", &SeededRandom::new(1));
        let cheap = hasher();
        assert!(cheap.verify("password", &hash));
        assert_eq!(cheap.idle.lock().unwrap().len(), 0);
    }

    #[test]
    fn a_password_beyond_the_bound_matches_nothing() {
        let hasher = hasher();
        let at_the_bound = "🔑".repeat(MAX_PASSWORD_CHARS);
        assert_eq!(at_the_bound.len(), MAX_PASSWORD_BYTES);
        let hash = hasher.hash(&at_the_bound, &SeededRandom::new(1));
        assert!(hasher.verify(&at_the_bound, &hash));
        let beyond = "x".repeat(MAX_PASSWORD_CHARS + 1);
        assert!(!hasher.verify(&beyond, &hasher.hash(&beyond, &SeededRandom::new(1))));
    }

    #[test]
    fn a_hash_at_another_cost_needs_a_new_one() {
        let hash = hasher().hash("password", &SeededRandom::new(1));
        assert!(!hash.needs_rehash(HashCost::DEV));
        assert!(hash.needs_rehash(HashCost::SERVE));
    }

    #[test]
    fn a_foreign_hash_verifies_and_needs_a_new_one_at_any_cost() {
        let text = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";
        let hash = PasswordHash::parse(text).unwrap();
        assert_eq!(hash.as_str(), text);
        assert!(hasher().verify("abc", &hash));
        assert!(!hasher().verify("abd", &hash));
        assert!(!hasher().verify(&"x".repeat(MAX_PASSWORD_CHARS + 1), &hash));
        assert!(hash.needs_rehash(HashCost::DEV) && hash.needs_rehash(HashCost::SERVE));
    }

    #[test]
    fn costs_beyond_the_bounds_move_to_them() {
        let huge = HashCost { memory_kib: u32::MAX, passes: u32::MAX, lanes: u32::MAX };
        assert_eq!(PasswordHasher::new(huge).cost(), HashCost::MAX);
        let none = PasswordHasher::new(HashCost { memory_kib: 0, passes: 0, lanes: 0 });
        assert_eq!(none.cost(), HashCost::DEV);
        assert!(PasswordHash::parse(none.hash("x", &SeededRandom::new(1)).as_str()).is_some());
        for cost in [HashCost::SERVE, HashCost::DEV] {
            assert_eq!(PasswordHasher::new(cost).cost(), cost);
        }
    }

    #[test]
    fn debug_shows_no_hash() {
        let hash = hasher().hash("password", &SeededRandom::new(1));
        assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
    }
}
