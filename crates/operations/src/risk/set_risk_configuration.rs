//! `SetRiskConfiguration`: what a pool, or one of its app clients, does about risks. Without any part the pool does
//! nothing again, and the client what the pool does.
//!
//! Errors: `ResourceNotFound` (pool, client), `UserPoolAddOnNotEnabled`, `InvalidParameter` (range, sender, actions).

use std::sync::Arc;

use cognate_domain::risk::configuration;
use cognate_model::{RiskConfigurationType, SetRiskConfigurationRequest, SetRiskConfigurationResponse};
use cognate_store::risk_configurations;

use crate::events::require_threat_protection;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: SetRiskConfigurationRequest,
) -> Result<SetRiskConfigurationResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    require_threat_protection(&pool)?;
    if let Some(client) = &request.client_id {
        cx.client_of(pool.id(), client).await?;
    }
    let mut config = RiskConfigurationType {
        user_pool_id: Some(pool.id().to_owned()),
        client_id: request.client_id,
        compromised_credentials_risk_configuration: request.compromised_credentials_risk_configuration,
        account_takeover_risk_configuration: request.account_takeover_risk_configuration,
        risk_exception_configuration: request.risk_exception_configuration,
        last_modified_date: None,
    };
    configuration::check(&config, &cx.settings.region)?;
    let is_reset = config.compromised_credentials_risk_configuration.is_none()
        && config.account_takeover_risk_configuration.is_none()
        && config.risk_exception_configuration.is_none();
    if !is_reset {
        config.last_modified_date = Some(cx.now());
    }
    let (pool, written) = (Arc::clone(&pool), config.clone());
    cx.write(move |tx| {
        let client = written.client_id.as_deref();
        if is_reset {
            return Ok(risk_configurations::delete(tx, pool.id(), client)?);
        }
        // The pool or the client may be gone since they were looked up.
        let is_gone = match client {
            Some(client) => cognate_store::clients::get(tx, pool.id(), client)?.is_none(),
            None => cognate_store::user_pools::get(tx, pool.id())?.is_none(),
        };
        if is_gone {
            return Err(client.map_or_else(|| Error::no_pool(pool.id()), Error::no_client));
        }
        Ok(risk_configurations::put(tx, pool.id(), client, &written)?)
    })
    .await?;
    Ok(SetRiskConfigurationResponse { risk_configuration: config })
}
