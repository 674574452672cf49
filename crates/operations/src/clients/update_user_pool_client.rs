//! `UpdateUserPoolClient`: replaces the configuration; the secret stays.
//!
//! Errors: `ResourceNotFound` (pool, client), `InvalidParameter`, `ScopeDoesNotExist`, `InvalidOAuthFlow`,
//! `FeatureUnavailableInTier`.

use cognate_domain::client_rules;
use cognate_model::{UpdateUserPoolClientRequest, UpdateUserPoolClientResponse};

use super::{change_client, shown_secret};
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: UpdateUserPoolClientRequest,
) -> Result<UpdateUserPoolClientResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let now = cx.now();
    let id = request.client_id.clone();
    let client = change_client(cx, &pool, id, move |_, pool, client| {
        *client = client_rules::update_client(pool, client, request.clone(), now)?;
        Ok(client.clone())
    })
    .await?;
    let secret = shown_secret(&pool, &client)?;
    Ok(UpdateUserPoolClientResponse { user_pool_client: Some(client_rules::describe(&client, secret)) })
}
