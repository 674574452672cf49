//! `SetUserPoolClientSessionConfiguration`: how long an app client reuses a session of the hosted pages. It is kept for
//! when there are such pages.
//!
//! Errors: `ResourceNotFound` (pool, client), `FeatureUnavailableInTier`, `InvalidParameter` (sessions are not tracked).

use cognate_domain::session_tracking;
use cognate_model::{SetUserPoolClientSessionConfigurationRequest, SetUserPoolClientSessionConfigurationResponse};

use crate::clients::change_client;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: SetUserPoolClientSessionConfigurationRequest,
) -> Result<SetUserPoolClientSessionConfigurationResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let id = request.client_id.clone();
    change_client(cx, &pool, id, move |_, pool, client| Ok(session_tracking::set_client(pool, client, &request)?)).await
}
