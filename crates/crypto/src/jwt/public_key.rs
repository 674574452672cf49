//! The public half: checking tokens, and the JWK that clients fetch.

use std::fmt;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::unverified::Header;
use super::{JwtError, KeyError, decode, split};
use crate::digest::sha256;

/// A key that checks tokens. The parsed form is kept, because every request with an access token
/// uses it.
#[derive(Clone)]
pub struct PublicKey {
    n: Vec<u8>,
    e: Vec<u8>,
    kid: String,
    header_segment: String,
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// A key from its stored parts: modulus and exponent as big-endian bytes without leading zeros,
    /// and its id.
    pub fn from_parts(n: &[u8], e: &[u8], kid: &str) -> Result<Self, KeyError> {
        // 2048 to 8192 bits, and exponents as they occur; AWS-LC itself checks the modulus only at
        // the first use.
        if !(256..=1024).contains(&n.len()) || !(1..=4).contains(&e.len()) {
            return Err(KeyError::Rejected);
        }
        let parsed = RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_| KeyError::Rejected)?;
        let header = format!(r#"{{"kid":{},"alg":"RS256"}}"#, Value::from(kid));
        let header_segment = BASE64URL_NOPAD.encode(header.as_bytes());
        Ok(Self { n: n.to_vec(), e: e.to_vec(), kid: kid.to_owned(), header_segment, parsed })
    }

    /// A key from modulus and exponent, named by its thumbprint.
    pub(super) fn with_thumbprint(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        Self::from_parts(n, e, &BASE64.encode(&thumbprint(n, e)))
    }

    /// A key from its JWK (RFC 7517), as [`PublicKey::to_jwk`] writes it. Members other than `kty`,
    /// `n`, `e`, `kid` are ignored, except that an `alg` must be RS256.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let member = |name| jwk.get(name).and_then(Value::as_str);
        if member("kty") != Some("RSA") || jwk.get("alg").is_some_and(|alg| alg != "RS256") {
            return Err(KeyError::Rejected);
        }
        let number = |name| member(name).and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok());
        match (number("n"), number("e"), member("kid")) {
            (Some(n), Some(e), Some(kid)) => Self::from_parts(&n, &e, kid),
            _ => Err(KeyError::Rejected),
        }
    }

    /// The JWK in the live service's form: `alg`, `e`, `kid`, `kty`, `n`, `use`.
    pub fn to_jwk(&self) -> Value {
        let (n, e) = (BASE64URL_NOPAD.encode(&self.n), BASE64URL_NOPAD.encode(&self.e));
        json!({"alg": "RS256", "e": e, "kid": self.kid, "kty": "RSA", "n": n, "use": "sig"})
    }

    /// The modulus, big-endian, without leading zeros.
    pub fn n(&self) -> &[u8] {
        &self.n
    }

    /// The public exponent, big-endian, without leading zeros.
    pub fn e(&self) -> &[u8] {
        &self.e
    }

    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The encoded header of the tokens that this key checks.
    pub(super) fn header_segment(&self) -> &str {
        &self.header_segment
    }

    /// Checks header and signature and returns the claims, a JSON object.
    pub fn verify(&self, token: &str) -> Result<Value, JwtError> {
        let claims: Value = self.verify_as(token)?;
        if claims.is_object() { Ok(claims) } else { Err(JwtError::Claims) }
    }

    /// Checks header and signature and returns the claims as a type of the caller's.
    pub fn verify_as<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwtError> {
        let parts = split(token)?;
        self.check_header(parts.header)?;
        let signature = decode(parts.signature)?;
        let verified = self.parsed.verify_sig(parts.signed.as_bytes(), &signature);
        verified.map_err(|_| JwtError::Signature)?;
        serde_json::from_slice(&decode(parts.payload)?).map_err(|_| JwtError::Claims)
    }

    /// The algorithm comes from the key, never from the token: the header can only agree.
    fn check_header(&self, segment: &str) -> Result<(), JwtError> {
        if segment == self.header_segment {
            return Ok(());
        }
        let header: Header = serde_json::from_slice(&decode(segment)?).map_err(|_| JwtError::Malformed)?;
        if header.alg.as_deref() != Some("RS256") || header.crit.is_some() {
            return Err(JwtError::Algorithm);
        }
        if header.kid.as_deref() != Some(self.kid.as_str()) {
            return Err(JwtError::UnknownKey);
        }
        Ok(())
    }
}

/// The JWK thumbprint (RFC 7638): SHA-256 of the required members in alphabetical order.
fn thumbprint(n: &[u8], e: &[u8]) -> [u8; 32] {
    let (n, e) = (BASE64URL_NOPAD.encode(n), BASE64URL_NOPAD.encode(e));
    sha256(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#).as_bytes())
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::{MAX_TOKEN_LEN, SigningKey};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());

    fn token() -> String {
        KEY.sign(&json!({"sub": "alice", "exp": 1})).unwrap()
    }

    /// A token with any header and claims, rightly signed by `KEY` over them.
    fn signed(header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
        let text = format!("{header}.{claims}");
        let signature = BASE64URL_NOPAD.encode(&KEY.raw_signature(text.as_bytes()).unwrap());
        format!("{text}.{signature}")
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638_section_3_1() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhD\
                 R1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6C\
                 f0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1\
                 n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1\
                 jF44-csFCur-kEgU8awapJzKnqDKgw";
        let n = BASE64URL_NOPAD.decode(n.as_bytes()).unwrap();
        let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(BASE64URL_NOPAD.encode(&thumbprint(&n, &[1, 0, 1])), expected);
    }

    #[test]
    fn checks_a_token_signed_by_openssl() {
        // Made with Python's `cryptography` (OpenSSL), which also computed the key id.
        let n = "3jB6Ytk6Jiz72IuIfNAgTDy38NsK9MVEJo1-3s5PMUZLQrjnsL52PHmRuv4PIhVoNUX2sRAGIfCFq7\
                 FXymXptuiNUbi6lMkuuAemkEvZcoIu8gPJAVuMMSpw3-lezQTivK0ijVxoyzK0VB37PNV4G89OcTIV\
                 cm1-fEHUmQSavVC1eeKJfP4_PSK8y6cE9G0yva-A_gJsjzzJ03CUsM0vMRXoWgBytAbhD_GPzJanen\
                 w7_MdXEA39RwbrxmXwGajnc6otrnkwot2iexuZovoucy9PySOm7cTqxjvWL3B5qVs_LqXx1nfmz0ri\
                 PzDxp2N5fWEZmY54dZ9PmKUM40PJyQ";
        let kid = "AvAb5NuAIbtxmoxxDcBGv8Y3uMRUfEYduo6wPufQADw=";
        let token = "eyJraWQiOiJBdkFiNU51QUlidHhtb3h4RGNCR3Y4WTN1TVJVZkVZZHVvNndQdWZRQUR3PSIsImFsZy\
                     I6IlJTMjU2In0.eyJzdWIiOiJhbGljZSJ9.HYvVF6Tu1oWXPc1ZlC6L_XCpp2PW6qq84roN1fAPRt7\
                     sbsGunPW3mdXynO7aVhicVfthJvCT8134OyKdcoy5VPexgN_2Zhue8HXXEKh0jOJOjC5m0pgfoRXVN\
                     2hdGXY9X_dO3Lx7EJrL1AdnANUAAfB0kFFINuD7242b0m4Cl952B0PamL4WkdslHuxEgWjM7r8bfpl\
                     _zI6PDZuexbjtx7iDxNiNYeg3Zl_de8PIPB_UrEADZ149Wq4Yu1u3ebu_VJ84TOZTNJWy0lQEh7otM\
                     Z5X0D8o0ir3VmjqXqDtzGEcL18hFx6N3U4IiO5Oo4KP8k69gz8jnlGR87PjsHTcSw";
        let key = PublicKey::with_thumbprint(&BASE64URL_NOPAD.decode(n.as_bytes()).unwrap(), &[1, 0, 1]);
        let key = key.unwrap();
        assert_eq!(key.kid(), kid);
        assert_eq!(key.verify(token), Ok(json!({"sub": "alice"})));
    }

    #[test]
    fn a_key_restored_from_parts_or_jwk_checks_the_same_tokens() {
        let key = KEY.public();
        let jwk = key.to_jwk();
        let text = serde_json::to_string(&jwk).unwrap();
        assert!(text.starts_with(r#"{"alg":"RS256","e":"AQAB","kid":""#) && text.ends_with(r#","use":"sig"}"#));
        for restored in [PublicKey::from_parts(key.n(), key.e(), key.kid()), PublicKey::from_jwk(&jwk)] {
            assert_eq!(restored.unwrap().verify(&token()).unwrap()["sub"], "alice");
        }
    }

    #[test]
    fn refuses_parts_that_are_no_key() {
        let key = KEY.public();
        assert!(PublicKey::from_parts(&key.n()[1..], key.e(), "x").is_err());
        assert!(PublicKey::from_parts(key.n(), &[], "x").is_err());
        assert!(PublicKey::from_parts(&[0; 256], key.e(), "x").is_err());
        assert!(PublicKey::from_jwk(&json!({"kty": "EC"})).is_err());
        assert!(PublicKey::from_jwk(&json!(null)).is_err());
    }

    #[test]
    fn accepts_another_layout_of_an_honest_header() {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": KEY.kid()}).to_string();
        assert!(KEY.public().verify(&signed(&header, "{}")).is_ok());
    }

    #[test]
    fn refuses_every_other_header_even_when_signed() {
        let kid = KEY.kid();
        let cases = [
            (json!({"alg": "none", "kid": kid}), JwtError::Algorithm),
            (json!({"alg": "HS256", "kid": kid}), JwtError::Algorithm),
            (json!({"alg": "rs256", "kid": kid}), JwtError::Algorithm),
            (json!({"kid": kid}), JwtError::Algorithm),
            (json!({"alg": "RS256", "kid": kid, "crit": ["b64"]}), JwtError::Algorithm),
            (json!({"alg": "RS256", "kid": "other"}), JwtError::UnknownKey),
            (json!({"alg": "RS256"}), JwtError::UnknownKey),
            (json!(["RS256"]), JwtError::Malformed),
            (json!("RS256"), JwtError::Malformed),
        ];
        for (header, error) in cases {
            assert_eq!(KEY.public().verify(&signed(&header.to_string(), "{}")), Err(error), "{header}");
        }
        let twice = format!(r#"{{"alg":"none","alg":"RS256","kid":"{kid}"}}"#);
        assert_eq!(KEY.public().verify(&signed(&twice, "{}")), Err(JwtError::Malformed));
    }

    #[test]
    fn refuses_claims_that_are_no_object() {
        let header = json!({"alg": "RS256", "kid": KEY.kid()}).to_string();
        for claims in ["[]", "1", "", "{", "{} {}"] {
            assert_eq!(KEY.public().verify(&signed(&header, claims)), Err(JwtError::Claims), "{claims}");
        }
    }

    #[test]
    fn refuses_every_changed_character() {
        let token = token();
        for position in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(KEY.public().verify(&changed).is_err(), "{position}");
        }
    }

    #[test]
    fn refuses_other_shapes() {
        let token = token();
        let (signed, _) = token.rsplit_once('.').unwrap();
        for text in ["", ".", "..", "...", signed, &format!("{token}."), &format!("{token}=")] {
            assert_eq!(KEY.public().verify(text), Err(JwtError::Malformed), "{text}");
        }
        assert_eq!(KEY.public().verify(&format!("{signed}.")), Err(JwtError::Signature));
        let long = "a".repeat(MAX_TOKEN_LEN + 1);
        assert_eq!(KEY.public().verify(&long), Err(JwtError::TooLong));
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_refused_without_panic(text in "\\PC{0,200}") {
            prop_assert!(KEY.public().verify(&text).is_err());
        }
    }
}
