//! Where log lines go, and traces beside them.

use std::io::IsTerminal;

use clap::ValueEnum;
use cognate::{FileConfig, Traces};
use tracing_subscriber::EnvFilter;

use super::Failure;

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// Each a JSON object.
    Json,
}

impl LogFormat {
    /// What the environment says, for commands that have no option for it.
    pub(super) fn of_environment() -> Self {
        let is_json = std::env::var("COGNATE_LOG_FORMAT").is_ok_and(|format| format == "json");
        if is_json { Self::Json } else { Self::Text }
    }
}

/// Libraries that log what they carry, and spans, which are for traces alone.
const QUIET: [&str; 4] = ["tokio_postgres=info", "postgres=info", "lettre=info", "traces=off"];

/// Logs go to standard error; `COGNATE_LOG`, or else `RUST_LOG`, sets what is logged.
pub(super) fn log(default: &str, format: LogFormat) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter(default)).with_writer(std::io::stderr);
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => builder.compact().init(),
    }
}

fn filter(default: &str) -> EnvFilter {
    let filter = EnvFilter::try_from_env("COGNATE_LOG").or_else(|_| EnvFilter::try_from_default_env());
    let filter = filter.unwrap_or_else(|_| EnvFilter::new(default));
    // Whatever is asked for: these would write what they were given, secrets and attributes of users included.
    QUIET.iter().filter_map(|quiet| quiet.parse().ok()).fold(filter, EnvFilter::add_directive)
}

/// The same for a server, with traces if somebody said where to send them.
#[cfg(feature = "otlp")]
pub(super) fn log_and_trace(default: &str, format: LogFormat, file: &FileConfig) -> Result<Option<Traces>, Failure> {
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    let Some(traces) = Traces::start(file)? else {
        log(default, format);
        return Ok(None);
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.compact().boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter(default))).with(traces.layer()).init();
    Ok(Some(traces))
}

/// The same for a server, which says so if the environment wants traces: that may be meant for others.
#[cfg(not(feature = "otlp"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature it may fail")]
pub(super) fn log_and_trace(default: &str, format: LogFormat, file: &FileConfig) -> Result<Option<Traces>, Failure> {
    log(default, format);
    if let Some(url) = file.traces.url() {
        tracing::warn!(url, "no traces are sent: this program was built without them (--features otlp)");
    }
    Ok(None)
}
