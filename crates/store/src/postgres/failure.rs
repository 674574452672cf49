//! What the server's errors mean to a transaction.

use std::error::Error as _;
use std::io;

use crate::tx::DbError;

/// Why a transaction did not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// It lost a race that the server noticed: nothing of it stands, and it runs again.
    Again(String),
    /// The connection is gone, or leads to a server that takes no writes.
    Lost(String),
    /// It would fail again.
    Refused(DbError),
}

impl Failure {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let text = text(error);
        match error.code().map(tokio_postgres::error::SqlState::code) {
            Some(code) => Self::of_code(code, text),
            None if is_of_the_connection(error) => Self::Lost(text),
            None => Self::Refused(DbError::Engine(text)),
        }
    }

    fn of_code(code: &str, text: String) -> Self {
        match code {
            // A serialization failure, a deadlock.
            "40001" | "40P01" => Self::Again(text),
            "23505" => Self::Refused(DbError::Exists),
            // Waited too long for somebody else's lock.
            "55P03" => Self::Refused(DbError::Busy),
            // A server that became a standby; ours was idle too long within a transaction, or anywhere; too many
            // connections; statements that were prepared are gone, or their tables have changed.
            "25006" | "25P03" | "57P05" | "53300" | "26000" | "0A000" => Self::Lost(text),
            // The server shuts down, crashed, starts, or dropped the database.
            _ if code.starts_with("57P") || code.starts_with("08") => Self::Lost(text),
            _ => Self::Refused(DbError::Engine(text)),
        }
    }

    /// What went wrong, for messages.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Again(text) | Self::Lost(text) | Self::Refused(DbError::Engine(text)) => text.clone(),
            Self::Refused(error) => error.to_string(),
        }
    }

    /// What the closure hears.
    pub(super) fn error(&self) -> DbError {
        match self {
            Self::Again(_) => DbError::Changed,
            Self::Lost(text) => DbError::Engine(text.clone()),
            Self::Refused(error) => error.clone(),
        }
    }
}

fn is_of_the_connection(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.source().is_some_and(<dyn std::error::Error + 'static>::is::<io::Error>)
}

/// The error with its cause. The server's own details are left out: they quote values.
pub(super) fn text(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    match error.source() {
        Some(cause) if !error.to_string().contains(&cause.to_string()) => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Failure {
        Failure::of_code(code, "text".to_owned())
    }

    #[test]
    fn codes_say_whether_to_run_again_reconnect_or_give_up() {
        for again in ["40001", "40P01"] {
            assert_eq!(of(again), Failure::Again("text".to_owned()));
        }
        for lost in ["25006", "57P01", "57P03", "08006", "53300"] {
            assert_eq!(of(lost), Failure::Lost("text".to_owned()));
        }
        assert_eq!(of("23505"), Failure::Refused(DbError::Exists));
        assert_eq!(of("55P03"), Failure::Refused(DbError::Busy));
        assert_eq!(of("57014"), Failure::Refused(DbError::Engine("text".to_owned())));
    }
}
