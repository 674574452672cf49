//! Names that can only mean the machine the server runs on.

/// Whether a `host` or `host:port` is a loopback name: what no page of the web can have, even if its name is made to
/// resolve to this machine (DNS rebinding).
pub fn names_this_machine(authority: &str) -> bool {
    let name = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => authority.split_once(':').map_or(authority, |(name, _)| name),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::names_this_machine;

    #[test]
    fn loopback_names_with_and_without_a_port_are_this_machine() {
        for name in ["localhost", "localhost:9229", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:9229", "127.8.9.1:80"] {
            assert!(names_this_machine(name), "{name}");
        }
        for name in ["[::1]", "[::1]:9229", "cognito-idp.localhost:9229", "localhost.:80"] {
            assert!(names_this_machine(name), "{name}");
        }
    }

    #[test]
    fn any_other_name_is_not() {
        for name in ["", "null", "example.com", "localhost.example.com:9229", "evillocalhost", "127.0.0.1.nip.io"] {
            assert!(!names_this_machine(name), "{name}");
        }
        for name in ["192.168.0.1", "[fe80::1]:9229", "[", "::1", "0.0.0.0:9229", "user@localhost"] {
            assert!(!names_this_machine(name), "{name}");
        }
    }
}
