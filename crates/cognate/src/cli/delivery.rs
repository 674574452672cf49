//! Options that say how messages to users go out.

use std::path::PathBuf;

use clap::Args;
use cognate::{EmailSection, FileConfig, SmsSection, UndeliveredSetting};

/// What delivers messages (docs/messages.md).
#[derive(Args, Clone)]
pub(super) struct Delivery {
    /// The SMTP server for e-mail: smtps://user@host:465 or smtp://host:587. Its password is read from
    /// COGNATE_SMTP_PASSWORD.
    #[arg(long, env = "COGNATE_SMTP_URL", value_name = "URL")]
    smtp: Option<String>,
    /// The sender of e-mail, unless a pool has its own: "Name <a@b>".
    #[arg(long, env = "COGNATE_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// Where text messages are posted to as JSON. The authorization header is read from COGNATE_SMS_AUTHORIZATION.
    #[arg(long, env = "COGNATE_SMS_GATEWAY", value_name = "URL")]
    sms_gateway: Option<String>,
    /// What becomes of messages that nothing delivers: kept in the outbox, or the operation is refused.
    #[arg(long, env = "COGNATE_UNDELIVERED", value_name = "keep|refuse")]
    undelivered: Option<UndeliveredSetting>,
    /// A PEM file of certificates that are trusted besides those of the web when other services are called.
    #[arg(long, env = "COGNATE_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl Delivery {
    /// The same settings as a file would give; what is set here wins.
    pub(super) fn over(&self, file: &FileConfig) -> FileConfig {
        let secret = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let email = file.email.clone().unwrap_or_default();
        let sms = file.sms.clone().unwrap_or_default();
        let mut outbound = file.outbound.clone();
        outbound.ca_file = self.ca_file.clone().or(outbound.ca_file);
        FileConfig {
            email: Some(EmailSection {
                smtp: self.smtp.clone().or(email.smtp),
                from: self.mail_from.clone().or(email.from),
                password: secret("COGNATE_SMTP_PASSWORD").or(email.password),
                ..email
            }),
            sms: Some(SmsSection {
                // One way takes the place of the other.
                sns: sms.sns.filter(|_| self.sms_gateway.is_none()),
                gateway: self.sms_gateway.clone().or(sms.gateway),
                authorization: secret("COGNATE_SMS_AUTHORIZATION").or(sms.authorization),
                ..sms
            }),
            undelivered: self.undelivered.or(file.undelivered),
            outbound,
            ..file.clone()
        }
    }
}
