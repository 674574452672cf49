//! Passwords: hashed and compared on the work pool, within its bounds.

use cognate_crypto::password::PasswordHash;
use zeroize::Zeroizing;

use crate::{Context, Error};

/// The PHC text of a new hash.
pub(crate) async fn hash(cx: &Context, password: &str) -> Result<String, Error> {
    if is_cheap(cx) {
        return Ok(cx.hasher.hash(password, cx.random()).as_str().to_owned());
    }
    let password = Zeroizing::new(password.to_owned());
    let services = cx.services();
    cx.work.run(move || services.hasher.hash(&password, &*services.random).as_str().to_owned()).await
}

/// Whether the password belongs to the hash. Without a hash the same work is done, so that an unknown user takes as
/// long as a known one.
pub(crate) async fn verify(cx: &Context, password: &str, hash: Option<&str>) -> Result<bool, Error> {
    let hash = hash.and_then(PasswordHash::parse);
    if is_cheap(cx) {
        return Ok(compare(&cx.hasher, password, hash.as_ref()));
    }
    let password = Zeroizing::new(password.to_owned());
    let services = cx.services();
    cx.work.run(move || compare(&services.hasher, &password, hash.as_ref())).await
}

fn compare(hasher: &cognate_crypto::password::PasswordHasher, password: &str, hash: Option<&PasswordHash>) -> bool {
    if let Some(hash) = hash {
        hasher.verify(password, hash)
    } else {
        hasher.dummy_verify(password);
        false
    }
}

/// Hashes of `dev` cost microseconds, less than handing them to another thread.
fn is_cheap(cx: &Context) -> bool {
    cx.settings.hash_cost == cognate_crypto::password::HashCost::DEV
}
