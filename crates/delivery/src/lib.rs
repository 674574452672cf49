//! What a message to a user says: the pool's templates or the defaults, with the placeholders filled in. And how it goes
//! out: [`Transports`].
//!
//! Source: "Configuring verification and invitation messages" (Amazon Cognito developer guide).

mod outgoing;
mod plain_text;
mod risk_notice;
mod sms;
mod smtp;
mod transports;

use cognate_domain::Pool;
use cognate_model::{DeliveryMediumType, MessageTemplateType};

pub use lettre::message::Mailbox;
pub use lettre::transport::smtp::client::{Certificate, TlsParameters};
pub use outgoing::{Outgoing, Setback};
pub use risk_notice::{RiskNotice, risk_notice};
pub use sms::{Gateway, Sms, Sns};
pub use smtp::{Security, Server, Smtp};
pub use transports::{Means, Transports};

/// A message ready to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The subject of an e-mail; none for a text message.
    pub subject: Option<String>,
    /// The text.
    pub body: String,
}

const CODE: &str = "{####}";
const NAME: &str = "{username}";

/// The invitation of a user whom an administrator created.
pub fn invitation(pool: &Pool, medium: DeliveryMediumType, username: &str, password: &str) -> Written {
    let template: MessageTemplateType = pool
        .config
        .admin_create_user_config
        .as_ref()
        .and_then(|config| config.invite_message_template.clone())
        .unwrap_or_default();
    let default = "Your username is {username} and temporary password is {####}. ";
    let fill = |text: Option<String>| {
        // The name is filled in last and nothing after it, so that a name cannot bring a placeholder along.
        split_fill(text.as_deref().unwrap_or(default), username, password)
    };
    match medium {
        DeliveryMediumType::Sms => Written { subject: None, body: fill(template.sms_message) },
        DeliveryMediumType::Email => Written {
            subject: Some(template.email_subject.unwrap_or_else(|| "Your temporary password".to_owned())),
            body: fill(template.email_message),
        },
    }
}

/// The code with which a user sets a new password.
pub fn password_reset(pool: &Pool, medium: DeliveryMediumType, code: &str) -> Written {
    let subject = "Your verification code";
    verification(pool, medium, code, subject)
}

/// The code that verifies an address.
pub fn attribute_verification(pool: &Pool, medium: DeliveryMediumType, code: &str) -> Written {
    verification(pool, medium, code, "Your verification code")
}

/// The code that a sign-in asks for.
pub fn sign_in_code(pool: &Pool, medium: DeliveryMediumType, code: &str) -> Written {
    let fill = |text: Option<&str>| split_fill(text.unwrap_or("Your authentication code is {####}. "), "", code);
    let mail = pool.email_mfa.as_ref();
    match medium {
        DeliveryMediumType::Sms => {
            Written { subject: None, body: fill(pool.config.sms_authentication_message.as_deref()) }
        }
        DeliveryMediumType::Email => Written {
            subject: Some(
                mail.and_then(|mail| mail.subject.clone()).unwrap_or_else(|| "Your authentication code".to_owned()),
            ),
            body: fill(mail.and_then(|mail| mail.message.as_deref())),
        },
    }
}

fn verification(pool: &Pool, medium: DeliveryMediumType, code: &str, default_subject: &str) -> Written {
    let template = pool.config.verification_message_template.clone().unwrap_or_default();
    let default = "Your verification code is {####}. ";
    let fill = |text: Option<String>| split_fill(text.as_deref().unwrap_or(default), "", code);
    match medium {
        DeliveryMediumType::Sms => Written { subject: None, body: fill(template.sms_message) },
        DeliveryMediumType::Email => Written {
            subject: Some(template.email_subject.unwrap_or_else(|| default_subject.to_owned())),
            body: fill(template.email_message),
        },
    }
}

fn split_fill(template: &str, name: &str, code: &str) -> String {
    fill(template, &[(CODE, code), (NAME, name)])
}

/// Fills placeholders in one pass over the template; what is filled in is not looked at again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    let mut rest = template;
    loop {
        let next = values
            .iter()
            .filter_map(|(placeholder, value)| rest.find(placeholder).map(|at| (at, placeholder, value)))
            .min_by_key(|(at, ..)| *at);
        let Some((at, placeholder, value)) = next else {
            out.push_str(rest);
            return out;
        };
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        out.push_str(value);
        rest = after.get(placeholder.len()..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_invitation_names_user_and_password() {
        let written = invitation(&Pool::default(), DeliveryMediumType::Email, "maria", "Secret-1");
        assert_eq!(written.subject.as_deref(), Some("Your temporary password"));
        assert_eq!(written.body, "Your username is maria and temporary password is Secret-1. ");
    }

    #[test]
    fn a_name_that_looks_like_a_placeholder_stays_a_name() {
        assert_eq!(split_fill("{username}: {####}", "{####}", "123456"), "{####}: 123456");
    }

    #[test]
    fn a_text_message_has_no_subject() {
        let written = password_reset(&Pool::default(), DeliveryMediumType::Sms, "123456");
        assert_eq!(written, Written { subject: None, body: "Your verification code is 123456. ".to_owned() });
    }
}
