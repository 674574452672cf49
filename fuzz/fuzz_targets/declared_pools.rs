//! Files of declared pools: read or refused with a reason.
#![no_main]

use cognate_operations::declare::DeclaredPools;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = DeclaredPools::parse(text) {
        assert!(!error.to_string().is_empty());
    }
});
