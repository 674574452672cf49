//! Policies: read, written and read again they decide the same, and a deny wins.
//!
//! The input is a policy, an operation and a resource, with NUL between them.
#![no_main]

use cognate_protocol::{Decision, Policy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let mut fields = input.split('\0');
    let mut next = || fields.next().unwrap_or_default();
    let (text, operation, resource) = (next(), next(), next());
    let Ok(policy) = Policy::parse(text) else { return };
    let decision = policy.decide(operation, resource);
    let written = serde_json::to_string(&policy).expect("a policy is JSON");
    let again = Policy::parse(&written).expect("a policy that was accepted is accepted again");
    assert_eq!(again, policy);
    assert_eq!(again.decide(operation, resource), decision);

    // Without a word "Deny" nothing is denied explicitly; without "Allow" nothing is allowed.
    match decision {
        Decision::Denied => assert!(written.contains("\"Deny\"")),
        Decision::Allowed => assert!(written.contains("\"Allow\"")),
        Decision::NotAllowed => {}
    }
});
