//! What PostgreSQL's SQL has that the shared SQL leaves out.

use std::fmt::Write as _;
use std::time::Duration;

use super::line::Role;

/// How long a transaction may wait for its next statement at most. A transaction that lost its client holds its locks for
/// as long, and whoever asks what became of it waits.
const IDLE: Duration = Duration::from_secs(10);

/// Begins a read: one state of the database for all its statements.
pub(super) const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
pub(super) const BEGIN_READ_COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
pub(super) const BEGIN_SERIALIZABLE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";

/// Marks the transaction in the row of its connection. Nobody else has this row, so nobody waits for it.
pub(super) const MARK: &str = "UPDATE commits SET last = $1, at = $2 WHERE id = $3";
/// Reads the mark. It writes as well: so it waits until the transaction that holds the row has ended, however it ends,
/// and its own commit waits until the standbys have what it saw, where the server waits for standbys at all.
pub(super) const LAST: &str = "UPDATE commits SET at = at WHERE id = $1 RETURNING last";

/// Whether no changed row means that the key exists already.
pub(super) fn is_plain_insert(sql: &str) -> bool {
    sql.starts_with("INSERT INTO") && !sql.contains("ON CONFLICT")
}

/// Whether a statement inserts one row, and not many.
pub(super) fn inserts_a_row(sql: &str) -> bool {
    sql.starts_with("INSERT INTO") && !sql.contains("), (")
}

/// The shared SQL, with what this engine needs besides.
///
/// An insert of a key that exists would end the whole transaction here; told to do nothing instead, it leaves the
/// transaction usable, as on the embedded engine, and no changed row tells that the key exists. A row that others must
/// not remove until the commit is marked `/*stays*/`, or
/// `/*u stays*/` where it is the one that a join calls `u`; one that others must not even change is marked `/*alone*/`.
/// The embedded engine has one writer and needs no lock.
pub(super) fn spell(sql: &str, role: Role) -> String {
    let marks =
        [("/*stays*/", "FOR KEY SHARE"), ("/*u stays*/", "FOR KEY SHARE OF u"), ("/*alone*/", "FOR NO KEY UPDATE")];
    let mut text = sql.to_owned();
    for (mark, lock) in marks {
        text = text.replace(mark, if role == Role::Writes { lock } else { "" });
    }
    if is_plain_insert(sql) {
        text.push_str(" ON CONFLICT DO NOTHING");
    }
    text
}

/// A statement of the schema. Texts are ordered by their bytes, whatever the database's own order is.
pub(super) fn spell_schema(statement: &str) -> String {
    statement.replace("/*clustered*/", "").replace(" TEXT NOT NULL", " TEXT COLLATE \"C\" NOT NULL")
}

/// The settings of every connection.
pub(super) fn settings(statement_time: Duration) -> String {
    let whole = statement_time.as_millis().max(1);
    let third = (statement_time / 3).as_millis().max(1);
    let idle = third.min(IDLE.as_millis());
    format!(
        "SET statement_timeout = {whole}; SET lock_timeout = {third}; \
         SET idle_in_transaction_session_timeout = {idle}; \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
}

/// Gives a connection its row, and removes those that nobody can ask for any more.
pub(super) fn register(id: &[u8; 16], now: i64, forget: i64) -> String {
    let id = literal(id);
    format!("DELETE FROM commits WHERE at < {forget}; INSERT INTO commits (id, last, at) VALUES ({id}, 0, {now})")
}

pub(super) fn unregister(id: &[u8; 16]) -> String {
    format!("DELETE FROM commits WHERE id = {}", literal(id))
}

fn literal(bytes: &[u8]) -> String {
    let mut text = String::from("'\\x");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insert_of_a_key_that_exists_changes_nothing() {
        let plain = spell("INSERT INTO settings (name, value) VALUES ($1, $2)", Role::Writes);
        assert_eq!(plain, "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        for other in ["INSERT INTO t (a) VALUES ($1) ON CONFLICT DO NOTHING", "UPDATE t SET a = $1", "SELECT 1"] {
            assert_eq!((spell(other, Role::Writes).as_str(), is_plain_insert(other)), (other, false));
        }
    }

    #[test]
    fn an_insert_of_many_rows_is_told_from_one_of_one() {
        assert!(inserts_a_row("INSERT INTO a (b, c) VALUES ($1, $2) ON CONFLICT (b) DO NOTHING"));
        assert!(!inserts_a_row("INSERT INTO a (b, c) VALUES ($1, $2), ($1, $3)"));
        assert!(!inserts_a_row("UPDATE a SET b = $1"));
    }

    #[test]
    fn only_who_writes_locks_rows() {
        assert_eq!(spell("SELECT 1 /*stays*/", Role::Writes), "SELECT 1 FOR KEY SHARE");
        assert_eq!(spell("SELECT 1 /*stays*/", Role::Reads), "SELECT 1 ");
        assert_eq!(spell("SELECT 1 /*u stays*/", Role::Writes), "SELECT 1 FOR KEY SHARE OF u");
        assert_eq!(spell("SELECT 1 /*alone*/", Role::Writes), "SELECT 1 FOR NO KEY UPDATE");
    }

    #[test]
    fn every_text_is_ordered_by_its_bytes() {
        for (_, step) in crate::migrations::STEPS {
            for statement in crate::migrations::statements(step) {
                let spelled = spell_schema(statement);
                let texts = spelled.lines().filter(|line| line.contains(" TEXT") && !line.starts_with("--"));
                assert!(texts.clone().all(|line| line.contains("COLLATE \"C\"")), "{spelled}");
                assert!(!spelled.contains("/*"), "{spelled}");
            }
        }
    }
}
