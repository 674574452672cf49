//! From which pages a passkey may be used.

/// Whether a page of this origin belongs to the relying party: its domain or one below it, over TLS and on any port, as
/// browsers decide it ("is a registrable domain suffix of or is equal to", HTML). On the machine itself, plain HTTP
/// will do, because browsers trust `localhost` without TLS.
///
/// Applications for Android have an origin of another form (`android:apk-key-hash:…`); a pool cannot name any, so none
/// is allowed.
pub(super) fn is_allowed(origin: &str, relying_party: &str) -> bool {
    let party = relying_party.to_ascii_lowercase();
    if let Some(host) = origin.strip_prefix("https://").and_then(host) {
        return host == party || host.strip_suffix(&party).is_some_and(|below| below.ends_with('.'));
    }
    party == "localhost" && origin.strip_prefix("http://").and_then(host) == Some("localhost")
}

/// The host of `host[:port]`, in the form in which browsers write origins: lower-case labels and nothing else.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_port = |port: &str| {
        !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    (port.is_none_or(is_port) && host.split('.').all(is_label)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_domain_and_below_are_allowed() {
        for origin in [
            "https://example.com",
            "https://example.com:8443",
            "https://login.example.com",
            "https://a.b.example.com:1",
        ] {
            assert!(is_allowed(origin, "example.com"), "{origin}");
            assert!(is_allowed(origin, "Example.COM"), "{origin}");
        }
    }

    #[test]
    fn other_pages_are_not() {
        for origin in [
            "",
            "null",
            "https://",
            "http://example.com",
            "https://com",
            "https://example.org",
            "https://badexample.com",
            "https://.example.com",
            "https://evil..example.com",
            "https://example.com.evil.org",
            "https://example.com.",
            "https://example.com/",
            "https://evil.org/.example.com",
            "https://evil.org#.example.com",
            "https://evil.org?.example.com",
            "https://evil.org\\.example.com",
            "https://evil.org@example.com",
            "https://example.com@evil.org",
            "https://example.com:443@evil.org",
            "https://example.com:",
            "https://example.com:0",
            "https://example.com:0443",
            "https://example.com:+443",
            "https://example.com:65536",
            "https://example.com:443:443",
            "https://EXAMPLE.com",
            " https://example.com",
            "https://example.com ",
            "https://еxample.com",
            "HTTPS://example.com",
            "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck",
        ] {
            assert!(!is_allowed(origin, "example.com"), "{origin}");
        }
    }

    #[test]
    fn localhost_needs_no_tls() {
        for origin in ["http://localhost", "http://localhost:3000", "https://localhost:3000"] {
            assert!(is_allowed(origin, "localhost"), "{origin}");
        }
        for origin in ["http://localhost.evil.org", "http://127.0.0.1", "http://app.localhost", "ftp://localhost"] {
            assert!(!is_allowed(origin, "localhost"), "{origin}");
        }
        assert!(!is_allowed("http://localhost", "example.com"));
        assert!(!is_allowed("http://example.com", "example.com"));
    }
}
