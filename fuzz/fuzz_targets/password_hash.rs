//! Password hashes of other systems: read within bounds or refused, and the same once they were stored.
#![no_main]

use cognate_crypto::password::{HashCost, PasswordHash};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match PasswordHash::read(text) {
        Ok(hash) => {
            let again = PasswordHash::read(hash.as_str()).expect("what is stored can be read");
            assert_eq!(again.as_str(), hash.as_str());
            assert_eq!(again.needs_rehash(HashCost::DEV), hash.needs_rehash(HashCost::DEV));
        }
        Err(flaw) => assert!(!flaw.to_string().is_empty()),
    }
});
