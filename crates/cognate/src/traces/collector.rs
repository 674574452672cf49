//! The way of spans to a collector. Whoever makes one never waits: it is put into a queue of bounded length, or dropped
//! where the queue is full, and a thread of its own sends what is there.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cognate_outbound::{Call, Failure, Outbound, parse_url};
use http::{HeaderName, HeaderValue, Request, Response};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::{FileConfig, TracesSection};

/// How long the collector may take to take spans.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same for the last ones, when the server stops.
const LAST: Duration = Duration::from_secs(2);
/// The largest answer of it that is read, in bytes.
const MOST: usize = 64 << 10;
/// Spans that begin by themselves. Others are made below one, or not at all: what the server does of its own accord, twice
/// a second, tells nobody anything.
const ROOTS: [&str; 2] = ["request", "delivery"];

/// What collects spans and sends them.
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Begins to send, if somebody said where to. Needs a runtime around it.
    pub fn start(file: &FileConfig) -> Result<Option<Self>, String> {
        let section = &file.traces;
        let Some(url) = section.url() else { return Ok(None) };
        let wrong = |reason: String| format!("traces.endpoint: {url}: {reason}");
        let way = Way::to(&url, file).map_err(wrong)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(way)
            .with_endpoint(&url)
            .with_headers(headers(section)?)
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource(section)).build();
        Ok(Some(Self { provider }))
    }

    /// What takes spans from where they are made.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let is_ours = |metadata: &Metadata<'_>| metadata.target() == "traces" && metadata.is_span();
        let filter = dynamic_filter_fn(move |metadata, context| {
            is_ours(metadata) && (ROOTS.contains(&metadata.name()) || context.lookup_current().is_some())
        });
        let filter = filter.with_max_level_hint(LevelFilter::TRACE).with_callsite_filter(move |metadata| {
            if is_ours(metadata) { Interest::sometimes() } else { Interest::never() }
        });
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("cognate"))
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter)
    }

    /// Sends what is left, for two seconds at most.
    pub async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(LAST));
        if let Ok(Err(error)) = stopped.await {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

fn headers(section: &TracesSection) -> Result<HashMap<String, String>, String> {
    let mut headers = HashMap::new();
    for (name, value) in &section.headers {
        let value = value.expose();
        if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
            return Err(format!("traces.headers.{name}: this cannot be a header"));
        }
        headers.insert(name.clone(), value.to_owned());
    }
    Ok(headers)
}

/// Who we are. What the environment says in the standard way is found by the library.
fn resource(section: &TracesSection) -> Resource {
    let says = |name: &str, what: &str| std::env::var(name).is_ok_and(|value| value.contains(what));
    let is_named = says("OTEL_SERVICE_NAME", "") || says("OTEL_RESOURCE_ATTRIBUTES", "service.name=");
    let builder = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if is_named {
        return builder.build();
    }
    builder.with_service_name(section.service_name.clone().unwrap_or_else(|| "cognate".to_owned())).build()
}

/// Whether what the file says can be used; nothing is sent.
pub(crate) fn check(file: &FileConfig) -> Result<(), String> {
    let Some(url) = file.traces.url() else { return Ok(()) };
    headers(&file.traces)?;
    outbound_to(&url, file).map(|_| ()).map_err(|error| format!("traces.endpoint: {url}: {error}"))
}

fn outbound_to(url: &str, file: &FileConfig) -> Result<Outbound, String> {
    let url = parse_url(url).map_err(|error| error.to_string())?;
    let outbound = Outbound::new(file.outbound.plain_http.iter().cloned(), file.outbound.ca_file.clone());
    outbound.allow(&url);
    outbound.check(&url).map_err(|error| match error {
        Failure::NotAllowed(host) => {
            format!("spans would leave this machine in clear: use https, or name {host} in outbound.plain_http")
        }
        other => other.to_string(),
    })?;
    Ok(outbound)
}

/// Our own way out, with its rules on whom it calls and whom it trusts.
struct Way {
    outbound: Arc<Outbound>,
    runtime: Handle,
    /// Whether the last attempt failed, so that an outage is told once.
    is_down: Arc<AtomicBool>,
}

impl Way {
    fn to(url: &str, file: &FileConfig) -> Result<Self, String> {
        let outbound = Arc::new(outbound_to(url, file)?);
        Ok(Self { outbound, runtime: Handle::current(), is_down: Arc::default() })
    }

    fn post(&self, request: Request<Bytes>) -> impl Future<Output = Result<Response<Bytes>, HttpError>> + Send + use<> {
        let (outbound, is_down) = (Arc::clone(&self.outbound), Arc::clone(&self.is_down));
        let (parts, body) = request.into_parts();
        let headers = parts.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let call = Call { url: parts.uri, headers, body, within: PATIENCE, most: MOST };
        // The thread that sends has no runtime, and connections need one.
        let posted = self.runtime.spawn(async move { outbound.post(call).await });
        async move {
            let posted = posted.await?;
            let trouble = match &posted {
                Ok(answer) if (200..300).contains(&answer.status) => None,
                Ok(answer) => Some(format!("it answers {}", answer.status)),
                Err(error) => Some(error.to_string()),
            };
            let was_down = is_down.swap(trouble.is_some(), Ordering::Relaxed);
            match &trouble {
                Some(error) if !was_down => tracing::warn!(error, "the collector does not take traces: they are lost"),
                None if was_down => tracing::info!("the collector takes traces again"),
                _ => {}
            }
            let answer = posted?;
            let mut response = Response::new(answer.body);
            *response.status_mut() = answer.status.try_into()?;
            *response.headers_mut() = answer.headers;
            Ok(response)
        }
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").finish_non_exhaustive()
    }
}

impl HttpClient for Way {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.post(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn spans_leave_this_machine_encrypted_unless_it_is_said() {
        let started = |text: &str| Traces::start(&toml::from_str(text).unwrap());
        let plain = "[traces]\nendpoint = \"http://collector:4318\"\n";
        let refused = started(plain).map(|_| ()).unwrap_err();
        assert!(refused.contains("name collector in outbound.plain_http"), "{refused}");
        assert!(started(&format!("{plain}[outbound]\nplain_http = [\"collector\"]\n")).unwrap().is_some());
        assert!(started("").unwrap().is_none());
        let refused = started("[traces]\nendpoint = \"https://c\"\nheaders = { \"a b\" = \"hunter2\" }\n");
        let refused = refused.map(|_| ()).unwrap_err();
        assert!(refused.contains("traces.headers.a b") && !refused.contains("hunter2"), "{refused}");
    }
}
