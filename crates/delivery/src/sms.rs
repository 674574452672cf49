//! Text messages: through a gateway of the operator's, or through Amazon SNS.

mod gateway;
mod sns;

use std::time::Duration;

use cognate_outbound::{Answer, Call, Failure};
use http::Uri;

pub use gateway::Gateway;
pub use sns::Sns;

use crate::transports::Means;
use crate::{Outgoing, Setback};

/// How much of an answer is read, in bytes.
const MOST: usize = 16 << 10;

/// What delivers text messages.
#[derive(Debug)]
pub enum Sms {
    /// A program of the operator's.
    Gateway(Gateway),
    /// Amazon SNS, or what speaks like it.
    Sns(Sns),
}

impl Sms {
    /// Whom it calls.
    pub fn url(&self) -> &Uri {
        match self {
            Self::Gateway(gateway) => &gateway.url,
            Self::Sns(sns) => &sns.endpoint,
        }
    }

    pub(crate) async fn send(&self, message: &Outgoing<'_>, means: Means<'_>) -> Result<(), Setback> {
        match self {
            Self::Gateway(gateway) => {
                let answer = post(means, gateway.call(message)).await?;
                Setback::of_status(answer.status, format!("the gateway answered {}", answer.status))
            }
            Self::Sns(sns) => sns::judge(&post(means, sns.call(message, means)?).await?),
        }
    }
}

async fn post(means: Means<'_>, call: Call) -> Result<Answer, Setback> {
    means.outbound.post(call).await.map_err(|failure| match failure {
        // The call was answered, at such length that nobody reads it.
        Failure::TooLarge => Setback::Later("the answer is too large".to_owned()),
        other => Setback::Later(other.to_string()),
    })
}

fn call(url: &Uri, content_type: &'static str, body: Vec<u8>, within: Duration) -> Call {
    let headers = vec![(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type))];
    Call { url: url.clone(), headers, body: body.into(), within, most: MOST }
}
