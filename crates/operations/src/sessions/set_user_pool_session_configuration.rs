//! `SetUserPoolSessionConfiguration`: whether a pool tracks sessions, and how many each user may have. A lower number
//! ends nothing by itself: the next sign-in brings the user back within it.
//!
//! Errors: `ResourceNotFound` (pool), `FeatureUnavailableInTier`.

use cognate_domain::session_tracking;
use cognate_model::{SetUserPoolSessionConfigurationRequest, SetUserPoolSessionConfigurationResponse};

use crate::user_pools::change_pool;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: SetUserPoolSessionConfigurationRequest,
) -> Result<SetUserPoolSessionConfigurationResponse, Error> {
    let id = request.user_pool_id.clone();
    change_pool(cx, id, move |_, pool| Ok(session_tracking::set(pool, &request)?)).await
}
