//! What a user is told about an attempt that looked like somebody else's ("Account takeover notification messages").

use cognate_domain::risk::configuration::Notice;
use cognate_model::{NotifyConfigurationType, NotifyEmailType};

use crate::{Written, escape, fill};

/// What stands in the places of the placeholders.
#[derive(Debug, Clone, Copy)]
pub struct RiskNotice<'a> {
    /// `{login-time}`.
    pub login_time: &'a str,
    /// `{device-name}`.
    pub device_name: &'a str,
    /// `{city}`.
    pub city: &'a str,
    /// `{country}`.
    pub country: &'a str,
    /// `{ip-address}`.
    pub ip_address: &'a str,
    /// `{event-id}`.
    pub event_id: &'a str,
    /// `{one-click-link-valid}`.
    pub link_valid: &'a str,
    /// `{one-click-link-invalid}`.
    pub link_invalid: &'a str,
}

const BLOCKED: (&str, &str) =
    ("Blocked sign-in attempt", "We blocked an unrecognized sign-in to your account with this information:\n");
const NOTED: (&str, &str) =
    ("New sign-in attempt", "We observed an unrecognized sign-in to your account with this information:\n");
const CHALLENGED: (&str, &str) =
    ("New sign-in attempt", "We required you to use multi-factor authentication for the following sign-in attempt:\n");

const DETAILS: &str = "\
Time: {login-time}
Device: {device-name}
Location: {city}, {country}
Address: {ip-address}

If this was you: {one-click-link-valid}
If it was not you, change your password, and tell us: {one-click-link-invalid}
";

/// The message about an attempt: by the texts of the configuration, or the default ones.
pub fn risk_notice(texts: Option<&NotifyConfigurationType>, kind: Notice, notice: &RiskNotice<'_>) -> Written {
    let (own, (subject, beginning)): (Option<&NotifyEmailType>, _) = match kind {
        Notice::Block => (texts.and_then(|texts| texts.block_email.as_ref()), BLOCKED),
        Notice::NoAction => (texts.and_then(|texts| texts.no_action_email.as_ref()), NOTED),
        Notice::Mfa => (texts.and_then(|texts| texts.mfa_email.as_ref()), CHALLENGED),
    };
    let body = own.and_then(|own| own.html_body.as_deref().or(own.text_body.as_deref()));
    let values = [
        ("{login-time}", notice.login_time),
        ("{device-name}", notice.device_name),
        ("{city}", notice.city),
        ("{country}", notice.country),
        ("{ip-address}", notice.ip_address),
        ("{event-id}", notice.event_id),
        ("{one-click-link-valid}", notice.link_valid),
        ("{one-click-link-invalid}", notice.link_invalid),
    ];
    let escaped = values.map(|(placeholder, value)| (placeholder, escape(value)));
    let escaped = escaped.each_ref().map(|(placeholder, value)| (*placeholder, value.as_str()));
    Written {
        subject: Some(own.map_or_else(|| subject.to_owned(), |own| own.subject.clone())),
        // Only who wrote HTML gets it.
        html: own.and_then(|own| own.html_body.as_deref()).map(|html| fill(html, &escaped)),
        body: body.map_or_else(|| fill(&format!("{beginning}{DETAILS}"), &values), |body| fill(body, &values)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTICE: RiskNotice<'static> = RiskNotice {
        login_time: "2026-01-02T03:04:05Z",
        device_name: "Firefox, Linux",
        city: "Berlin",
        country: "Germany",
        ip_address: "192.0.2.1",
        event_id: "0-1",
        link_valid: "https://example.com/?v",
        link_invalid: "https://example.com/?i",
    };

    #[test]
    fn the_default_says_what_is_known() {
        let written = risk_notice(None, Notice::Block, &NOTICE);
        assert_eq!(written.subject.as_deref(), Some("Blocked sign-in attempt"));
        for part in ["2026-01-02T03:04:05Z", "Firefox, Linux", "Berlin, Germany", "192.0.2.1", "/?v", "/?i"] {
            assert!(written.body.contains(part), "{part}");
        }
        assert_eq!(risk_notice(None, Notice::Mfa, &NOTICE).subject.as_deref(), Some("New sign-in attempt"));
    }

    #[test]
    fn a_configuration_has_its_own_texts() {
        let email = |subject: &str, text: &str| NotifyEmailType {
            subject: subject.to_owned(),
            html_body: None,
            text_body: Some(text.to_owned()),
        };
        let texts = NotifyConfigurationType {
            no_action_email: Some(email("Hello", "{event-id} at {login-time}: {one-click-link-invalid}")),
            mfa_email: Some(NotifyEmailType { html_body: Some("<b>{city}</b>".to_owned()), ..email("Code", "plain") }),
            ..NotifyConfigurationType::default()
        };
        let written = risk_notice(Some(&texts), Notice::NoAction, &NOTICE);
        let body = "0-1 at 2026-01-02T03:04:05Z: https://example.com/?i".to_owned();
        assert_eq!(written, Written { subject: Some("Hello".to_owned()), body, html: None });
        let mine = risk_notice(Some(&texts), Notice::Mfa, &RiskNotice { city: "<i>", ..NOTICE });
        assert_eq!((mine.body.as_str(), mine.html.as_deref()), ("<b><i></b>", Some("<b>&lt;i&gt;</b>")));
        let default = risk_notice(Some(&texts), Notice::Block, &NOTICE);
        assert_eq!(default, risk_notice(None, Notice::Block, &NOTICE));
    }
}
