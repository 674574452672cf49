//! `CreateUserPool`.
//!
//! Errors: `InvalidParameter` (every rule of `cognate_domain::pool_rules`), `FeatureUnavailableInTier`.

use cognate_crypto::random;
use cognate_crypto::seal::DataKey;
use cognate_domain::Pool;
use cognate_domain::pool_rules::{self, PoolIdentity};
use cognate_model::{CreateUserPoolRequest, CreateUserPoolResponse};
use cognate_store::{DbError, Tx, user_pools};

use crate::context::or_exists;
use crate::{Context, Error};

/// The letters behind the underscore of a pool id.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(crate) async fn handle(cx: &Context, request: CreateUserPoolRequest) -> Result<CreateUserPoolResponse, Error> {
    let id = format!("{}_{}", cx.settings.region, random::string(cx.random(), LETTERS, 9));
    let pool = pool_rules::create_pool(request, identity(cx, id))?;
    let view = pool_rules::created_view(&pool);
    let data_key = new_data_key(cx, &pool);
    cx.write(move |tx| insert(tx, &pool, &data_key)).await?;
    Ok(CreateUserPoolResponse { user_pool: Some(view) })
}

pub(crate) fn identity(cx: &Context, id: String) -> PoolIdentity {
    PoolIdentity { id, region: cx.settings.region.clone(), account: cx.settings.account.clone(), now: cx.now() }
}

/// A data key for a new pool, sealed under the master key.
pub(crate) fn new_data_key(cx: &Context, pool: &Pool) -> Vec<u8> {
    cx.master_key.seal_data_key(&DataKey::generate(cx.random()), pool.id(), cx.random())
}

pub(crate) fn insert(tx: &mut dyn Tx, pool: &Pool, data_key: &[u8]) -> Result<(), Error> {
    let inserted: Result<(), DbError> = user_pools::insert(tx, pool, data_key);
    or_exists(inserted, || Error::internal("two pools drew the same id"))
}
