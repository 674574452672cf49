//! The Prometheus text format.

use std::fmt::{Display, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use cognate_store::histogram::Counts;

/// Metrics as they are written. Values of labels are names of ours, so nothing needs escaping.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a family of samples.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A sample.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.name(name, labels, None);
        let _ = writeln!(self.0, " {value}");
    }

    /// A family of one sample.
    pub(super) fn value(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// The same of a counter.
    pub(super) fn one(&mut self, name: &str, kind: &str, help: &str, value: &AtomicU64) {
        self.value(name, kind, help, value.load(Ordering::Relaxed));
    }

    /// The samples of a histogram.
    pub(super) fn histogram(&mut self, name: &str, labels: &[(&str, &str)], counts: &Counts) {
        let bucket = format!("{name}_bucket");
        for (bound, within) in counts.by_bound() {
            self.name(&bucket, labels, Some(&bound.to_string()));
            let _ = writeln!(self.0, " {within}");
        }
        self.name(&bucket, labels, Some("+Inf"));
        let _ = writeln!(self.0, " {}", counts.count);
        self.sample(&format!("{name}_sum"), labels, counts.total.as_secs_f64());
        self.sample(&format!("{name}_count"), labels, counts.count);
    }

    fn name(&mut self, name: &str, labels: &[(&str, &str)], bound: Option<&str>) {
        self.0.push_str(name);
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        for (place, (label, value)) in all.enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"{value}\"");
        }
        if !labels.is_empty() || bound.is_some() {
            self.0.push('}');
        }
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use cognate_store::histogram::Histogram;

    use super::*;

    #[test]
    fn samples_read_as_prometheus_expects() {
        let mut text = Text::default();
        text.value("a_total", "counter", "As.", 3);
        text.sample("b", &[("x", "1"), ("y", "2")], 0.5);
        assert_eq!(text.finish(), "# HELP a_total As.\n# TYPE a_total counter\na_total 3\nb{x=\"1\",y=\"2\"} 0.5\n");
        let histogram = Histogram::default();
        histogram.record(std::time::Duration::from_millis(1));
        let mut text = Text::default();
        text.histogram("t", &[("x", "1")], &histogram.counts());
        let text = text.finish();
        assert!(text.starts_with("t_bucket{x=\"1\",le=\"0.0001\"} 0\n"), "{text}");
        assert!(
            text.ends_with("t_bucket{x=\"1\",le=\"+Inf\"} 1\nt_sum{x=\"1\"} 0.001\nt_count{x=\"1\"} 1\n"),
            "{text}"
        );
    }
}
