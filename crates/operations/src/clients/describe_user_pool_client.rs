//! `DescribeUserPoolClient`: with the secret in clear, as the live service shows it to administrators.
//!
//! Errors: `ResourceNotFound` (pool, client).

use cognate_domain::client_rules;
use cognate_model::{DescribeUserPoolClientRequest, DescribeUserPoolClientResponse};

use super::shown_secret;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: DescribeUserPoolClientRequest,
) -> Result<DescribeUserPoolClientResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let client = cx.client_of(pool.id(), &request.client_id).await?;
    let secret = shown_secret(&pool, &client)?;
    Ok(DescribeUserPoolClientResponse { user_pool_client: Some(client_rules::describe(&client, secret)) })
}
