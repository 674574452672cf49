//! What a device proves itself by: the salt and the SRP verifier that it made for itself, sealed at rest.

use cognate_crypto::srp::{PUBLIC_LEN, Verifier};
use cognate_crypto::{random, seal};
use cognate_domain::user::UserId;
use cognate_model::DeviceSecretVerifierConfigType;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::{Context, Error, OpenPool};

/// The longest salt; clients make sixteen bytes, and one more for the sign.
const LONGEST_SALT: usize = 64;
/// The longest text of a verifier: its bytes, one more for the sign, in base64.
const LONGEST_TEXT: usize = (PUBLIC_LEN + 3) / 3 * 4 + 4;

/// A device's salt and verifier.
pub(crate) struct DeviceSecret {
    /// The salt, which the client is told.
    pub(crate) salt: Vec<u8>,
    verifier: Zeroizing<[u8; PUBLIC_LEN]>,
}

impl DeviceSecret {
    /// Reads what `ConfirmDevice` brings. The texts are not recorded.
    pub(super) fn read(config: Option<&DeviceSecretVerifierConfigType>) -> Result<Self, Error> {
        let missing = |name: &str| Error::invalid(format!("Missing required parameter {name}"));
        let config = config.ok_or_else(|| missing("DeviceSecretVerifierConfig"))?;
        let decode = |name: &str, text: Option<&String>| {
            let text = text.filter(|text| !text.is_empty()).ok_or_else(|| missing(name))?;
            let bytes = (text.len() <= LONGEST_TEXT).then(|| BASE64.decode(text.as_bytes()).ok()).flatten();
            bytes.ok_or_else(|| Error::invalid(format!("Invalid {name} given.")))
        };
        let salt = decode("Salt", config.salt.as_ref())?;
        if salt.len() > LONGEST_SALT {
            return Err(Error::invalid("Invalid Salt given."));
        }
        let verifier = decode("PasswordVerifier", config.password_verifier.as_ref()).map(Zeroizing::new)?;
        let verifier =
            Verifier::from_padded(&verifier).map_err(|_| Error::invalid("Invalid PasswordVerifier given."))?;
        Ok(Self { salt, verifier: verifier.to_bytes() })
    }

    /// The verifier.
    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::from_bytes(&self.verifier)
    }

    /// Sealed for the device's row.
    pub(super) fn seal(&self, cx: &Context, pool: &OpenPool, user: &UserId, key: &str) -> Vec<u8> {
        let payload = Zeroizing::new([self.verifier.as_slice(), &self.salt].concat());
        pool.at_rest.seal(&payload, &place(pool, user, key), cx.random())
    }

    /// Opens what [`DeviceSecret::seal`] made.
    pub(crate) fn open(pool: &OpenPool, user: &UserId, key: &str, sealed: &[u8]) -> Result<Self, Error> {
        let payload = pool
            .at_rest
            .open(sealed, &place(pool, user, key))
            .map_err(|_| Error::internal("a device's verifier does not open with the pool's data key"))?;
        let (verifier, salt) =
            payload.split_first_chunk().ok_or_else(|| Error::internal("a device's verifier is damaged"))?;
        Ok(Self { salt: salt.to_vec(), verifier: Zeroizing::new(*verifier) })
    }
}

fn place(pool: &OpenPool, user: &UserId, key: &str) -> Vec<u8> {
    seal::context(&["devices", pool.id(), &random::format_uuid(user), key, "sealed"])
}

/// `DeviceGroupKey`, in the place of a pool's name in the proofs of devices: the same for all devices of a pool, and of
/// the form of the samples.
pub(crate) fn group_key(pool: &OpenPool) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let drawn = pool.codes.mac(&seal::context(&["device group"]));
    let text = drawn.iter().take(8).filter_map(|byte| letters.get(usize::from(*byte) % letters.len()));
    std::iter::once('-').chain(text.map(|letter| char::from(*letter))).collect()
}
