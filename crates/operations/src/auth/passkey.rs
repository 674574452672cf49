//! Passkeys at sign-in.

use cognate_domain::User;
use cognate_domain::sign_in::Means;

use super::course::Course;
use crate::{Context, Error, OpenPool};

/// What the user has registered.
#[expect(clippy::unused_async, reason = "looked up in the store once passkeys are kept")]
pub(super) async fn means(_cx: &Context, _pool: &OpenPool, _user: &User) -> Result<Means, Error> {
    Ok(Means::default())
}

/// The options for the browser, and the challenge in them.
#[expect(clippy::unused_async, reason = "reads the user's passkeys once they are kept")]
pub(super) async fn options(_cx: &Context, _course: &Course<'_>) -> Result<(String, Vec<u8>), Error> {
    Err(cognate_domain::sign_in::out_of_order().into())
}
