//! The `Authorization` header of a signed request.

use std::collections::HashSet;
use std::fmt;

use super::{ALGORITHM, AuthorizationError, MissingParts, TERMINATOR};

/// Longest header that is looked at. A real one has about 300 characters.
const MAX_HEADER_LEN: usize = 8 * 1024;
/// Longest element of a credential; access key ids have at most 128 characters.
const MAX_ELEMENT_LEN: usize = 128;

/// Who signed, and for which day, region and service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The id of the access key, which names its owner and is no secret.
    pub access_key_id: String,
    /// The day, `YYYYMMDD`.
    pub date: String,
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The service, such as `cognito-idp`.
    pub service: String,
}

impl Credential {
    /// The credential scope: day, region, service and the terminator.
    pub fn scope(&self) -> String {
        let Self { date, region, service, .. } = self;
        format!("{date}/{region}/{service}/{TERMINATOR}")
    }

    fn parse(text: &str) -> Result<Self, AuthorizationError> {
        let mut elements = text.split('/');
        let mut next = || {
            let element = elements.next().ok_or(AuthorizationError::Credential)?;
            let sized = (1..=MAX_ELEMENT_LEN).contains(&element.len());
            let visible = element.bytes().all(|byte| byte.is_ascii_graphic());
            if sized && visible { Ok(element) } else { Err(AuthorizationError::Credential) }
        };
        let (access_key_id, date, region, service, terminator) = (next()?, next()?, next()?, next()?, next()?);
        if elements.next().is_some() {
            return Err(AuthorizationError::Credential);
        }
        if terminator != TERMINATOR {
            return Err(AuthorizationError::Terminator);
        }
        let [access_key_id, date, region, service] = [access_key_id, date, region, service].map(str::to_owned);
        Ok(Self { access_key_id, date, region, service })
    }
}

/// A parsed `Authorization` header. `Debug` leaves the signature out: it is good for a replay until
/// it expires.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who signed, and for what.
    pub credential: Credential,
    /// The names of the signed headers as listed, in lower case.
    pub signed_headers: Vec<String>,
    /// The signature as sent, for [`verify`](super::verify): not checked for form, since a
    /// malformed one merely does not match.
    pub signature: String,
}

impl Authorization {
    /// Reads the value of an `Authorization` header, with or without spaces after the commas.
    pub fn parse(header: &str) -> Result<Self, AuthorizationError> {
        if header.len() > MAX_HEADER_LEN {
            return Err(AuthorizationError::TooLong);
        }
        let parts = Parts::split(parameters(header.trim())?)?;
        let (Some(credential), Some(signed_headers), Some(signature)) =
            (parts.credential, parts.signed_headers, parts.signature)
        else {
            return Err(AuthorizationError::Missing(parts.missing()));
        };
        Ok(Self {
            credential: Credential::parse(credential)?,
            signed_headers: parse_signed_headers(signed_headers)?,
            signature: signature.to_owned(),
        })
    }

    /// Whether the signature covers the header of this lower-case name.
    pub fn signs(&self, header: &str) -> bool {
        self.signed_headers.iter().any(|name| name == header)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("credential", &self.credential)
            .field("signed_headers", &self.signed_headers)
            .finish_non_exhaustive()
    }
}

/// What follows the algorithm. Another scheme, such as `Bearer`, has none of the parameters; the
/// live service names them as missing then.
fn parameters(header: &str) -> Result<&str, AuthorizationError> {
    let (scheme, parameters) = header.split_once(' ').unwrap_or((header, ""));
    if scheme == ALGORITHM {
        return Ok(parameters);
    }
    if scheme.starts_with("AWS4-") { Err(AuthorizationError::Algorithm) } else { Ok("") }
}

#[derive(Default)]
struct Parts<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Unknown parameters are ignored; a repeated one is refused, since two readers could choose
    /// differently.
    fn split(parameters: &'a str) -> Result<Self, AuthorizationError> {
        let mut parts = Self::default();
        for parameter in parameters.split(',') {
            let (name, value) = parameter.trim().split_once('=').unwrap_or_default();
            let slot = match name {
                "Credential" => &mut parts.credential,
                "SignedHeaders" => &mut parts.signed_headers,
                "Signature" => &mut parts.signature,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(AuthorizationError::Repeated);
            }
        }
        Ok(parts)
    }

    fn missing(&self) -> MissingParts {
        MissingParts {
            credential: self.credential.is_none(),
            signature: self.signature.is_none(),
            signed_headers: self.signed_headers.is_none(),
        }
    }
}

/// A name that is listed twice is refused: no SDK does it, and a long header listed a thousand times would make a canonical
/// request of a thousand times its length.
fn parse_signed_headers(text: &str) -> Result<Vec<String>, AuthorizationError> {
    let legal = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && byte != b':';
    let names = text.split(';').map(|name| {
        let valid = !name.is_empty() && name.bytes().all(legal);
        valid.then(|| name.to_owned()).ok_or(AuthorizationError::SignedHeaders)
    });
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    let distinct: HashSet<&String> = names.iter().collect();
    if distinct.len() == names.len() { Ok(names) } else { Err(AuthorizationError::SignedHeaders) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "AWS4-HMAC-SHA256 \
                        Credential=AKIDEXAMPLE/20150830/us-east-1/cognito-idp/aws4_request, \
                        SignedHeaders=host;x-amz-date, Signature=abcd";

    fn error(header: &str) -> AuthorizationError {
        Authorization::parse(header).unwrap_err()
    }

    #[test]
    fn reads_a_header_with_or_without_spaces() {
        for header in [GOOD.to_owned(), GOOD.replace(", ", ","), GOOD.replace(", ", " ,  "), format!(" {GOOD} ")] {
            let read = Authorization::parse(&header).unwrap();
            assert_eq!(read.credential.access_key_id, "AKIDEXAMPLE");
            assert_eq!(read.credential.scope(), "20150830/us-east-1/cognito-idp/aws4_request");
            assert_eq!(read.signed_headers, ["host", "x-amz-date"]);
            assert_eq!(read.signature, "abcd");
            assert!(read.signs("host") && !read.signs("x-amz-target"));
        }
    }

    #[test]
    fn names_the_missing_parts_as_the_live_service_does() {
        let all = "Authorization header requires 'Credential' parameter. \
                   Authorization header requires 'Signature' parameter. \
                   Authorization header requires 'SignedHeaders' parameter.";
        for header in ["", "Bearer Credential=x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 x"] {
            assert_eq!(error(header).to_string(), all, "{header}");
        }
        let unsigned = error(&GOOD.replace("Signature=abcd", ""));
        assert_eq!(unsigned.to_string(), "Authorization header requires 'Signature' parameter.");
    }

    #[test]
    fn refuses_malformed_parts() {
        assert_eq!(error(&GOOD.replace("SHA256", "SHA512")), AuthorizationError::Algorithm);
        assert_eq!(error(&format!("{GOOD}, Signature=ef")), AuthorizationError::Repeated);
        assert_eq!(error(&GOOD.replace("us-east-1/", "")), AuthorizationError::Credential);
        assert_eq!(error(&GOOD.replace("us-east-1", "")), AuthorizationError::Credential);
        assert_eq!(error(&GOOD.replace("us-east-1", "us/east")), AuthorizationError::Credential);
        assert_eq!(error(&GOOD.replace("AKIDEXAMPLE", &"A".repeat(129))), AuthorizationError::Credential);
        assert_eq!(error(&GOOD.replace("aws4_request", "aws5_request")), AuthorizationError::Terminator);
        assert_eq!(error(&GOOD.replace("host;", "Host;")), AuthorizationError::SignedHeaders);
        assert_eq!(error(&GOOD.replace("host;", ";")), AuthorizationError::SignedHeaders);
        assert_eq!(error(&GOOD.replace("host;", "host;host;")), AuthorizationError::SignedHeaders);
        assert_eq!(error(&GOOD.replace("abcd", &"a".repeat(MAX_HEADER_LEN))), AuthorizationError::TooLong);
    }

    #[test]
    fn debug_leaves_the_signature_out() {
        assert!(!format!("{:?}", Authorization::parse(GOOD).unwrap()).contains("abcd"));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(
            text in "(AWS4-HMAC-SHA256 )?(Credential=|Signature=|\\PC){0,60}",
        ) {
            let _ = Authorization::parse(&text);
        }
    }
}
