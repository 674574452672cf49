//! `[email]` and `[sms]` of the configuration: how messages to users go out (docs/messages.md).

use std::path::Path;
use std::time::Duration;

use cognate_delivery::{Certificate, Gateway, Mailbox, Security, Server, Sms, Smtp, Sns, TlsParameters, Transports};
use cognate_outbound::{AwsCredentials, Outbound, is_this_machine, parse_url};
use hyper::Uri;
use hyper::header::HeaderValue;
use serde::Deserialize;

use crate::Config;

/// How long the delivery of a message may take unless it is said, in seconds.
const SECONDS: u64 = 30;
/// The longest that may be said: an attempt has to end before another process may begin the next one.
const MOST_SECONDS: u64 = 45;

/// E-mail over SMTP.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmailSection {
    /// `smtps://user@host:465` or `smtp://host:587`.
    pub smtp: Option<String>,
    /// `wrapper` (TLS from the first byte on), `required` (STARTTLS) or `none`. By the scheme unless it is said; `none`
    /// is taken for granted only for a server on this machine.
    pub tls: Option<TlsMode>,
    /// The user to sign in as, if the URL names none.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The sender, unless a pool has its own: `Name <a@b>`.
    pub from: Option<String>,
    /// Where answers go, unless a pool says so.
    pub reply_to: Option<String>,
    /// How long the delivery of a message may take, in seconds.
    pub timeout_seconds: Option<u64>,
}

/// How a connection to an SMTP server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// TLS from the first byte on.
    Wrapper,
    /// STARTTLS, or nothing is said.
    Required,
    /// Not at all.
    None,
}

/// Text messages, by one of two ways.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsSection {
    /// The URL that a message is posted to as JSON.
    pub gateway: Option<String>,
    /// The `authorization` header for the gateway.
    pub authorization: Option<String>,
    /// Amazon SNS.
    pub sns: Option<SnsSection>,
    /// How long the delivery of a message may take, in seconds.
    pub timeout_seconds: Option<u64>,
}

/// Amazon SNS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnsSection {
    /// The region that calls are signed for.
    pub region: String,
    /// Where it listens, unless it is AWS itself.
    pub endpoint: Option<String>,
    /// What shows as the sender, where the country allows it.
    pub sender_id: Option<String>,
}

/// What the configuration comes to. Who is called for it may be called from now on.
pub(crate) fn transports(config: &Config, outbound: &Outbound) -> Result<Transports, String> {
    let outside = &config.outside;
    let email = config.email.as_ref().filter(|section| section.smtp.is_some());
    let sms = config.sms.as_ref().filter(|section| section.gateway.is_some() || section.sns.is_some());
    let transports = Transports {
        email: email.map(|section| smtp(section, outside.authorities.as_deref())).transpose()?,
        sms: sms.map(|section| self::sms(section, outside.aws.as_ref())).transpose()?,
    };
    if let Some(url) = transports.sms.as_ref().map(Sms::url) {
        outbound.allow(url);
        outbound.check(url).map_err(|error| format!("sms: {error}"))?;
    }
    Ok(transports)
}

fn smtp(section: &EmailSection, authorities: Option<&Path>) -> Result<Smtp, String> {
    let text = section.smtp.as_deref().unwrap_or_default();
    let told = |what: &str| format!("email.smtp = {:?} {what}", without_user(text));
    let url: Uri = text.parse().map_err(|_| told("is not a URL"))?;
    let authority = url.authority().ok_or_else(|| told("names no host"))?.as_str();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    if user.is_some_and(|user| user.contains(':')) {
        // Not told back: it is shown in logs.
        return Err("email.smtp holds a password: give it as email.password or COGNATE_SMTP_PASSWORD".to_owned());
    }
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let is_here = is_this_machine(&host);
    let mode = match (section.tls, url.scheme_str()) {
        (Some(TlsMode::Required | TlsMode::None), Some("smtps")) => return Err(told("is TLS from the first byte on")),
        (None | Some(TlsMode::Wrapper), Some("smtps")) => TlsMode::Wrapper,
        (Some(mode), Some("smtp")) => mode,
        (None, Some("smtp")) if is_here => TlsMode::None,
        (None, Some("smtp")) => TlsMode::Required,
        _ => return Err(told("does not begin with smtp:// or smtps://")),
    };
    let port = match mode {
        TlsMode::Wrapper => 465,
        TlsMode::Required => 587,
        TlsMode::None => 25,
    };
    let tls = || tls(&host, authorities);
    let security = match mode {
        TlsMode::Wrapper => Security::Wrapper(tls()?),
        TlsMode::Required => Security::Required(tls()?),
        TlsMode::None => Security::None,
    };
    let user = user.map(unescaped).transpose()?.or_else(|| section.username.clone());
    let credentials = match (user, section.password.clone()) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        (Some(_), None) => return Err("email: there is a user and no password".to_owned()),
        (None, Some(_)) => return Err("email: there is a password and no user".to_owned()),
    };
    let from = section.from.as_deref().ok_or("email.from is missing: who sends, such as \"Name <a@b>\"")?;
    let from = mailbox("email.from", from)?;
    let reply_to = section.reply_to.as_deref().map(|text| mailbox("email.reply_to", text)).transpose()?;
    let within = within("email", section.timeout_seconds)?;
    let server = Server { port: url.port_u16().unwrap_or(port), host: host.clone(), security, credentials, within };
    Ok(Smtp::new(server, from, reply_to))
}

fn tls(host: &str, authorities: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = authorities {
        let told = |what: String| format!("{}: {what}", path.display());
        let pem = std::fs::read(path).map_err(|error| told(error.to_string()))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| told(error.to_string()))?);
    }
    builder.build().map_err(|error| format!("email.smtp: {error}"))
}

/// The user of a URL, which writes `@` as `%40`.
fn unescaped(user: &str) -> Result<String, String> {
    // Of a form only the plus sign differs.
    let pair = format!("{}=", user.replace('+', "%2B"));
    let decoded = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name.into_owned());
    decoded.filter(|user| !user.is_empty()).ok_or_else(|| "email.smtp has an empty user".to_owned())
}

fn mailbox(name: &str, text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|_| format!("{name} = {text:?} is not an address such as \"Name <a@b>\""))
}

fn within(section: &str, seconds: Option<u64>) -> Result<Duration, String> {
    match seconds.unwrap_or(SECONDS) {
        seconds @ 1..=MOST_SECONDS => Ok(Duration::from_secs(seconds)),
        other => Err(format!("{section}.timeout_seconds = {other} is not 1 to {MOST_SECONDS}")),
    }
}

fn sms(section: &SmsSection, credentials: Option<&AwsCredentials>) -> Result<Sms, String> {
    let within = within("sms", section.timeout_seconds)?;
    match (&section.gateway, &section.sns) {
        (Some(_), Some(_)) => Err("sms: give gateway or sns, not both".to_owned()),
        (Some(gateway), None) => {
            let authorization = section.authorization.as_deref().map(HeaderValue::from_str).transpose();
            let authorization = authorization.map_err(|_| "sms.authorization is not a header's value".to_owned())?;
            Ok(Sms::Gateway(Gateway { url: called("sms.gateway", gateway)?, authorization, within }))
        }
        (None, Some(SnsSection { region, endpoint, sender_id })) => {
            let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if region.is_empty() || !region.chars().all(is_region) {
                return Err(format!("sms.sns.region = {region:?} is not a region"));
            }
            let endpoint = endpoint.clone().unwrap_or_else(|| Sns::endpoint_of(region));
            let endpoint = called("sms.sns.endpoint", &endpoint)?;
            let credentials = credentials.cloned().ok_or("sms.sns needs credentials: [aws], or AWS_ACCESS_KEY_ID")?;
            let (region, sender_id) = (region.clone(), sender_id.clone());
            Ok(Sms::Sns(Sns { region, endpoint, sender_id, credentials, within }))
        }
        (None, None) => Err("sms: give gateway or sns".to_owned()),
    }
}

fn called(name: &str, text: &str) -> Result<Uri, String> {
    parse_url(text).map_err(|error| format!("{name} = {:?}: {error}", without_user(text)))
}

/// A URL as messages show it: who is named in it may have a password there.
pub(crate) fn without_user(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, rest)| rest)
}

impl std::fmt::Debug for EmailSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmailSection").field("from", &self.from).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SmsSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmsSection").field("gateway", &self.gateway).field("sns", &self.sns).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "delivery_sections/tests.rs"]
mod tests;
