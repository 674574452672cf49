//! The store: its folder or its database, its schema, and whether the master key is the one that it was sealed with.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use cognate_crypto::seal::MasterKey;
use cognate_store::inspect::{self, Inspection, ServerFacts};

use super::{Findings, certificates};
use crate::{Config, Database, Isolation, master_key, user_pools};

/// An fsync that takes longer makes every write slow.
const SLOW_DISK: Duration = Duration::from_millis(20);
/// A question to the database that takes longer makes every transaction slow: it asks several.
const SLOW_DATABASE: Duration = Duration::from_millis(5);
/// How far the clocks may differ before tokens and codes of several servers disagree, in microseconds.
const SKEW: i64 = 1_000_000;
/// Less free space than this soon stops writes, in bytes.
const ROOM: u64 = 1 << 30;

pub(super) fn examine(config: &Config, findings: &mut Findings) {
    let looked = if let Some(Database { url, options }) = &config.database {
        let looked = inspect::database(url.as_str(), user_pools::CHECK);
        if let Ok(Inspection { server: Some(server), .. }) = &looked {
            database(server, options.connections, options.isolation, findings);
        }
        looked
    } else {
        folder(&config.data, findings);
        inspect::folder(&config.data, user_pools::CHECK)
    };
    match looked {
        Err(error) => findings.fail("store", error.to_string()),
        Ok(inspection) => {
            schema(inspection.schema, findings);
            key(config, inspection.setting.as_deref(), findings);
        }
    }
}

fn schema(found: Option<i64>, findings: &mut Findings) {
    let newest = inspect::newest_schema();
    match found {
        None => findings.ok("schema", "nothing is stored yet; the first start lays the schema down"),
        Some(found) if found == newest => findings.ok("schema", format!("{found}, as this program writes it")),
        Some(found) if found < newest => {
            findings.warn("schema", format!("{found}; the next start brings it to {newest}: back up first"));
        }
        Some(found) => {
            findings
                .fail("schema", format!("{found} is newer than the {newest} of this program: use the newer program"));
        }
    }
}

fn key(config: &Config, check: Option<&[u8]>, findings: &mut Findings) {
    let name = "master key";
    let in_file = config.data.join("master.key");
    let is_there = config.master_key.is_some() || in_file.exists();
    if !is_there {
        return match check {
            Some(_) => findings.fail(name, format!("the data is sealed, and there is no {}", in_file.display())),
            None => findings.ok(name, format!("the first start makes {}", in_file.display())),
        };
    }
    let key: MasterKey = match master_key::load(config.master_key.as_deref(), &config.data, || check.is_some()) {
        Ok(key) => key,
        Err(error) => return findings.fail(name, error.to_string()),
    };
    match check.map(|check| user_pools::opens(&key, check)) {
        Some(false) => findings.fail(name, "this is not the key that the data was sealed with"),
        opens if config.master_key.is_some() => {
            findings.ok(name, if opens.is_some() { "it opens the data" } else { "it has the right form" });
        }
        _ => findings.warn(
            name,
            format!(
                "{} lies beside the data that it seals: better keep it apart, as COGNATE_MASTER_KEY",
                in_file.display()
            ),
        ),
    }
}

fn folder(path: &Path, findings: &mut Findings) {
    let name = "data folder";
    let shown = path.display();
    if !path.exists() {
        return findings.ok(name, format!("{shown} is not there; the first start makes it"));
    }
    if inspect::is_owned(path) {
        findings.ok(name, format!("{shown} is in use by a server that runs"));
    }
    match fsync_time(path) {
        Err(error) => return findings.fail(name, format!("{shown}: nothing can be written there: {error}")),
        Ok(took) if took > SLOW_DISK => {
            let ms = took.as_millis();
            findings.warn("disk", format!("an fsync takes {ms} ms: every lone write takes as long; use a faster disk"));
        }
        Ok(took) => findings.ok("disk", format!("an fsync takes {:.1} ms", took.as_secs_f64() * 1_000.0)),
    }
    match free(path) {
        Some(bytes) if bytes < ROOM => findings.warn("disk", format!("{} MiB are free: make room", bytes >> 20)),
        Some(bytes) => findings.ok("disk", format!("{} MiB are free", bytes >> 20)),
        None => {}
    }
    permissions(path, findings);
}

/// The median of five small writes, each with its fsync.
fn fsync_time(path: &Path) -> std::io::Result<Duration> {
    let probe = path.join(format!(".doctor-{}", std::process::id()));
    let timed = (|| {
        let mut file = crate::private_file(&probe)?;
        let mut times = Vec::new();
        for _ in 0..5 {
            let begun = Instant::now();
            file.write_all(&[0; 4_096])?;
            file.sync_all()?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        Ok(times.get(2).copied().unwrap_or_default())
    })();
    let _ = std::fs::remove_file(&probe);
    timed
}

#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(path).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

#[cfg(unix)]
fn permissions(path: &Path, findings: &mut Findings) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_or(0o700, |metadata| metadata.permissions().mode() & 0o777);
    let (shown, for_others) = (path.display(), mode & 0o077);
    if for_others == 0 {
        findings.ok("data folder", format!("{shown} is private"));
    } else {
        findings.warn(
            "data folder",
            format!("{shown} can be entered by others ({mode:o}): the next start makes it private"),
        );
    }
}

#[cfg(not(unix))]
fn permissions(_: &Path, _: &mut Findings) {}

fn database(server: &ServerFacts, connections: usize, isolation: Isolation, findings: &mut Findings) {
    let name = "database";
    let isolation = match isolation {
        Isolation::ReadCommitted => "read committed",
        Isolation::Serializable => "serializable",
    };
    findings.ok(name, format!("{} answers, version {}; isolation is {isolation}", server.place, server.version));
    if server.encrypted {
        findings.ok(name, "the way to it is encrypted, and its certificate is verified");
        certificates::judge(&server.place, &server.certificates, findings);
    } else {
        findings.warn(name, "the way to it is not encrypted: right on this machine only");
    }
    if server.fsync != "on" {
        findings
            .fail(name, format!("fsync = {}: it loses acknowledged writes with the power; switch it on", server.fsync));
    }
    match server.synchronous_commit.as_str() {
        "off" => findings.warn(name, "synchronous_commit is off; Cognate switches it on for its own connections"),
        setting => findings.ok(name, format!("synchronous_commit = {setting}")),
    }
    let ms = server.latency.as_secs_f64() * 1_000.0;
    if server.latency > SLOW_DATABASE {
        findings.warn(name, format!("a question takes {ms:.1} ms, and a transaction asks several: move it nearer"));
    } else {
        findings.ok(name, format!("a question takes {ms:.2} ms"));
    }
    if i64::try_from(connections).unwrap_or(i64::MAX) > server.max_connections {
        let most = server.max_connections;
        findings.fail(name, format!("it lets {most} connections in, and [database] connections = {connections}"));
    }
    let latency = i64::try_from(server.latency.as_micros()).unwrap_or(i64::MAX);
    let ahead = server.ahead_micros;
    #[expect(clippy::cast_precision_loss, reason = "shown to a tenth of a second")]
    let seconds = (ahead / 1_000) as f64 / 1_000.0;
    if ahead.abs() > SKEW.saturating_add(latency) {
        findings
            .warn("clock", format!("the database's clock is {seconds:.1} s ahead of this machine's: set both by NTP"));
    } else {
        findings.ok("clock", format!("the database's clock is {seconds:.3} s ahead of this machine's"));
    }
}
