//! `[traces]` of the configuration: where spans go, over OTLP (docs/operating.md). Only with the feature `otlp`: without
//! it the section is refused, and nothing here costs a request anything.
//!
//! What has a span is written where it happens, as one of `tracing` under the target `traces`, which nobody else reads:
//! a request here, a transaction in the store, a hash, a trigger and a delivery in `operations`.

#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "otlp")]
mod spans;

use std::collections::BTreeMap;

use cognate_model::Secret;
use serde::Deserialize;

#[cfg(feature = "otlp")]
pub use collector::Traces;
#[cfg(feature = "otlp")]
pub(crate) use collector::check;
#[cfg(feature = "otlp")]
pub(crate) use spans::{answered, of_request};

/// `[traces]` of the configuration.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "otlp", derive(Deserialize), serde(default, deny_unknown_fields))]
pub struct TracesSection {
    /// The base URL of a collector that speaks OTLP over HTTP, such as `http://127.0.0.1:4318`.
    pub endpoint: Option<String>,
    /// Headers for it.
    pub headers: BTreeMap<String, Secret>,
    /// What this server is called in traces; `cognate` unless it is said.
    pub service_name: Option<String>,
}

#[cfg(not(feature = "otlp"))]
impl<'de> Deserialize<'de> for TracesSection {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("this program was built without traces; build it with --features otlp"))
    }
}

impl TracesSection {
    /// The URL that spans are posted to: as the environment says, or else the file. None where neither does.
    pub fn url(&self) -> Option<String> {
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if said("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return None;
        }
        let below = |base: String| format!("{}/v1/traces", base.trim_end_matches('/'));
        said("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
            .or_else(|| said("OTEL_EXPORTER_OTLP_ENDPOINT").map(below))
            .or_else(|| self.endpoint.clone().map(below))
    }
}

/// Without the feature nothing is sent.
#[cfg(not(feature = "otlp"))]
pub(crate) fn check(_: &crate::FileConfig) -> Result<(), String> {
    Err("no traces are sent: this program was built without them (--features otlp)".to_owned())
}

/// Without the feature a request has no span.
#[cfg(not(feature = "otlp"))]
pub(crate) fn of_request(_: &hyper::HeaderMap) -> tracing::Span {
    tracing::Span::none()
}

#[cfg(not(feature = "otlp"))]
pub(crate) fn answered(_: &tracing::Span, _: &cognate_protocol::Answered) {}

/// Without the feature there are none.
#[cfg(not(feature = "otlp"))]
pub enum Traces {}

#[cfg(not(feature = "otlp"))]
impl Traces {
    /// Sends what is left.
    #[expect(clippy::unused_async, reason = "with the feature it waits")]
    pub async fn stop(self) {}
}

#[cfg(all(test, not(feature = "otlp")))]
mod tests {
    #[test]
    fn what_cannot_be_done_is_refused() {
        let refused = toml::from_str::<crate::FileConfig>("[traces]\nendpoint = \"http://127.0.0.1:4318\"\n");
        assert!(refused.unwrap_err().to_string().contains("built without traces"));
    }
}
