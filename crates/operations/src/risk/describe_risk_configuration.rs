//! `DescribeRiskConfiguration`: what was set for a pool, or for one of its app clients. A client that inherits from its
//! pool has nothing of its own to show.
//!
//! Errors: `ResourceNotFound` (pool, client), `UserPoolAddOnNotEnabled`.

use cognate_model::{DescribeRiskConfigurationRequest, DescribeRiskConfigurationResponse, RiskConfigurationType};
use cognate_store::risk_configurations;

use crate::events::require_threat_protection;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: DescribeRiskConfigurationRequest,
) -> Result<DescribeRiskConfigurationResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    require_threat_protection(&pool)?;
    let client = request.client_id.as_deref();
    if let Some(client) = client {
        cx.client_of(pool.id(), client).await?;
    }
    let found = cx.read(|tx| Ok(risk_configurations::get(tx, pool.id(), client)?)).await?;
    let risk_configuration = found.unwrap_or_else(|| RiskConfigurationType {
        user_pool_id: Some(pool.id().to_owned()),
        client_id: request.client_id.clone(),
        ..RiskConfigurationType::default()
    });
    Ok(DescribeRiskConfigurationResponse { risk_configuration })
}
