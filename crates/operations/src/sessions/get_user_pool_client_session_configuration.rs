//! `GetUserPoolClientSessionConfiguration`.
//!
//! Errors: `ResourceNotFound` (pool, client).

use cognate_domain::session_tracking;
use cognate_model::{GetUserPoolClientSessionConfigurationRequest, GetUserPoolClientSessionConfigurationResponse};

use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: GetUserPoolClientSessionConfigurationRequest,
) -> Result<GetUserPoolClientSessionConfigurationResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let client = cx.client_of(pool.id(), &request.client_id).await?;
    Ok(session_tracking::describe_client(&client))
}
