//! The schema, in numbered steps that only go forward.

/// Each step with its number. A step that has been released is never edited; a new one is added.
pub(crate) const STEPS: &[(i64, &str)] = &[
    (1, include_str!("migrations/0001_initial.sql")),
    (2, include_str!("migrations/0002_srp.sql")),
    (4, include_str!("migrations/0004_passkeys.sql")),
    (5, include_str!("migrations/0005_sessions.sql")),
    (6, include_str!("migrations/0006_devices.sql")),
    (7, include_str!("migrations/0007_risk.sql")),
    (8, include_str!("migrations/0008_outbox.sql")),
    (9, include_str!("migrations/0009_import_jobs.sql")),
    (10, include_str!("migrations/0010_nodes.sql")),
    (11, include_str!("migrations/0011_audit.sql")),
    (12, include_str!("migrations/0012_import_log.sql")),
    (13, include_str!("migrations/0013_rates.sql")),
];

/// The schema that this program writes.
pub(crate) fn newest() -> i64 {
    STEPS.last().map_or(0, |(number, _)| *number)
}

/// The statements of a step. Statements end with `;` at the end of a line; comments begin with `--`.
pub(crate) fn statements(step: &str) -> impl Iterator<Item = &str> {
    step.split(";\n").map(str::trim).filter(|statement| {
        !statement.is_empty() && statement.lines().any(|line| !line.trim().is_empty() && !line.trim().starts_with("--"))
    })
}
