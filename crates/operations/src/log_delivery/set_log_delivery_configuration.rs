//! `SetLogDeliveryConfiguration`: what of a pool is written to a log, in place of what was before.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (level, destination, a source twice),
//! `FeatureUnavailableInTier` (sign-ins, below Plus).

use cognate_domain::log_delivery;
use cognate_model::{
    LogDeliveryConfigurationType, SetLogDeliveryConfigurationRequest, SetLogDeliveryConfigurationResponse,
};

use crate::user_pools::change_pool;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: SetLogDeliveryConfigurationRequest,
) -> Result<SetLogDeliveryConfigurationResponse, Error> {
    let SetLogDeliveryConfigurationRequest { user_pool_id, log_configurations, .. } = request;
    let wanted = log_configurations.clone();
    change_pool(cx, user_pool_id.clone(), move |_, pool| Ok(log_delivery::set(pool, wanted.clone())?)).await?;
    Ok(SetLogDeliveryConfigurationResponse {
        log_delivery_configuration: Some(LogDeliveryConfigurationType { user_pool_id, log_configurations }),
    })
}
