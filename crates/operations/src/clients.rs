//! App clients and their secrets.

pub mod add_user_pool_client_secret;
pub mod create_user_pool_client;
pub mod delete_user_pool_client;
pub mod delete_user_pool_client_secret;
pub mod describe_user_pool_client;
pub mod list_user_pool_client_secrets;
pub mod list_user_pool_clients;
pub mod update_user_pool_client;

use std::sync::Arc;

use cognate_crypto::random;
use cognate_domain::Client;
use cognate_domain::client::ClientSecret;
use cognate_model::{ClientSecretDescriptorType, Secret, Timestamp};
use cognate_store::{Tx, clients};

use crate::auth::{client_secret_place, client_secrets};
use crate::{Context, Error, OpenPool};

/// The letters of client ids and generated secrets, as recorded from the live service.
const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuv";

pub(crate) fn new_client_id(cx: &Context) -> String {
    random::string(cx.random(), LETTERS, 26)
}

pub(crate) fn new_secret(cx: &Context) -> Secret {
    Secret::from(random::string(cx.random(), LETTERS, 52))
}

/// A secret at rest. Ids carry the moment in seconds; of two in the same second the later one counts on, so that the ids
/// beside each other differ and are in the order of the secrets.
pub(crate) fn seal_secret(cx: &Context, pool: &OpenPool, client: &Client, secret: &Secret) -> ClientSecret {
    let now = cx.now();
    let newest = client.secrets.iter().filter_map(|secret| secret.id.rsplit_once("--")?.1.parse::<i64>().ok()).max();
    let moment = newest.map_or(now.seconds(), |newest| now.seconds().max(newest + 1));
    let id = format!("{}--{moment}", client.id());
    let place = client_secret_place(pool.id(), client.id(), &id);
    let sealed = pool.at_rest.seal(secret.expose().as_bytes(), &place, cx.random());
    ClientSecret { id, sealed, created: now.micros() }
}

/// The secret that descriptions show: the newest.
pub(crate) fn shown_secret(pool: &OpenPool, client: &Client) -> Result<Option<Secret>, Error> {
    Ok(client_secrets(pool, client)?.pop().map(|secret| Secret::from(secret.as_str())))
}

pub(crate) fn descriptor(secret: &ClientSecret, value: Option<Secret>) -> ClientSecretDescriptorType {
    ClientSecretDescriptorType {
        client_secret_id: Some(secret.id.clone()),
        client_secret_value: value,
        client_secret_create_date: Some(Timestamp::from_micros(secret.created)),
    }
}

/// Changes a client by a rule, on its state of now, and forgets the cached one.
pub(crate) async fn change_client<T, F>(cx: &Context, pool: &Arc<OpenPool>, id: String, rule: F) -> Result<T, Error>
where
    F: Fn(&mut dyn Tx, &OpenPool, &mut Client) -> Result<T, Error> + Send + 'static,
    T: Send + 'static,
{
    let (pool, id): (_, Arc<str>) = (Arc::clone(pool), id.into());
    let key = Arc::clone(&id);
    let change = move |tx: &mut dyn Tx| {
        let mut client = clients::get(tx, pool.id(), &key)?.ok_or_else(|| Error::no_client(&key))?;
        let outcome = rule(tx, &pool, &mut client)?;
        clients::update(tx, &client)?;
        Ok(outcome)
    };
    cx.write_and_forget(change, move |cx| cx.client_changed(&id)).await
}
