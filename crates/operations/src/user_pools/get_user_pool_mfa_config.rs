//! `GetUserPoolMfaConfig`.
//!
//! Errors: `ResourceNotFound` (pool).

use cognate_domain::mfa_config;
use cognate_model::{GetUserPoolMfaConfigRequest, GetUserPoolMfaConfigResponse};

use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: GetUserPoolMfaConfigRequest,
) -> Result<GetUserPoolMfaConfigResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    Ok(mfa_config::get(&pool))
}
