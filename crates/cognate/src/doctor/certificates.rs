//! Certificates: which have expired, and which soon will.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognate_store::inspect;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::{Findings, Patient};

const CHECK: &str = "certificates";
/// How long before its end a certificate is told of.
const SOON: Duration = Duration::from_hours(30 * 24);

/// Looks at the files of certificates that are trusted.
pub(super) fn examine(patient: &Patient, findings: &mut Findings) {
    let of_database =
        patient.config.database.as_ref().and_then(|database| inspect::database_roots(database.url.as_str()));
    let files = [("outbound.ca_file", &patient.config.outside.authorities), ("sslrootcert", &of_database)];
    for (name, path) in files {
        let Some(path) = path else { continue };
        // One that cannot be read is told where it is used.
        let Ok(certificates) = cognate_outbound::certificates_in(path) else { continue };
        judge(&format!("{name} {}", path.display()), &certificates, findings);
    }
}

/// Says how long certificates are valid.
pub(super) fn judge(whose: &str, certificates: &[impl AsRef<[u8]>], findings: &mut Findings) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    judge_at(now, whose, certificates, findings);
}

fn judge_at(now: Duration, whose: &str, certificates: &[impl AsRef<[u8]>], findings: &mut Findings) {
    let mut first_end = None;
    for certificate in certificates {
        let Ok(certificate) = Certificate::from_der(certificate.as_ref()) else {
            findings.warn(CHECK, format!("{whose}: one cannot be read"));
            continue;
        };
        let certificate = certificate.tbs_certificate();
        let end = certificate.validity().not_after.to_unix_duration();
        let told = |what: &str| format!("{whose}: {} {what} {}", certificate.subject(), date(end));
        if end < now {
            findings.warn(CHECK, told("expired on"));
        } else if end < now + SOON {
            findings.warn(CHECK, told("expires on"));
        } else {
            first_end = first_end.map_or(Some(end), |first: Duration| Some(first.min(end)));
        }
    }
    if let Some(end) = first_end {
        findings.ok(CHECK, format!("{whose}: valid until {}, or longer", date(end)));
    }
}

fn date(moment: Duration) -> String {
    let moment = i64::try_from(moment.as_secs()).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    moment.map_or_else(|| "a day beyond all calendars".to_owned(), |moment| moment.to_string()[..10].to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    /// Valid until 2109-01-15T21:32:28Z.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBqTCCAU+gAwIBAgIURFBCvmteZbB7U+xmR2q8H7Jl2r0wCgYIKoZIzj0EAwIw\n\
KTEQMA4GA1UECgwHUGFsbXlyYTEVMBMGA1UEAwwMQW4gYXV0aG9yaXR5MCAXDTI2\n\
MTEyNjIxMzIyOFoYDzIxMDkwMTE1MjEzMjI4WjApMRAwDgYDVQQKDAdQYWxteXJh\n\
MRUwEwYDVQQDDAxBbiBhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n\
AAS38l1pCkmw3Ob+Vh2upviw9QU7pDdNmvlVX/n3NQodtakXX/a6VlH24P1Y/Ssh\n\
sjdEi9+p1OlNo3laXCZsOqvko1MwUTAdBgNVHQ4EFgQUUhppTTCAcd7+F3aKEltt\n\
pWrYLk4wHwYDVR0jBBgwFoAUUhppTTCAcd7+F3aKElttpWrYLk4wDwYDVR0TAQH/\n\
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBdC4JYp+BK7RdagZ+15Hb78yMyFczJ\n\
xbNig9sHF80vIwIhAPy8605PZdkfwJOAqrkOq7zYVxhPlPy98nv4DUqU5o2O\n\
-----END CERTIFICATE-----\n";

    #[test]
    fn a_certificate_is_told_of_a_month_before_its_end_and_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, format!("An authority of ours\n{CERTIFICATE}")).unwrap();
        let certificates = cognate_outbound::certificates_in(&path).unwrap();
        let end = 4_387_728_748;
        for (seconds, verdict, words) in [
            (end - 31 * 86_400, Verdict::Ok, "x: valid until 2109-01-15, or longer"),
            (end - 29 * 86_400, Verdict::Warn, "x: CN=An authority,O=Palmyra expires on 2109-01-15"),
            (end + 1, Verdict::Warn, "x: CN=An authority,O=Palmyra expired on 2109-01-15"),
        ] {
            let mut findings = Findings(Vec::new());
            judge_at(Duration::from_secs(seconds), "x", &certificates, &mut findings);
            let found = findings.0.first().unwrap();
            assert_eq!((found.verdict, found.found.as_str(), findings.0.len()), (verdict, words, 1));
        }
        let mut findings = Findings(Vec::new());
        judge("x", &["no certificate"], &mut findings);
        assert_eq!(findings.0.first().unwrap().verdict, Verdict::Warn);
    }
}
