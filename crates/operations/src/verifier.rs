//! What SRP checks a password by: at rest, and made up for names that nobody has.

use cognate_crypto::password::HashCost;
use cognate_crypto::srp::{Exponent, Identity, PUBLIC_LEN, SALT_LEN, Verifier};
use cognate_crypto::{random, seal};
use cognate_domain::user::UserId;
use zeroize::Zeroizing;

use crate::{Context, Error, OpenPool, Services};

/// A password's salt and verifier.
pub(crate) struct Kept {
    /// The salt, which the client is told.
    pub(crate) salt: [u8; SALT_LEN],
    verifier: Form,
}

/// `dev` hashes passwords cheaply and keeps what the verifier is made of: making it costs more than all the rest of
/// creating a user.
enum Form {
    Exponent(Exponent),
    Verifier(Box<Zeroizing<[u8; PUBLIC_LEN]>>),
}

const EXPONENT: u8 = 0;
const VERIFIER: u8 = 1;

impl Kept {
    /// Of a password of this user.
    pub(crate) fn new(services: &Services, pool: &str, username: &str, password: &str) -> Self {
        let salt = random::bytes(&*services.random);
        let exponent = Exponent::new(Identity { prefix: prefix(pool), name: username }, password, &salt);
        let verifier = if keeps_exponents(services) {
            Form::Exponent(exponent)
        } else {
            Form::Verifier(Box::new(exponent.verifier().to_bytes()))
        };
        Self { salt, verifier }
    }

    /// That was made elsewhere, for the same names.
    pub(crate) fn moved(salt: [u8; SALT_LEN], verifier: &[u8; PUBLIC_LEN]) -> Self {
        Self { salt, verifier: Form::Verifier(Box::new(Zeroizing::new(*verifier))) }
    }

    /// Of a name that nobody has: the same every time, and no password's.
    pub(crate) fn of_stranger(services: &Services, pool: &OpenPool, name: &str) -> Self {
        let drawn = |purpose: &str| pool.codes.mac(&seal::context(&["srp stranger", purpose, name]));
        let mut salt = [0; SALT_LEN];
        salt.iter_mut().zip(drawn("salt")).for_each(|(to, from)| *to = from);
        let verifier = if keeps_exponents(services) {
            Form::Exponent(Exponent::from_bytes(drawn("exponent")))
        } else {
            let mut bytes = Zeroizing::new([0; PUBLIC_LEN]);
            for (part, chunk) in bytes.chunks_mut(32).enumerate() {
                chunk.copy_from_slice(&drawn(&format!("verifier {part}")));
            }
            Form::Verifier(Box::new(bytes))
        };
        Self { salt, verifier }
    }

    /// The verifier.
    pub(crate) fn verifier(&self) -> Verifier {
        match &self.verifier {
            Form::Exponent(exponent) => exponent.verifier(),
            Form::Verifier(bytes) => Verifier::from_bytes(bytes),
        }
    }

    /// Sealed for the user's row.
    pub(crate) fn seal(&self, services: &Services, pool: &OpenPool, user: &UserId) -> Vec<u8> {
        let (form, bytes): (u8, &[u8]) = match &self.verifier {
            Form::Exponent(exponent) => (EXPONENT, exponent.as_bytes()),
            Form::Verifier(bytes) => (VERIFIER, bytes.as_slice()),
        };
        let payload = Zeroizing::new([&[form], self.salt.as_slice(), bytes].concat());
        pool.at_rest.seal(&payload, &place(pool, user), &*services.random)
    }

    /// Opens what [`Kept::seal`] made.
    pub(crate) fn open(pool: &OpenPool, user: &UserId, sealed: &[u8]) -> Result<Self, Error> {
        let damaged = || Error::internal("an SRP verifier is damaged");
        let payload = pool
            .at_rest
            .open(sealed, &place(pool, user))
            .map_err(|_| Error::internal("an SRP verifier does not open with the pool's data key"))?;
        let (form, rest) = payload.split_first().ok_or_else(damaged)?;
        let (salt, bytes) = rest.split_first_chunk().ok_or_else(damaged)?;
        let verifier = match *form {
            EXPONENT => Form::Exponent(Exponent::from_bytes(bytes.try_into().map_err(|_| damaged())?)),
            VERIFIER => Form::Verifier(Box::new(Zeroizing::new(bytes.try_into().map_err(|_| damaged())?))),
            _ => return Err(damaged()),
        };
        Ok(Self { salt: *salt, verifier })
    }
}

/// The part of a pool's id that SRP hashes.
pub(crate) fn prefix(pool: &str) -> &str {
    pool.rsplit_once('_').map_or("", |(_, name)| name)
}

/// The id that a stranger would have, in the form of a `sub`.
pub(crate) fn stranger_id(pool: &OpenPool, name: &str) -> UserId {
    let [drawn @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        pool.codes.mac(&seal::context(&["srp stranger", "id", name]));
    // The version and variant bits of the users' own ids.
    let mut id: UserId = drawn;
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut id;
    *version = (*version & 0x0f) | 0x70;
    *variant = (*variant & 0x3f) | 0x80;
    id
}

fn keeps_exponents(services: &Services) -> bool {
    services.settings.hash_cost == HashCost::DEV
}

fn place(pool: &OpenPool, user: &UserId) -> Vec<u8> {
    seal::context(&["srp_verifiers", pool.id(), &random::format_uuid(user), "sealed"])
}

impl Context {
    /// What SRP checks this user's password by; what a stranger's would be for a user without a password.
    pub(crate) async fn verifier_of(&self, pool: &OpenPool, user: &cognate_domain::User) -> Result<Kept, Error> {
        let sealed = self.read(|tx| Ok(cognate_store::srp_verifiers::get(tx, pool.id(), &user.id)?)).await?;
        match sealed {
            Some(sealed) => Kept::open(pool, &user.id, &sealed),
            None => Ok(Kept::of_stranger(self, pool, &user.username)),
        }
    }
}
