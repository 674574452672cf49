//! The proof that an app client knows its secret ("Computing secret hash values" of the developer guide).

use cognate_crypto::{seal, secret_hash};
use cognate_domain::Client;
use zeroize::Zeroizing;

use crate::{Error, OpenPool};

/// How a missing proof is worded: the flows have a text of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wording {
    /// `InitiateAuth` and its relatives.
    Flow,
    /// `ForgotPassword` and its relatives.
    Member,
}

/// Checks the hash over one of the names that the user may go by, and the client's id.
pub(crate) fn check(
    pool: &OpenPool,
    client: &Client,
    names: &[&str],
    given: Option<&str>,
    wording: Wording,
) -> Result<(), Error> {
    let id = client.id();
    let Some(given) = given else {
        if !client.is_confidential() {
            return Ok(());
        }
        return Err(Error::not_authorized(match wording {
            Wording::Flow => format!("Client {id} is configured with secret but SECRET_HASH was not received"),
            Wording::Member => format!("Client {id} is configured for secret but secret was not received"),
        }));
    };
    if !client.is_confidential() {
        return Err(Error::not_authorized(format!(
            "Client {id} is not configured with secret but secret was received"
        )));
    }
    for secret in secrets(pool, client)? {
        if names.iter().any(|name| secret_hash::verify(&secret, name, id, given)) {
            return Ok(());
        }
    }
    Err(Error::not_authorized(format!("Unable to verify secret hash for client {id}")))
}

/// The secrets of a client, unsealed. Two at most: both are good while one replaces the other.
pub(crate) fn secrets(pool: &OpenPool, client: &Client) -> Result<Vec<Zeroizing<String>>, Error> {
    client
        .secrets
        .iter()
        .map(|secret| {
            let opened = pool
                .at_rest
                .open(&secret.sealed, &place(pool.id(), client.id(), &secret.id))
                .map_err(|_| Error::internal("a client secret does not open with the pool's data key"))?;
            let text = std::str::from_utf8(&opened).map_err(|_| Error::internal("a client secret is damaged"))?;
            Ok(Zeroizing::new(text.to_owned()))
        })
        .collect()
}

/// Where a client secret is sealed for.
pub(crate) fn place(pool: &str, client: &str, secret: &str) -> Vec<u8> {
    seal::context(&["clients", pool, client, secret])
}
