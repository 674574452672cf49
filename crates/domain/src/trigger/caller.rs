//! What an event says of the caller's SDK.

/// What is said of a caller that is not known (recorded from the live service).
const UNKNOWN: &str = "aws-sdk-unknown-unknown";

/// `aws-sdk-<language>-<version>` from a `User-Agent` header.
pub(super) fn sdk_version(agent: Option<&str>) -> String {
    let product = agent.unwrap_or_default().split_ascii_whitespace().find(|product| product.starts_with("aws-sdk-"));
    let Some((name, version)) = product.and_then(|product| product.split_once('/')) else { return UNKNOWN.to_owned() };
    let fits = |text: &str| {
        (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_+".contains(&b))
    };
    if fits(name) && fits(version) { format!("{name}-{version}") } else { UNKNOWN.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_sdk_is_named_with_its_version() {
        let of = |agent| sdk_version(Some(agent));
        assert_eq!(of("aws-sdk-js/3.958.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#22.1.0"), "aws-sdk-js-3.958.0");
        assert_eq!(of("aws-sdk-rust/1.3.1 os/linux lang/rust/1.95.0"), "aws-sdk-rust-1.3.1");
        assert_eq!(of("Boto3/1.42.1 md/Botocore#1.42.1"), UNKNOWN);
        assert_eq!(of("aws-sdk-js/3<script>"), UNKNOWN);
        assert_eq!(of("aws-sdk-js"), UNKNOWN);
        assert_eq!(sdk_version(None), UNKNOWN);
    }
}
