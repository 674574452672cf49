//! `ListUserPoolClientSecrets`: ids and dates, never values.
//!
//! Errors: `ResourceNotFound` (pool, client).

use cognate_model::{ListUserPoolClientSecretsRequest, ListUserPoolClientSecretsResponse};

use super::descriptor;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: ListUserPoolClientSecretsRequest,
) -> Result<ListUserPoolClientSecretsResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let client = cx.client_of(pool.id(), &request.client_id).await?;
    let secrets = client.secrets.iter().map(|secret| descriptor(secret, None)).collect();
    Ok(ListUserPoolClientSecretsResponse { client_secrets: Some(secrets), next_token: None })
}
