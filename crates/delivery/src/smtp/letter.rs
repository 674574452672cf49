//! An e-mail as it goes over the wire. Headers are made by a library that encodes what it is given, so that no subject,
//! name or address brings a header of its own along.

use cognate_model::{EmailConfigurationType, EmailSendingAccountType};
use lettre::Message;
use lettre::message::{Mailbox, MultiPart};

use crate::plain_text::plain_text;
use crate::{Outgoing, Setback};

/// Writes the e-mail: HTML as the live service sends it, and the same as plain text.
pub(super) fn write(message: &Outgoing<'_>, from: &Mailbox, reply_to: Option<&Mailbox>) -> Result<Message, Setback> {
    let to = message.destination.parse().map(|address| Mailbox::new(None, address));
    let to = to.map_err(|_| Setback::Never("the destination is not an e-mail address".to_owned()))?;
    let own = message.pool.config.email_configuration.as_ref();
    let from = own.and_then(sender).unwrap_or_else(|| from.clone());
    let reply_to = own.and_then(|own| mailbox(own.reply_to_email_address.as_deref()?)).or_else(|| reply_to.cloned());
    let id = format!("<{}@{}>", message.id, from.email.domain());
    let subject: String = message.subject.unwrap_or_default().chars().map(one_line).collect();
    let mut letter = Message::builder().from(from).to(to).subject(subject).message_id(Some(id));
    if let Some(reply_to) = reply_to {
        letter = letter.reply_to(reply_to);
    }
    let html = message.html.unwrap_or(message.body);
    let body = MultiPart::alternative_plain_html(plain_text(html), html.to_owned());
    letter.multipart(body).map_err(|error| Setback::Never(format!("no e-mail can be made of it: {error}")))
}

/// Whom a pool sends as: what it says, or the address of its identity where it sends by an account of its own.
fn sender(own: &EmailConfigurationType) -> Option<Mailbox> {
    if let Some(from) = own.from.as_deref().and_then(mailbox) {
        return Some(from);
    }
    let is_own = own.email_sending_account == Some(EmailSendingAccountType::Developer);
    let (_, identity) = own.source_arn.as_deref().filter(|_| is_own)?.rsplit_once("identity/")?;
    mailbox(identity)
}

/// `maria@example.com` or `Maria <maria@example.com>`; nothing if it is neither.
fn mailbox(text: &str) -> Option<Mailbox> {
    if text.contains(char::is_control) { None } else { text.trim().parse().ok() }
}

/// The character, or a space where it would end or break the line.
fn one_line(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use cognate_domain::Pool;

    use super::*;

    const BODY: &str = "Your code is <b>123456</b>. Grüße! ";

    fn outgoing<'a>(pool: &'a Pool, destination: &'a str, subject: &'a str) -> Outgoing<'a> {
        let id = "01900000-0000-7000-8000-000000000001";
        let (subject, purpose) = (Some(subject), "SignUp");
        Outgoing { id, pool, username: "maria", destination, purpose, subject, body: BODY, html: None }
    }

    fn written(pool: &Pool, destination: &str, subject: &str) -> Result<String, Setback> {
        let from: Mailbox = "Cognate <no-reply@example.com>".parse().unwrap();
        let letter = write(&outgoing(pool, destination, subject), &from, None)?;
        Ok(String::from_utf8(letter.formatted()).unwrap())
    }

    fn pool(configuration: EmailConfigurationType) -> Pool {
        let mut pool = Pool::default();
        pool.config.email_configuration = Some(configuration);
        pool
    }

    fn header<'a>(letter: &'a str, name: &str) -> Option<&'a str> {
        let (headers, _) = letter.split_once("\r\n\r\n").unwrap();
        headers.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    #[test]
    fn a_letter_has_text_and_html_and_an_id_that_stays() {
        let letter = written(&Pool::default(), "maria@example.org", "Your code").unwrap();
        assert_eq!(header(&letter, "From"), Some("Cognate <no-reply@example.com>"));
        assert_eq!(header(&letter, "To"), Some("maria@example.org"));
        let id = "<01900000-0000-7000-8000-000000000001@example.com>";
        assert_eq!(header(&letter, "Message-ID"), Some(id));
        assert!(header(&letter, "Content-Type").unwrap().starts_with("multipart/alternative"), "{letter}");
        assert!(
            letter.contains("text/plain; charset=utf-8") && letter.contains("text/html; charset=utf-8"),
            "{letter}"
        );
        assert!(letter.contains("Your code is 123456.") && letter.contains("<b>123456</b>"), "{letter}");
        assert!(letter.is_ascii(), "it passes servers of any age");
    }

    #[test]
    fn a_subject_may_be_in_any_script_and_holds_no_header() {
        let letter = written(&Pool::default(), "maria@example.org", "Grüße, Мария").unwrap();
        assert!(header(&letter, "Subject").unwrap().starts_with("=?utf-8?b?"), "{letter}");
        let letter = written(&Pool::default(), "maria@example.org", "Hi\r\nBcc: eve@example.org\r\n\r\nbody").unwrap();
        assert_eq!(header(&letter, "Subject"), Some("Hi  Bcc: eve@example.org    body"));
        assert_eq!(header(&letter, "Bcc"), None);
    }

    #[test]
    fn what_html_escapes_is_plain_in_the_text() {
        let pool = Pool::default();
        let mut message = outgoing(&pool, "maria@example.org", "Hi");
        (message.body, message.html) = ("Your password is A<b>1&!. ", Some("Your password is A&lt;b&gt;1&amp;!. "));
        let letter = write(&message, &"no-reply@example.com".parse().unwrap(), None).unwrap();
        let letter = String::from_utf8(letter.formatted()).unwrap();
        assert!(letter.contains("is A<b>1&!.") && letter.contains("is A&lt;b&gt;1&amp;!."), "{letter}");
    }

    #[test]
    fn an_address_that_is_none_is_given_up() {
        for address in
            ["maria", "", "maria@example.org\r\nBcc: eve@example.org", "a@b@c", "maria@example.org, eve@e.org"]
        {
            let refused = written(&Pool::default(), address, "Hi").unwrap_err();
            assert_eq!(refused, Setback::Never("the destination is not an e-mail address".to_owned()), "{address:?}");
        }
    }

    #[test]
    fn a_pool_sends_in_its_own_name() {
        let own = EmailConfigurationType {
            from: Some("Shop <shop@example.net>".to_owned()),
            reply_to_email_address: Some("help@example.net".to_owned()),
            ..Default::default()
        };
        let letter = written(&pool(own), "maria@example.org", "Hi").unwrap();
        assert_eq!(header(&letter, "From"), Some("Shop <shop@example.net>"));
        assert_eq!(header(&letter, "Reply-To"), Some("help@example.net"));
        assert!(header(&letter, "Message-ID").unwrap().ends_with("@example.net>"));
    }

    #[test]
    fn an_identity_is_a_sender_where_the_pool_sends_by_its_own_account() {
        let mut own = EmailConfigurationType {
            source_arn: Some("arn:aws:ses:us-east-1:123456789012:identity/shop@example.net".to_owned()),
            ..Default::default()
        };
        let from = |own: &EmailConfigurationType| {
            let letter = written(&pool(own.clone()), "maria@example.org", "Hi").unwrap();
            header(&letter, "From").unwrap().to_owned()
        };
        assert_eq!(from(&own), "Cognate <no-reply@example.com>");
        own.email_sending_account = Some(EmailSendingAccountType::Developer);
        assert_eq!(from(&own), "shop@example.net");
        own.source_arn = Some("arn:aws:ses:us-east-1:123456789012:identity/example.net".to_owned());
        assert_eq!(from(&own), "Cognate <no-reply@example.com>", "a domain has no address");
    }

    #[test]
    fn a_sender_that_is_none_is_not_used() {
        for from in ["Shop", "Shop <shop@example.net>\r\nBcc: eve@example.org", "Sh\nop <shop@example.net>", ""] {
            let own = EmailConfigurationType { from: Some(from.to_owned()), ..Default::default() };
            let letter = written(&pool(own), "maria@example.org", "Hi").unwrap();
            assert_eq!(header(&letter, "From"), Some("Cognate <no-reply@example.com>"), "{from:?}");
        }
    }
}
