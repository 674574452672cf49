//! `Authorization` headers and the canonical form of requests, as strangers write them.
//!
//! The input is a header, a path, a query and header values, with NUL between them.
#![no_main]

use cognate_crypto::sigv4::{Authorization, canonical_request, parse_amz_date, signature, signing_key, string_to_sign};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let mut fields = input.split('\0');
    let mut next = || fields.next().unwrap_or_default();
    let (header, path, query) = (next(), next(), next());
    let values: Vec<&str> = fields.collect();
    let _ = parse_amz_date(query);
    let Ok(authorization) = Authorization::parse(header) else { return };

    // Written out again, it reads the same.
    let credential = &authorization.credential;
    let again = format!(
        "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
        credential.access_key_id,
        credential.scope(),
        authorization.signed_headers.join(";"),
        authorization.signature
    );
    match Authorization::parse(&again) {
        Ok(parsed) => assert!(parsed == authorization, "{again}"),
        // Only spaces that were left out may have made it too long.
        Err(_) => assert!(again.len() > header.len(), "{again}"),
    }

    let canonical = |query: &str| {
        canonical_request("POST", path, query, |_| values.iter().copied(), &authorization.signed_headers, "hash")
    };
    let once = canonical(query);
    // The canonical query is a fixed point.
    let line = once.split('\n').nth(2).expect("the third line is the query");
    assert_eq!(canonical(line), once);

    let key = signing_key("secret", &credential.date, &credential.region, &credential.service);
    let _ = signature(&key, &string_to_sign("20260101T000000Z", credential, &once));
});
