//! The machine: the address to listen on, files that may be open, memory for password hashes.

use std::net::TcpListener;

use super::{Findings, Patient};

/// Memory of one password hash at full cost, in MiB (`HashCost::SERVE`).
const HASH: u64 = 19;
/// Files that a server has open besides its connections.
const OTHER_FILES: u64 = 64;

pub(super) fn examine(patient: &Patient, findings: &mut Findings) {
    for address in std::iter::once(&patient.listen).chain(&patient.file.metrics.address) {
        match TcpListener::bind(address) {
            Ok(_) => findings.ok("listen", format!("{address} is free")),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                findings.warn("listen", format!("{address} is in use: by this server if it runs, else choose another"));
            }
            Err(error) => findings.fail("listen", format!("{address}: {error}")),
        }
    }
    let wanted = patient.file.limits.connections as u64 + OTHER_FILES;
    match crate::metrics::most_files() {
        Some(most) if most < wanted => findings.warn(
            "files",
            format!("{most} files may be open, and limits.connections alone may need {wanted}: raise it (ulimit -n, LimitNOFILE=)"),
        ),
        Some(most) => findings.ok("files", format!("{most} files may be open")),
        None => {}
    }
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get) as u64;
    let needed = threads * HASH;
    match available_mib() {
        Some(available) if available < needed * 2 => findings.warn(
            "memory",
            format!(
                "{available} MiB are available, and password hashes take {needed} MiB at once ({threads} × {HASH})"
            ),
        ),
        Some(available) => {
            findings.ok("memory", format!("{available} MiB are available; password hashes take {needed} MiB at once"));
        }
        None => {}
    }
}

/// What programs can still take, where the system says so.
fn available_mib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes >> 10)
}
