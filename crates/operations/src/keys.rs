//! The keys with which pools sign their tokens: one for ID tokens, one for access tokens.

use std::sync::Arc;

use cognate_crypto::jwt::SigningKey;
use cognate_crypto::seal;
use cognate_store::DbError;
use cognate_store::signing_keys::{self, SealedKey};
use serde_json::{Value, json};

use crate::{Context, Error, OpenPool};

/// The keys of a pool.
#[derive(Debug)]
pub struct SigningKeys {
    /// Signs ID tokens.
    pub id: SigningKey,
    /// Signs access tokens.
    pub access: SigningKey,
}

const PURPOSES: [&str; 2] = ["access", "id"];

/// The keys of a pool, made at their first use: an RSA key costs a tenth of a second, and many pools never sign.
pub async fn of_pool(cx: &Context, pool: &Arc<OpenPool>) -> Result<Arc<SigningKeys>, Error> {
    if let Some(keys) = cx.caches.signing_keys(pool.id()) {
        return Ok(keys);
    }
    let epoch = cx.caches.signing_keys_epoch();
    let id = pool.id().to_owned();
    let mut stored = cx.read(|tx| Ok(signing_keys::of_pool(tx, &id)?)).await?;
    if stored.len() < PURPOSES.len() {
        // One at a time: a crowd at a pool's first sign-in would each make keys, of which all but one are thrown away.
        let _making = cx.making_keys.lock().await;
        if cx.read(|tx| Ok(signing_keys::of_pool(tx, &id)?)).await?.len() < PURPOSES.len() {
            make(cx, pool).await?;
        }
        stored = cx.read(|tx| Ok(signing_keys::of_pool(tx, &id)?)).await?;
    }
    let open = |purpose: &str| {
        let sealed = stored.iter().find(|key| key.purpose == purpose);
        let sealed = sealed.ok_or_else(|| Error::internal("a signing key is missing"))?;
        let bytes = pool
            .at_rest
            .open(&sealed.sealed, &place(pool.id(), purpose))
            .map_err(|_| Error::internal("a signing key does not open with the pool's data key"))?;
        SigningKey::from_pkcs8(&bytes).map_err(|_| Error::internal("a signing key is damaged"))
    };
    let keys = Arc::new(SigningKeys { id: open("id")?, access: open("access")? });
    cx.caches.keep_signing_keys(epoch, pool.id(), &keys);
    Ok(keys)
}

/// The JSON Web Key Set of a pool (RFC 7517).
pub async fn key_set(cx: &Context, pool: &Arc<OpenPool>) -> Result<Value, Error> {
    let keys = of_pool(cx, pool).await?;
    Ok(json!({ "keys": [keys.id.public().to_jwk(), keys.access.public().to_jwk()] }))
}

async fn make(cx: &Context, pool: &Arc<OpenPool>) -> Result<(), Error> {
    for purpose in PURPOSES {
        let key =
            cx.work.run(SigningKey::generate).await?.map_err(|_| Error::internal("a signing key could not be made"))?;
        let pkcs8 = key.to_pkcs8().map_err(|_| Error::internal("a signing key could not be stored"))?;
        let sealed = SealedKey {
            purpose: purpose.to_owned(),
            kid: key.kid().to_owned(),
            sealed: pool.at_rest.seal(&pkcs8, &place(pool.id(), purpose), cx.random()),
            public: key.public().to_jwk().to_string(),
            created: cx.now().micros(),
        };
        let id = pool.id().to_owned();
        cx.write(move |tx| match signing_keys::insert(tx, &id, &sealed) {
            // Another request was faster: its key is as good.
            Ok(()) | Err(DbError::Exists) => Ok(()),
            Err(error) => Err(error.into()),
        })
        .await?;
    }
    Ok(())
}

fn place(pool: &str, purpose: &str) -> Vec<u8> {
    seal::context(&["signing_keys", pool, purpose, "sealed"])
}
