//! What a message to a user says: the pool's templates or the defaults, with the placeholders filled in. And how it goes
//! out: [`Transports`].
//!
//! Source: "Configuring verification and invitation messages" (Amazon Cognito developer guide).

mod link;
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
pub use link::{confirmation_link, has_link};
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
    /// The text, as it was written by whoever wrote the template.
    pub body: String,
    /// The text of an e-mail as HTML: what was filled in is only text there.
    pub html: Option<String>,
}

/// What stands for the code.
pub const CODE: &str = "{####}";
/// What stands for the user's name.
pub const NAME: &str = "{username}";

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The invitation of a user whom an administrator created: name and temporary password.
    Invitation,
    /// A code that verifies an address, or with which a new password is set.
    Verification,
    /// A code to sign in with.
    SignIn,
}

/// Texts that a function wrote for one occasion, in the place of the pool's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// A text message.
    pub sms: Option<String>,
    /// An e-mail.
    pub email: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
}

/// What is filled in.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The name that the user signs in with.
    pub name: &'a str,
    /// The code or the temporary password.
    pub code: &'a str,
    /// Where a link leads, in the place of the code.
    pub link: Option<&'a str>,
}

/// A template: its text and, for e-mail, its subject.
struct Template {
    subject: String,
    text: String,
}

/// Writes a message: the function's texts, else the pool's, else the default ones.
pub fn write(pool: &Pool, kind: Kind, medium: DeliveryMediumType, texts: &Texts, filling: &Filling<'_>) -> Written {
    let template = match kind {
        Kind::Invitation => invitation(pool, medium),
        Kind::Verification => verification(pool, medium, filling.link.is_some()),
        Kind::SignIn => sign_in(pool, medium),
    };
    let own = match medium {
        DeliveryMediumType::Sms => texts.sms.as_ref(),
        DeliveryMediumType::Email => texts.email.as_ref(),
    };
    let text = own.unwrap_or(&template.text);
    let values = [(CODE, filling.code), (NAME, filling.name)];
    let fill_in = |values: &[(&str, &str)]| fill(&link::fill(text, filling.link), values);
    match medium {
        DeliveryMediumType::Sms => Written { subject: None, body: fill_in(&values), html: None },
        DeliveryMediumType::Email => {
            let escaped = values.map(|(placeholder, value)| (placeholder, escape(value)));
            let escaped = escaped.each_ref().map(|(placeholder, value)| (*placeholder, value.as_str()));
            Written {
                subject: Some(texts.subject.clone().unwrap_or(template.subject)),
                body: fill_in(&values),
                html: Some(fill_in(&escaped)),
            }
        }
    }
}

fn invitation(pool: &Pool, medium: DeliveryMediumType) -> Template {
    let config = pool.config.admin_create_user_config.as_ref();
    let own: MessageTemplateType = config.and_then(|config| config.invite_message_template.clone()).unwrap_or_default();
    let text = match medium {
        DeliveryMediumType::Sms => own.sms_message,
        DeliveryMediumType::Email => own.email_message,
    };
    Template {
        subject: own.email_subject.unwrap_or_else(|| "Your temporary password".to_owned()),
        text: text.unwrap_or_else(|| "Your username is {username} and temporary password is {####}. ".to_owned()),
    }
}

fn verification(pool: &Pool, medium: DeliveryMediumType, is_linked: bool) -> Template {
    let own = pool.config.verification_message_template.clone().unwrap_or_default();
    let (subject, text) = match (medium, is_linked) {
        (DeliveryMediumType::Sms, _) => (None, own.sms_message),
        (DeliveryMediumType::Email, false) => (own.email_subject, own.email_message),
        (DeliveryMediumType::Email, true) => (own.email_subject_by_link, own.email_message_by_link),
    };
    let default = match (medium, is_linked) {
        (DeliveryMediumType::Email, true) => {
            "Please click the link below to verify your email address. {##Verify Email##} "
        }
        _ => "Your verification code is {####}. ",
    };
    let default_subject = if is_linked { "Your verification link" } else { "Your verification code" };
    Template {
        subject: subject.unwrap_or_else(|| default_subject.to_owned()),
        text: text.unwrap_or_else(|| default.to_owned()),
    }
}

fn sign_in(pool: &Pool, medium: DeliveryMediumType) -> Template {
    let mail = pool.email_mfa.as_ref();
    let text = match medium {
        DeliveryMediumType::Sms => pool.config.sms_authentication_message.clone(),
        DeliveryMediumType::Email => mail.and_then(|mail| mail.message.clone()),
    };
    Template {
        subject: mail.and_then(|mail| mail.subject.clone()).unwrap_or_else(|| "Your authentication code".to_owned()),
        text: text.unwrap_or_else(|| "Your authentication code is {####}. ".to_owned()),
    }
}

/// Text as HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
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
    use cognate_model::VerificationMessageTemplateType;

    use super::*;

    fn filling<'a>(name: &'a str, code: &'a str) -> Filling<'a> {
        Filling { name, code, link: None }
    }

    fn invite(pool: &Pool, texts: &Texts, filling: &Filling<'_>) -> Written {
        write(pool, Kind::Invitation, DeliveryMediumType::Email, texts, filling)
    }

    #[test]
    fn the_default_invitation_names_user_and_password() {
        let written = invite(&Pool::default(), &Texts::default(), &filling("maria", "Secret-1"));
        assert_eq!(written.subject.as_deref(), Some("Your temporary password"));
        assert_eq!(written.body, "Your username is maria and temporary password is Secret-1. ");
    }

    #[test]
    fn what_is_filled_in_is_not_looked_at_again_and_is_only_text() {
        let texts = Texts { email: Some("<b>{username}</b>: {####}".to_owned()), ..Texts::default() };
        let written = invite(&Pool::default(), &texts, &filling("{####}", "<a&'\">"));
        assert_eq!(written.body, "<b>{####}</b>: <a&'\">");
        assert_eq!(written.html.as_deref(), Some("<b>{####}</b>: &lt;a&amp;&#39;&quot;&gt;"));
    }

    #[test]
    fn a_text_message_has_no_subject() {
        let kind = Kind::Verification;
        let written = write(&Pool::default(), kind, DeliveryMediumType::Sms, &Texts::default(), &filling("", "123456"));
        let body = "Your verification code is 123456. ".to_owned();
        assert_eq!(written, Written { subject: None, body, html: None });
    }

    #[test]
    fn a_function_has_the_last_word() {
        let texts = Texts { sms: Some("sms {####}".to_owned()), email: None, subject: Some("mine".to_owned()) };
        let pool = Pool::default();
        let sms = write(&pool, Kind::SignIn, DeliveryMediumType::Sms, &texts, &filling("", "1"));
        assert_eq!(sms.body, "sms 1");
        let email = write(&pool, Kind::SignIn, DeliveryMediumType::Email, &texts, &filling("", "1"));
        assert_eq!((email.subject.as_deref(), email.body.as_str()), (Some("mine"), "Your authentication code is 1. "));
    }

    #[test]
    fn a_pool_of_links_writes_links() {
        let mut pool = Pool::default();
        let link = confirmation_link("https://id.example.com/", "client", "a b&c", "123456");
        assert_eq!(
            link,
            "https://id.example.com/confirmUser?client_id=client&user_name=a+b%26c&confirmation_code=123456"
        );
        let filling = Filling { name: "", code: "123456", link: Some(&link) };
        let write = |pool: &Pool| {
            super::write(pool, Kind::Verification, DeliveryMediumType::Email, &Texts::default(), &filling)
        };
        let anchor = "<a href=\"https://id.example.com/confirmUser?client_id=client&amp;user_name=a+b%26c&amp;confirmation_code=123456\">Verify Email</a>";
        assert_eq!(write(&pool).body, format!("Please click the link below to verify your email address. {anchor} "));
        pool.config.verification_message_template = Some(VerificationMessageTemplateType {
            email_message_by_link: Some("Hello {##here##}, or {####}".to_owned()),
            email_subject_by_link: Some("Links".to_owned()),
            ..VerificationMessageTemplateType::default()
        });
        let written = write(&pool);
        assert_eq!(written.subject.as_deref(), Some("Links"));
        assert_eq!(written.body, format!("Hello {}, or 123456", anchor.replace("Verify Email", "here")));
    }
}
