//! `SetUserPoolMfaConfig`: whether a pool asks for a second factor, and which ones it offers.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter`, `FeatureUnavailableInTier`.

use cognate_domain::mfa_config;
use cognate_model::{SetUserPoolMfaConfigRequest, SetUserPoolMfaConfigResponse};

use super::change_pool;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: SetUserPoolMfaConfigRequest,
) -> Result<SetUserPoolMfaConfigResponse, Error> {
    let now = cx.now();
    change_pool(cx, request.user_pool_id.clone(), move |_, pool| Ok(mfa_config::set(pool, request.clone(), now)?)).await
}
