//! The secret of an app client, where an operation takes it as it is rather than a hash of it.

use cognate_crypto::digest::constant_time_eq;
use cognate_domain::Client;
use cognate_model::Secret;

use crate::auth::client_secrets;
use crate::{Error, OpenPool};

/// How the secret that came compares with what the client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is right, or the client has none and none came.
    Right,
    /// It did not come.
    Missing,
    /// It is wrong.
    Wrong,
    /// The client has none.
    Unasked,
}

/// Compares in constant time.
pub(super) fn prove(pool: &OpenPool, client: &Client, given: Option<&Secret>) -> Result<Proof, Error> {
    Ok(match (client.is_confidential(), given) {
        (false, None) => Proof::Right,
        (false, Some(_)) => Proof::Unasked,
        (true, None) => Proof::Missing,
        (true, Some(given)) => {
            let given = given.expose().as_bytes();
            let mut secrets = client_secrets(pool, client)?.into_iter();
            if secrets.any(|secret| constant_time_eq(secret.as_bytes(), given)) { Proof::Right } else { Proof::Wrong }
        }
    })
}

/// Refuses what is not right, in the words of the flows.
pub(super) fn check(pool: &OpenPool, client: &Client, given: Option<&Secret>) -> Result<(), Error> {
    let id = client.id();
    Err(Error::not_authorized(match prove(pool, client, given)? {
        Proof::Right => return Ok(()),
        Proof::Missing => format!("Client {id} is configured for secret but secret was not received"),
        Proof::Wrong => format!("Unable to verify secret hash for client {id}"),
        Proof::Unasked => format!("Client {id} is not configured with secret but secret was received"),
    }))
}
