//! The private half: making tokens.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{JwtError, KeyError, PublicKey};

/// DER of an `RSAPublicKey` (RFC 8017, appendix A.1.1) with a 2048-bit modulus, up to the modulus.
const DER_BEFORE_MODULUS: [u8; 9] = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
/// The rest after the modulus: the exponent 65537.
const DER_EXPONENT: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];

/// An RSA-2048 key that signs tokens. Its private part is held by AWS-LC, which wipes it, and is
/// not shown by `Debug`.
pub struct SigningKey {
    pair: RsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// A new key. AWS-LC uses its own generator for the primes, hence no `Random` parameter. Takes
    /// a good part of a second: keep it off the threads that serve requests.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generation)?;
        Self::new(pair)
    }

    /// A key from PKCS #8 (RFC 5208) as [`SigningKey::to_pkcs8`] writes it. Only RSA-2048 with the
    /// exponent 65537, the one kind that the live service publishes.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Rejected)?;
        Self::new(pair)
    }

    fn new(pair: RsaKeyPair) -> Result<Self, KeyError> {
        // A 2048-bit key has this one layout, so matching it both reads the modulus and checks the
        // kind.
        let der = pair.public_key().as_ref();
        let modulus = der.strip_prefix(&DER_BEFORE_MODULUS).and_then(|rest| rest.strip_suffix(&DER_EXPONENT));
        let public = PublicKey::with_thumbprint(modulus.ok_or(KeyError::Rejected)?, &[1, 0, 1])?;
        Ok(Self { pair, public })
    }

    /// The private key in PKCS #8, to be sealed before it is stored.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| KeyError::Rejected)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The key id: standard base64 of the key's RFC 7638 thumbprint, 44 characters that end in `=`.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The half that clients may have.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `claims`, which must serialise to a JSON object, as a compact token.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, JwtError> {
        let claims = serde_json::to_vec(claims).map_err(|_| JwtError::Claims)?;
        if claims.first() != Some(&b'{') {
            return Err(JwtError::Claims);
        }
        let header = self.public.header_segment();
        let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 350);
        token.push_str(header);
        token.push('.');
        BASE64URL_NOPAD.encode_append(&claims, &mut token);
        let signature = self.raw_signature(token.as_bytes())?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(token)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2).
    pub(super) fn raw_signature(&self, message: &[u8]) -> Result<Vec<u8>, JwtError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| JwtError::Signing)?;
        Ok(signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::{peek_claims, peek_kid};
    use serde_json::json;

    #[test]
    fn signs_tokens_in_the_live_services_form() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign(&json!({"token_use": "access"})).unwrap();
        let header = BASE64URL_NOPAD.decode(token.split('.').next().unwrap().as_bytes()).unwrap();
        let expected = format!(r#"{{"kid":"{}","alg":"RS256"}}"#, key.kid());
        assert_eq!(String::from_utf8(header).unwrap(), expected);
        assert_eq!((key.kid().len(), key.kid().ends_with('=')), (44, true));
        assert_eq!(key.public().verify(&token).unwrap(), json!({"token_use": "access"}));
        assert_eq!(peek_kid(&token).as_deref(), Some(key.kid()));
        assert_eq!(peek_claims(&token).unwrap()["token_use"], "access");
    }

    #[test]
    fn a_stored_key_keeps_its_id_and_its_signatures() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.kid(), key.kid());
        let claims = json!({"sub": "alice"});
        assert_eq!(again.sign(&claims).unwrap(), key.sign(&claims).unwrap());
    }

    #[test]
    fn one_keys_token_is_not_anothers() {
        let (one, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        assert_ne!(one.kid(), other.kid());
        let token = one.sign(&json!({})).unwrap();
        assert_eq!(other.public().verify(&token), Err(JwtError::UnknownKey));
        let renamed = PublicKey::from_parts(other.public().n(), other.public().e(), one.kid()).unwrap();
        assert_eq!(renamed.verify(&token), Err(JwtError::Signature));
    }

    #[test]
    fn refuses_claims_that_are_no_object() {
        let key = SigningKey::generate().unwrap();
        for claims in [json!([]), json!("x"), json!(null)] {
            assert_eq!(key.sign(&claims), Err(JwtError::Claims));
        }
    }

    #[test]
    fn refuses_bytes_that_are_no_rsa_2048_key() {
        assert_eq!(SigningKey::from_pkcs8(b"").unwrap_err(), KeyError::Rejected);
        let larger = RsaKeyPair::generate(KeySize::Rsa3072).unwrap();
        let der: Pkcs8V1Der<'_> = larger.as_der().unwrap();
        assert_eq!(SigningKey::from_pkcs8(der.as_ref()).unwrap_err(), KeyError::Rejected);
    }

    #[test]
    fn debug_shows_the_id_only() {
        let key = SigningKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {:?}, .. }}", key.kid()));
    }
}
