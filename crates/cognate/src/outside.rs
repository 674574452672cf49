//! How other services are reached: the functions of triggers, and who calls them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cognate_model::Secret;
use cognate_operations::triggers::{Functions, Kms, LIMIT, Lambda, Target, Webhook};
use cognate_outbound::{AwsCredentials, Outbound, parse_url};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::delivery_sections::without_user;

/// Other services. By default there are none.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// Who calls AWS endpoints; calls are not signed without it.
    pub aws: Option<AwsCredentials>,
    /// A PEM file of certificates that are trusted besides those of the web.
    pub authorities: Option<PathBuf>,
    /// Hosts, each `name` or `name:port`, to which plain HTTP may go besides this machine.
    pub plain_http: Vec<String>,
    /// Where functions are that have no place of their own: the base URL of an endpoint that speaks Lambda's `Invoke`.
    pub lambda_endpoint: Option<String>,
    /// Where the keys are under which codes go to custom senders: the base URL of an endpoint that speaks KMS.
    pub kms_endpoint: Option<String>,
    /// The places of functions, by their ARNs.
    pub functions: BTreeMap<String, FunctionPlace>,
    /// How long a function may take; five seconds, as at the live service, if it is not set.
    pub function_time: Option<Duration>,
}

/// The place of a function: a webhook, or an endpoint that speaks Lambda's `Invoke`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FunctionPlace {
    /// The URL of a webhook.
    pub webhook: Option<String>,
    /// What its calls are signed with: `whsec_` and base64 of 24 to 64 bytes.
    pub secret: Option<Secret>,
    /// The base URL of an endpoint.
    pub endpoint: Option<String>,
    /// What the function is called there, if not by its ARN.
    pub name: Option<String>,
}

/// `[aws]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AwsSection {
    /// The id of an access key.
    pub access_key_id: Option<String>,
    /// Its secret.
    pub secret_access_key: Option<Secret>,
    /// The token of temporary credentials.
    pub session_token: Option<Secret>,
}

/// `[outbound]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutboundSection {
    /// A PEM file of certificates that are trusted besides those of the web.
    pub ca_file: Option<PathBuf>,
    /// Hosts to which plain HTTP may go besides this machine.
    pub plain_http: Vec<String>,
}

/// `[triggers]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TriggersSection {
    /// Where functions are that have no place of their own.
    pub lambda_endpoint: Option<String>,
    /// Where the keys are under which codes go to custom senders.
    pub kms_endpoint: Option<String>,
    /// How long a function may take, in milliseconds.
    pub timeout_milliseconds: Option<u64>,
    /// The places of functions, by their ARNs.
    pub functions: BTreeMap<String, FunctionPlace>,
}

impl AwsSection {
    /// The credentials, where both parts are given.
    pub fn credentials(&self) -> Option<AwsCredentials> {
        let text = |secret: &Secret| Zeroizing::new(secret.expose().to_owned());
        Some(AwsCredentials {
            access_key_id: self.access_key_id.clone()?,
            secret_access_key: text(self.secret_access_key.as_ref()?),
            session_token: self.session_token.as_ref().map(text),
        })
    }
}

impl Outside {
    /// The way out and the functions.
    pub(crate) fn open(&self) -> Result<(Arc<Outbound>, Functions), String> {
        let outbound = Arc::new(Outbound::new(self.plain_http.iter().cloned(), self.authorities.clone()));
        let lambda = |endpoint: &str, name: Option<String>| -> Result<Lambda, String> {
            let endpoint = parse_url(endpoint).map_err(|error| format!("{}: {error}", without_user(endpoint)))?;
            Ok(Lambda { endpoint, name, credentials: self.aws.clone() })
        };
        let everywhere = self.lambda_endpoint.as_deref().map(|endpoint| lambda(endpoint, None)).transpose()?;
        let mut targets = BTreeMap::new();
        for (arn, place) in &self.functions {
            let wrong = |reason: String| format!("triggers.functions.{arn:?}: {reason}");
            let target = match (&place.webhook, &place.secret, &place.endpoint) {
                (Some(url), Some(secret), None) if place.name.is_none() => {
                    let webhook = Webhook::parse(url, secret.expose()).map_err(|error| wrong(error.to_string()))?;
                    Target::Webhook(webhook)
                }
                (None, None, Some(endpoint)) => Target::Lambda(lambda(endpoint, place.name.clone()).map_err(wrong)?),
                _ => return Err(wrong("give either webhook and secret, or endpoint and maybe name".to_owned())),
            };
            targets.insert(arn.clone(), target);
        }
        let kms = self.kms_endpoint.as_deref().map(|endpoint| self.kms(endpoint)).transpose()?;
        let functions = Functions::new(Arc::clone(&outbound), targets, everywhere).with_kms(kms);
        Ok((outbound, functions.within(self.function_time.unwrap_or(LIMIT))))
    }
}

impl Outside {
    fn kms(&self, endpoint: &str) -> Result<Kms, String> {
        let credentials = self.aws.clone().ok_or("triggers.kms_endpoint needs the credentials of [aws]")?;
        let endpoint = parse_url(endpoint).map_err(|error| format!("{}: {error}", without_user(endpoint)))?;
        Ok(Kms { endpoint, credentials })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(text: &str) -> Result<Functions, String> {
        let file: crate::FileConfig = toml::from_str(text).unwrap();
        let mut config = crate::Config::new("data");
        file.apply(&mut config)?;
        config.outside.open().map(|(_, functions)| functions)
    }

    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

    #[test]
    fn functions_have_places_of_two_kinds() {
        let webhook = format!(
            "[triggers.functions.\"{ARN}\"]\nwebhook = \"https://example.com/hook\"\n\
             secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n"
        );
        assert!(opened(&webhook).unwrap().knows(ARN));
        let runner =
            format!("[triggers.functions.\"{ARN}\"]\nendpoint = \"http://127.0.0.1:9000\"\nname = \"function\"\n");
        assert!(opened(&runner).unwrap().knows(ARN));
        assert!(!opened("").unwrap().knows(ARN));
        assert!(opened("[triggers]\nlambda_endpoint = \"http://127.0.0.1:3001\"\n").unwrap().knows(ARN));
    }

    #[test]
    fn what_is_half_said_is_told() {
        let half = |members: &str| opened(&format!("[triggers.functions.\"{ARN}\"]\n{members}\n")).unwrap_err();
        for members in [
            "webhook = \"https://example.com\"",
            "secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
            "name = \"f\"",
            "endpoint = \"http://127.0.0.1\"\nwebhook = \"https://example.com\"",
        ] {
            assert!(half(members).ends_with("give either webhook and secret, or endpoint and maybe name"), "{members}");
        }
        let short = half("webhook = \"https://example.com\"\nsecret = \"whsec_c2hvcnQ=\"");
        assert!(short.contains("a webhook's secret is") && !short.contains("c2hvcnQ"), "{short}");
        assert!(half("endpoint = \"ftp://127.0.0.1\"").contains("not an http:// or https:// URL"));
        let user = half("endpoint = \"https://maria:hunter2@example.com\"");
        assert!(user.contains("example.com: not an") && !user.contains("hunter2"), "{user}");
    }
}
