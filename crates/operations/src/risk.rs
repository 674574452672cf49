//! Threat protection: what is configured, what an attempt is worth, and what its user is told.

pub mod describe_risk_configuration;
pub mod set_risk_configuration;

mod assessment;
mod compromised;
mod feedback_token;
mod notice;

pub(crate) use assessment::{assess, is_blocked_range};
pub(crate) use compromised::{check_new_password, is_compromised, is_refused};
pub(crate) use feedback_token::FeedbackToken;

use cognate_domain::risk::compromised::CompromisedPasswords;
use cognate_domain::risk::configuration;
use cognate_domain::risk::places::Places;
use cognate_model::RiskConfigurationType;
use cognate_store::{Tx, risk_configurations};

use crate::Error;

/// What the operator lets the server know about the world; nothing unless told otherwise.
#[derive(Debug, Default)]
pub struct Knowledge {
    /// Where addresses are.
    pub places: Option<Places>,
    /// Passwords that are known to have been stolen.
    pub compromised: Option<CompromisedPasswords>,
}

/// What decides about the attempts with a client.
fn effective(tx: &mut dyn Tx, pool: &str, client: &str) -> Result<RiskConfigurationType, Error> {
    let of_client = risk_configurations::get(tx, pool, Some(client))?;
    let of_pool = risk_configurations::get(tx, pool, None)?;
    Ok(configuration::effective(of_pool, of_client))
}
