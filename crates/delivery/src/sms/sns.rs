//! `Publish` of Amazon SNS to a telephone number, by its Query API.
//!
//! Source: "Publish" (Amazon SNS API Reference), "Sending SMS messages" (Amazon SNS developer guide).

use std::time::Duration;

use cognate_outbound::{Answer, AwsCredentials, Call, Scope, sign};
use http::Uri;

use super::call;
use crate::transports::Means;
use crate::{Outgoing, Setback};

/// Where SNS listens, and how messages go.
#[derive(Debug)]
pub struct Sns {
    /// The region that calls are signed for.
    pub region: String,
    /// The endpoint.
    pub endpoint: Uri,
    /// What shows as the sender, where the country allows it.
    pub sender_id: Option<String>,
    /// With what calls are signed.
    pub credentials: AwsCredentials,
    /// How long the exchange may take.
    pub within: Duration,
}

impl Sns {
    /// The endpoint of AWS itself in a region.
    pub fn endpoint_of(region: &str) -> String {
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        format!("https://sns.{region}.amazonaws.com{suffix}/")
    }

    pub(super) fn call(&self, message: &Outgoing<'_>, means: Means<'_>) -> Result<Call, Setback> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "Publish")
            .append_pair("Version", "2010-03-31")
            .append_pair("PhoneNumber", message.destination)
            .append_pair("Message", message.body);
        // Codes and invitations are worth more than what they cost: Transactional, not Promotional.
        let kind = Some(("AWS.SNS.SMS.SMSType", "Transactional"));
        let sender = self.sender_id.as_deref().map(|sender| ("AWS.SNS.SMS.SenderID", sender));
        for ((name, value), number) in kind.into_iter().chain(sender).zip(1..) {
            let entry = format!("MessageAttributes.entry.{number}");
            form.append_pair(&format!("{entry}.Name"), name)
                .append_pair(&format!("{entry}.Value.DataType"), "String")
                .append_pair(&format!("{entry}.Value.StringValue"), value);
        }
        let body = form.finish().into_bytes();
        let mut call = call(&self.endpoint, "application/x-www-form-urlencoded; charset=utf-8", body, self.within);
        let scope = Scope { region: &self.region, service: "sns" };
        sign(&mut call, &self.credentials, scope, means.wall).map_err(|error| Setback::Later(error.to_string()))?;
        Ok(call)
    }
}

/// What an answer comes to. The Query API says 400 for most of what goes wrong, and what it was in a code.
pub(super) fn judge(answer: &Answer) -> Result<(), Setback> {
    let body = String::from_utf8_lossy(&answer.body);
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    let is_plain = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let what = match code {
        "" => format!("SNS answered {}", answer.status),
        code if is_plain => format!("SNS answered {}: {code}", answer.status),
        _ => format!("SNS answered {}, with a code that is none", answer.status),
    };
    if answer.status == 400 && code.starts_with("Throttl") {
        return Err(Setback::Later(what));
    }
    Setback::of_status(answer.status, what)
}

#[cfg(test)]
mod tests {
    use cognate_domain::Pool;
    use cognate_outbound::Outbound;

    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        Answer { status, headers: http::HeaderMap::new(), body: body.into() }
    }

    fn publish(credentials: AwsCredentials) -> Result<Call, Setback> {
        let sns = Sns {
            region: "eu-west-1".to_owned(),
            endpoint: Sns::endpoint_of("eu-west-1").parse().unwrap(),
            sender_id: Some("Example".to_owned()),
            credentials,
            within: Duration::from_secs(5),
        };
        let message = Outgoing {
            id: "0190",
            pool: &Pool::default(),
            username: "maria",
            destination: "+12065550100",
            purpose: "SignUp",
            subject: None,
            body: "Your code & more: 123456",
            html: None,
        };
        sns.call(&message, Means { outbound: &Outbound::new([], None), wall: 1_700_000_000 })
    }

    #[test]
    fn a_number_is_published_to_and_the_call_is_signed() {
        let credentials = AwsCredentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "secret".to_owned().into(),
            session_token: None,
        };
        let call = publish(credentials).unwrap();
        let body = std::str::from_utf8(&call.body).unwrap();
        assert!(body.starts_with("Action=Publish&Version=2010-03-31&PhoneNumber=%2B12065550100&"), "{body}");
        assert!(body.contains("Message=Your+code+%26+more%3A+123456"), "{body}");
        assert!(body.contains("entry.2.Name=AWS.SNS.SMS.SenderID"), "{body}");
        let (_, authorization) = call.headers.last().unwrap();
        assert!(authorization.to_str().unwrap().contains("/eu-west-1/sns/aws4_request"), "{authorization:?}");
    }

    #[test]
    fn what_sns_throttles_is_tried_again_and_what_it_refuses_is_not() {
        assert_eq!(judge(&answer(200, "<PublishResponse/>")), Ok(()));
        let throttled = judge(&answer(400, "<Error><Code>Throttling</Code></Error>"));
        assert_eq!(throttled, Err(Setback::Later("SNS answered 400: Throttling".to_owned())));
        let refused = judge(&answer(400, "<Error><Code>InvalidParameter</Code></Error>"));
        assert_eq!(refused, Err(Setback::Never("SNS answered 400: InvalidParameter".to_owned())));
        let odd = judge(&answer(403, "<Code>your code is 123456</Code>"));
        assert_eq!(odd, Err(Setback::Never("SNS answered 403, with a code that is none".to_owned())));
    }
}
