//! A gateway: it is posted JSON, and answers 2xx once it has taken the message over (docs/messages.md).

use std::time::Duration;

use cognate_outbound::Call;
use http::{HeaderValue, Uri};
use serde_json::json;

use super::call;
use crate::Outgoing;

/// Where the operator's gateway listens.
pub struct Gateway {
    /// Its URL.
    pub url: Uri,
    /// The `authorization` header, if it wants one.
    pub authorization: Option<HeaderValue>,
    /// How long the exchange may take.
    pub within: Duration,
}

impl Gateway {
    pub(super) fn call(&self, message: &Outgoing<'_>) -> Call {
        let body = json!({
            "messageId": message.id,
            "to": message.destination,
            "text": message.body,
            "poolId": message.pool.id(),
            "username": message.username,
            "purpose": message.purpose,
        });
        let mut call = call(&self.url, "application/json", body.to_string().into_bytes(), self.within);
        if let Some(value) = &self.authorization {
            let mut value = value.clone();
            value.set_sensitive(true);
            call.headers.push((http::header::AUTHORIZATION, value));
        }
        call
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use cognate_domain::Pool;

    use super::*;

    #[test]
    fn a_gateway_is_told_whom_and_what_and_shown_the_password() {
        let gateway = Gateway {
            url: Uri::from_static("https://sms.example.com/send"),
            authorization: Some(HeaderValue::from_static("Bearer secret")),
            within: Duration::from_secs(5),
        };
        let message = Outgoing {
            id: "0190",
            pool: &Pool::default(),
            username: "maria",
            destination: "+12065550100",
            purpose: "SignUp",
            subject: None,
            body: "Your code is \"123456\".\n",
            html: None,
        };
        let call = gateway.call(&message);
        let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!((&body["to"], &body["text"]), (&json!("+12065550100"), &json!("Your code is \"123456\".\n")));
        assert_eq!((&body["messageId"], &body["purpose"]), (&json!("0190"), &json!("SignUp")));
        let (_, authorization) = call.headers.last().unwrap();
        assert!(authorization.is_sensitive() && authorization == "Bearer secret");
        assert!(!format!("{gateway:?}").contains("secret"));
    }
}
