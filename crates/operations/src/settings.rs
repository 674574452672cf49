//! What an operator decides once.

use cognate_crypto::password::HashCost;

/// The settings of an installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The region in pool ids, ARNs and the scope of signatures.
    pub region: String,
    /// The twelve digits in ARNs.
    pub account: String,
    /// Where tokens say they come from.
    pub issuer: Issuer,
    /// What a password hash costs.
    pub hash_cost: HashCost,
    /// Whether messages can be read back through the development endpoint.
    pub keeps_messages_readable: bool,
    /// Where the pages of this server are for whoever reads a message, such as `https://id.example.com`.
    pub public_url: Option<String>,
    /// Where the links of messages about risky sign-ins lead: a page of the operator's own.
    pub feedback_url: String,
    /// What becomes of messages that nothing can deliver.
    pub undelivered: Undelivered,
    /// For how many days the audit trail is kept.
    pub audit_days: u32,
}

/// What becomes of a message whose medium (e-mail, SMS) the operator configured no way for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undelivered {
    /// It stays in the outbox, for whoever reads it there.
    Keep,
    /// The operation that would send it is refused.
    Refuse,
}

/// Where they lead unless the operator says otherwise: nowhere, but what follows says all that a program needs.
const NOWHERE: &str = "urn:cognate:feedback";

/// The `iss` claim of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// `https://cognito-idp.<region>.amazonaws.com/<pool>`, which verifiers made for the live service insist on.
    Service,
    /// `<base>/<pool>`, for verifiers that fetch the discovery document from the issuer itself.
    Base(String),
}

impl Settings {
    /// The issuer of a pool's tokens.
    pub fn issuer_of(&self, pool: &str) -> String {
        match &self.issuer {
            Issuer::Service => format!("https://cognito-idp.{}.amazonaws.com/{pool}", self.region),
            Issuer::Base(base) => format!("{}/{pool}", base.trim_end_matches('/')),
        }
    }

    /// The ARN of a pool.
    pub fn pool_arn(&self, pool: &str) -> String {
        format!("arn:{}:cognito-idp:{}:{}:userpool/{pool}", self.partition(), self.region, self.account)
    }

    /// The partition that the region belongs to.
    pub fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            issuer: Issuer::Service,
            hash_cost: HashCost::SERVE,
            keeps_messages_readable: false,
            public_url: None,
            feedback_url: NOWHERE.to_owned(),
            undelivered: Undelivered::Refuse,
            audit_days: 400,
        }
    }
}
