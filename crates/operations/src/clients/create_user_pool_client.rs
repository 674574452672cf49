//! `CreateUserPoolClient`.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter`, `ScopeDoesNotExist`, `InvalidOAuthFlow`, `LimitExceeded`,
//! `FeatureUnavailableInTier`.

use std::sync::Arc;

use cognate_domain::client_rules::{self, ClientIdentity};
use cognate_model::{CreateUserPoolClientRequest, CreateUserPoolClientResponse, Exception};
use cognate_store::{clients, user_pools};

use super::{new_client_id, new_secret, seal_secret};
use crate::context::or_exists;
use crate::{Context, Error};

/// The most app clients of a pool ("Quotas in Amazon Cognito").
const MOST_CLIENTS: i64 = 10_000;

pub(crate) async fn handle(
    cx: &Context,
    request: CreateUserPoolClientRequest,
) -> Result<CreateUserPoolClientResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let secret = match &request.client_secret {
        Some(given) => Some(given.clone()),
        None => (request.generate_secret == Some(true)).then(|| new_secret(cx)),
    };
    let identity = ClientIdentity { id: new_client_id(cx), now: cx.now() };
    let mut client = client_rules::create_client(&pool, request, identity)?;
    if let Some(secret) = &secret {
        client.secrets.push(seal_secret(cx, &pool, &client, secret));
    }
    let view = client_rules::describe(&client, secret);
    let pool = Arc::clone(&pool);
    cx.write(move |tx| {
        if !user_pools::hold(tx, pool.id())? {
            return Err(Error::no_pool(pool.id()));
        }
        if clients::count(tx, pool.id())? >= MOST_CLIENTS {
            let message = format!("A user pool has at most {MOST_CLIENTS} app clients.");
            return Err(Error::refused(Exception::LimitExceeded, message));
        }
        or_exists(clients::insert(tx, &client), || Error::internal("two clients drew the same id"))
    })
    .await?;
    Ok(CreateUserPoolClientResponse { user_pool_client: Some(view) })
}
