//! Whether other services take a connection. Nothing is sent to them.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::{Findings, Patient, certificates};

/// How long a service may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn examine(patient: &Patient, findings: &mut Findings) {
    let file = &patient.file;
    let sms = file.sms.as_ref();
    let sns = sms.and_then(|sms| sms.sns.as_ref());
    let urls = [
        ("[email] smtp", file.email.as_ref().and_then(|email| email.smtp.clone())),
        ("[sms] gateway", sms.and_then(|sms| sms.gateway.clone())),
        (
            "[sms.sns]",
            sns.map(|sns| sns.endpoint.clone().unwrap_or_else(|| format!("https://sns.{}.amazonaws.com", sns.region))),
        ),
        ("[traces] endpoint", file.traces.url()),
        ("[triggers] lambda_endpoint", file.triggers.lambda_endpoint.clone()),
        ("[triggers] kms_endpoint", file.triggers.kms_endpoint.clone()),
    ];
    let functions = file.triggers.functions.values();
    let functions = functions
        .filter_map(|place| Some(("[triggers.functions]", Some(place.webhook.clone().or(place.endpoint.clone())?))));
    for (name, url) in urls.into_iter().chain(functions) {
        let Some(url) = url else { continue };
        let Some(place) = place_of(&url) else {
            findings.fail("reach", format!("{name} is no URL with a host"));
            continue;
        };
        match connect(&place) {
            Ok(stream) => {
                findings.ok("reach", format!("{name}: {place} takes connections"));
                if url.starts_with("https://") || url.starts_with("smtps://") {
                    shake_hands(stream, name, &place, patient, findings);
                }
            }
            Err(error) => findings.fail("reach", format!("{name}: {place}: {error}")),
        }
    }
}

/// Looks at the certificates of a service that speaks TLS from the first byte on.
fn shake_hands(stream: TcpStream, name: &str, place: &str, patient: &Patient, findings: &mut Findings) {
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host).trim_matches(['[', ']']);
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let _ = stream.set_write_timeout(Some(PATIENCE));
    match cognate_outbound::certificates_of(host, stream, patient.config.outside.authorities.as_deref()) {
        Ok(shown) => certificates::judge(&format!("{name} {place}"), &shown, findings),
        Err(error) => findings.fail("reach", format!("{name}: {place}: {error}")),
    }
}

/// The host and the port of a URL.
fn place_of(url: &str) -> Option<String> {
    let url: hyper::Uri = url.parse().ok()?;
    let port = url.port_u16().unwrap_or(match url.scheme_str()? {
        "https" => 443,
        "smtps" => 465,
        "smtp" => 587,
        _ => 80,
    });
    Some(format!("{}:{port}", url.host()?))
}

fn connect(place: &str) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::other("the name has no address");
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn a_url_has_a_place() {
        for (url, place) in [
            ("smtps://user@mail.example.com", Some("mail.example.com:465")),
            ("http://127.0.0.1:3001/x", Some("127.0.0.1:3001")),
            ("https://[::1]", Some("[::1]:443")),
            ("mail", None),
        ] {
            assert_eq!(place_of(url).as_deref(), place, "{url}");
        }
    }
}
