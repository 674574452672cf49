//! Webhooks in the place of Lambda functions, as a declared pool names them.

use std::collections::BTreeMap;

use cognate_domain::trigger::Trigger;
use cognate_model::{
    LambdaConfigType, PreTokenGenerationLambdaVersionType, PreTokenGenerationVersionConfigType, Secret,
};
use cognate_triggers::Webhook;
use serde::Deserialize;

/// The webhook of a trigger.
#[derive(Debug, Clone)]
pub(super) struct DeclaredWebhook {
    trigger: Trigger,
    version: PreTokenGenerationLambdaVersionType,
    /// What the pool's `LambdaConfig` calls it.
    pub(super) arn: String,
    /// Where it is.
    pub(super) webhook: Webhook,
}

/// The same as the file says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookTable {
    url: String,
    secret: Secret,
    version: Option<PreTokenGenerationLambdaVersionType>,
}

/// Reads the webhooks of a pool.
pub(super) fn read(pool: &str, tables: BTreeMap<String, WebhookTable>) -> Result<Vec<DeclaredWebhook>, String> {
    tables.into_iter().map(|(name, table)| webhook(pool, &name, &table).map_err(|e| format!("{name}: {e}"))).collect()
}

fn webhook(pool: &str, name: &str, table: &WebhookTable) -> Result<DeclaredWebhook, String> {
    let trigger = Trigger::parse(name).ok_or("there is no such trigger")?;
    if matches!(trigger, Trigger::CustomEmailSender | Trigger::CustomSmsSender) {
        return Err("senders are no webhooks: set [email] or [sms] of the configuration".to_owned());
    }
    if table.version.is_some() && trigger != Trigger::PreTokenGeneration {
        return Err("only PreTokenGeneration has versions".to_owned());
    }
    let webhook = Webhook::parse(&table.url, table.secret.expose()).map_err(|error| error.to_string())?;
    let region = pool.rsplit_once('_').map_or(pool, |(region, _)| region);
    let arn = format!("arn:cognate:webhook:{region}:000000000000:{pool}/{name}");
    Ok(DeclaredWebhook {
        trigger,
        version: table.version.unwrap_or(PreTokenGenerationLambdaVersionType::V10),
        arn,
        webhook,
    })
}

impl DeclaredWebhook {
    /// Names the webhook in a pool's configuration.
    pub(super) fn put(&self, config: &mut LambdaConfigType) {
        let arn = Some(self.arn.clone());
        match self.trigger {
            Trigger::PreSignUp => config.pre_sign_up = arn,
            Trigger::PostConfirmation => config.post_confirmation = arn,
            Trigger::PreAuthentication => config.pre_authentication = arn,
            Trigger::PostAuthentication => config.post_authentication = arn,
            Trigger::CustomMessage => config.custom_message = arn,
            Trigger::DefineAuthChallenge => config.define_auth_challenge = arn,
            Trigger::CreateAuthChallenge => config.create_auth_challenge = arn,
            Trigger::VerifyAuthChallengeResponse => config.verify_auth_challenge_response = arn,
            Trigger::UserMigration => config.user_migration = arn,
            Trigger::PreTokenGeneration => {
                config.pre_token_generation_config = Some(PreTokenGenerationVersionConfigType {
                    lambda_version: self.version,
                    lambda_arn: self.arn.clone(),
                });
                config.pre_token_generation = arn;
            }
            // Refused when they are read.
            Trigger::CustomEmailSender | Trigger::CustomSmsSender => {}
        }
    }
}
