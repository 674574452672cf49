//! What the system says about this process; only Linux is asked.

use super::text::Text;

/// How many ticks of the scheduler's accounts make a second: part of Linux's interface to programs.
#[cfg(target_os = "linux")]
const TICKS: f64 = 100.0;

#[cfg(target_os = "linux")]
pub(super) fn write(text: &mut Text) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(kilobytes) = number_behind(&status, "VmRSS:") {
        let help = "Resident memory in bytes.";
        text.value("process_resident_memory_bytes", "gauge", help, kilobytes * 1_024);
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(ticks) = ticks(&stat) {
        #[expect(clippy::cast_precision_loss, reason = "ticks are far below 2^53")]
        let seconds = ticks as f64 / TICKS;
        text.value("process_cpu_seconds_total", "counter", "Processor time in seconds.", seconds);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        text.value("process_open_fds", "gauge", "Open file descriptors.", open.count());
    }
    if let Some(most) = most_files() {
        text.value("process_max_fds", "gauge", "The most file descriptors that may be open.", most);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn write(_: &mut Text) {}

/// The most files that this process may have open.
#[cfg(target_os = "linux")]
pub(crate) fn most_files() -> Option<u64> {
    number_behind(&std::fs::read_to_string("/proc/self/limits").ok()?, "Max open files")
}

/// Elsewhere nobody says.
#[cfg(not(target_os = "linux"))]
pub(crate) fn most_files() -> Option<u64> {
    None
}

#[cfg(target_os = "linux")]
fn number_behind(text: &str, label: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(label))?.split_whitespace().next()?.parse().ok()
}

/// The ticks spent by a process and in the system for it: the fields 14 and 15, of which the second may hold anything.
#[cfg(target_os = "linux")]
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_how_much_this_process_takes() {
        let mut text = Text::default();
        write(&mut text);
        let text = text.finish();
        for name in ["resident_memory_bytes", "cpu_seconds_total", "open_fds", "max_fds"] {
            assert!(text.contains(&format!("\nprocess_{name} ")), "{name}: {text}");
        }
        assert_eq!(ticks("1 (a b) c) S 1 1 1 0 -1 4194560 1 1 1 1 7 5 0 0"), Some(12));
    }
}
