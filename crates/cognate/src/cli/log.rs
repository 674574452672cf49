//! Where log lines go, and traces beside them.

use std::io::IsTerminal;

use clap::ValueEnum;
use cognate::{FileConfig, Traces};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

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
pub(super) fn log(default: &str, format: LogFormat) -> Result<(), Failure> {
    let builder = tracing_subscriber::fmt().with_env_filter(filter(default)?).with_writer(std::io::stderr);
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => builder.compact().init(),
    }
    Ok(())
}

fn filter(default: &str) -> Result<EnvFilter, Failure> {
    let asked = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
    let filter = match asked("COGNATE_LOG") {
        Some(text) => parse(&text).map_err(|reason| format!("COGNATE_LOG: {reason}"))?,
        // That one may be meant for other programs.
        None => asked("RUST_LOG").and_then(|text| text.parse().ok()).unwrap_or_else(|| EnvFilter::new(default)),
    };
    // Whatever is asked for: these would write what they were given, secrets and attributes of users included.
    Ok(QUIET.iter().filter_map(|quiet| quiet.parse().ok()).fold(filter, EnvFilter::add_directive))
}

/// Levels, and targets with theirs. A word alone would be taken for a target, and a misspelt level for silence.
fn parse(text: &str) -> Result<EnvFilter, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    for part in &parts {
        if !part.contains(['=', '[', ']']) && part.parse::<LevelFilter>().is_err() {
            return Err(format!("{part:?} is no level: say off, error, warn, info, debug or trace, or target=level"));
        }
    }
    parts.join(",").parse().map_err(|error| format!("{text:?}: {error}"))
}

/// The same for a server, with traces if somebody said where to send them.
#[cfg(feature = "otlp")]
pub(super) fn log_and_trace(default: &str, format: LogFormat, file: &FileConfig) -> Result<Option<Traces>, Failure> {
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    let Some(traces) = Traces::start(file)? else {
        log(default, format)?;
        return Ok(None);
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.compact().boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter(default)?)).with(traces.layer()).init();
    Ok(Some(traces))
}

/// The same for a server, which says so if the environment wants traces: that may be meant for others.
#[cfg(not(feature = "otlp"))]
pub(super) fn log_and_trace(default: &str, format: LogFormat, file: &FileConfig) -> Result<Option<Traces>, Failure> {
    log(default, format)?;
    if let Some(url) = file.traces.url() {
        tracing::warn!(url, "no traces are sent: this program was built without them (--features otlp)");
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_logged_is_a_level_or_a_target_with_one() {
        for text in ["info", "WARN", "info,access=off", "access=off, info", "cognate[request]=debug", "off"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["debugg", "access=off,warnn", "foo=bar=x", "access=loud"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
