//! How far a long task is, on standard error if somebody looks.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line is drawn.
const PERIOD: Duration = Duration::from_millis(200);

/// A line that is drawn again and again; nothing unless standard error is a terminal.
pub(super) struct Progress {
    is_shown: bool,
    drawn: Option<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal(), drawn: None }
    }

    /// Draws the line, unless it was drawn a moment ago.
    pub(super) fn show(&mut self, line: impl FnOnce() -> String) {
        if !self.is_shown || self.drawn.is_some_and(|drawn| drawn.elapsed() < PERIOD) {
            return;
        }
        self.drawn = Some(Instant::now());
        // From the beginning of the line, over what stood there.
        let _ = write!(std::io::stderr(), "\r\x1b[2K{}", line());
    }

    /// Takes the line away for something that stays.
    pub(super) fn interrupt(&mut self, say: impl FnOnce()) {
        self.clear();
        say();
    }

    fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Twenty cells and a percentage.
pub(super) fn bar(done: u64, of: u64) -> String {
    let share = done.min(of).saturating_mul(100).checked_div(of).unwrap_or(100);
    let cells = usize::try_from(share / 5).unwrap_or_default();
    format!("[{:<20}] {share:>3} %", "#".repeat(cells))
}

/// A number of bytes as people read it.
pub(super) fn size(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{bar, size};

    #[test]
    fn a_bar_fills_from_the_left_and_never_overflows() {
        assert_eq!(bar(0, 200), "[                    ]   0 %");
        assert_eq!(bar(100, 200), "[##########          ]  50 %");
        assert_eq!(bar(300, 200), "[####################] 100 %");
        assert_eq!(bar(0, 0), "[####################] 100 %");
    }

    #[test]
    fn sizes_are_told_in_mebibytes() {
        assert_eq!(size(3 << 19), "1.5 MiB");
    }
}
