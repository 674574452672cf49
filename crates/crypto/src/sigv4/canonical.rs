//! The canonical request: the same text on both sides whatever a proxy or a client library did to
//! the spelling.
//!
//! AWS page "Create a signed AWS API request", step 1, with the rules for services other than S3:
//! the path is normalised and encoded once more.

/// The canonical request of a request as it arrived.
///
/// - `path` and `query` are as in the request line, still percent-encoded, without `?`.
/// - `headers` gives all values of a header by its lower-case name, in the order of arrival. Values
///   that are not UTF-8 cannot have been signed by an SDK; leave them out.
/// - `signed_headers` are the names as [`Authorization`](super::Authorization) lists them.
/// - `payload_hash` is lower-case hexadecimal SHA-256 of the body as received.
pub fn canonical_request<'v, V>(
    method: &str,
    path: &str,
    query: &str,
    headers: impl Fn(&str) -> V,
    signed_headers: &[String],
    payload_hash: &str,
) -> String
where
    V: IntoIterator<Item = &'v str>,
{
    let mut out = String::with_capacity(512);
    out.push_str(method);
    out.push('\n');
    push_encoded(&mut out, normalized_path(path).as_bytes(), Slash::Kept);
    out.push('\n');
    out.push_str(&canonical_query(query));
    out.push('\n');
    for name in signed_headers {
        out.push_str(name);
        out.push(':');
        push_values(&mut out, headers(name));
        out.push('\n');
    }
    out.push('\n');
    out.push_str(&signed_headers.join(";"));
    out.push('\n');
    out.push_str(payload_hash);
    out
}

/// Values trimmed, runs of spaces made one, joined by commas.
fn push_values<'v>(out: &mut String, values: impl IntoIterator<Item = &'v str>) {
    for (position, value) in values.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        let words = value.split(' ').filter(|word| !word.is_empty());
        for (position, word) in words.enumerate() {
            if position > 0 {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
}

/// Removes empty and dot segments (RFC 3986, section 5.2.4) and keeps a final slash.
fn normalized_path(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let directory = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if directory && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// Parameters decoded, encoded in the one canonical way, and sorted by their encoded name and
/// value. A parameter without `=` gets one. A plus sign means a space, as the official SDKs read
/// it.
fn canonical_query(query: &str) -> String {
    let mut parameters: Vec<(String, String)> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .map(|(name, value)| (recoded(name), recoded(value)))
        .collect();
    parameters.sort();
    let parameters: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    parameters.join("&")
}

fn recoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_encoded(&mut out, &percent_decoded(text), Slash::Encoded);
    out
}

/// Decodes `%XX` and `+`. A stray percent sign stands for itself.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = tail.split_first_chunk::<2>().filter(|_| *first == b'%');
        let decoded = escaped.and_then(|(digits, after)| Some((hex_byte(*digits)?, after)));
        let (byte, after) = decoded.unwrap_or((if *first == b'+' { b' ' } else { *first }, tail));
        out.push(byte);
        rest = after;
    }
    out
}

fn hex_byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slash {
    Kept,
    Encoded,
}

/// Percent-encodes everything but RFC 3986's unreserved characters, with upper-case digits.
fn push_encoded(out: &mut String, bytes: &[u8], slash: Slash) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in bytes {
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if unreserved || (*byte == b'/' && slash == Slash::Kept) {
            out.push(char::from(*byte));
        } else {
            let digits = [byte >> 4, byte & 0x0f].map(usize::from);
            out.push('%');
            out.extend(digits.iter().filter_map(|digit| DIGITS.get(*digit)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded_path(path: &str) -> String {
        let mut out = String::new();
        push_encoded(&mut out, normalized_path(path).as_bytes(), Slash::Kept);
        out
    }

    #[test]
    fn paths_are_normalised_and_encoded_again() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a//b/", "/a/b/"),
            ("/a/./b/..", "/a/"),
            ("/../..", "/"),
            ("/a%20b", "/a%2520b"),
            ("/a:b=c", "/a%3Ab%3Dc"),
            ("/é", "/%C3%A9"),
        ] {
            assert_eq!(encoded_path(path), expected, "{path}");
        }
    }

    #[test]
    fn queries_are_encoded_once_and_sorted() {
        for (query, expected) in [
            ("", ""),
            ("&&", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1", "a=1&a=2"),
            ("a", "a="),
            ("a=b=c", "a=b%3Dc"),
            ("a=%2f%7E", "a=%2F~"),
            ("a=b+c%2Bd", "a=b%20c%2Bd"),
            ("a=%zz%4", "a=%25zz%254"),
            ("é=/", "%C3%A9=%2F"),
        ] {
            assert_eq!(canonical_query(query), expected, "{query}");
        }
    }

    #[test]
    fn a_missing_header_counts_as_empty() {
        let text = canonical_request("POST", "/", "", |_| [], &["host".into(), "x-y".into()], "hash");
        assert_eq!(text, "POST\n/\n\nhost:\nx-y:\n\nhost;x-y\nhash");
    }

    #[test]
    fn header_values_are_trimmed_and_joined() {
        let values = |_: &str| ["  a   b ", "", "c\td"];
        let text = canonical_request("POST", "/", "", values, &["x".into()], "hash");
        assert_eq!(text, "POST\n/\n\nx:a b,,c\td\n\nx\nhash");
    }
}
