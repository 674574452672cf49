//! `GetUserPoolSessionConfiguration`.
//!
//! Errors: `ResourceNotFound` (pool).

use cognate_domain::session_tracking;
use cognate_model::{GetUserPoolSessionConfigurationRequest, GetUserPoolSessionConfigurationResponse};

use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: GetUserPoolSessionConfigurationRequest,
) -> Result<GetUserPoolSessionConfigurationResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    Ok(session_tracking::describe(&pool))
}
