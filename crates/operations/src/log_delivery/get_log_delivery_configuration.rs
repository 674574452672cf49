//! `GetLogDeliveryConfiguration`: what of a pool is written to a log; an empty list where nothing is.
//!
//! Errors: `ResourceNotFound` (pool).

use cognate_model::{
    GetLogDeliveryConfigurationRequest, GetLogDeliveryConfigurationResponse, LogDeliveryConfigurationType,
};

use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: GetLogDeliveryConfigurationRequest,
) -> Result<GetLogDeliveryConfigurationResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let log_delivery_configuration = LogDeliveryConfigurationType {
        user_pool_id: request.user_pool_id,
        log_configurations: pool.log_deliveries.clone(),
    };
    Ok(GetLogDeliveryConfigurationResponse { log_delivery_configuration: Some(log_delivery_configuration) })
}
