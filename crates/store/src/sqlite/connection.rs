//! `Tx` on a `SQLite` connection.

use std::collections::HashMap;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql};

use crate::tx::{DbError, Param, Row, Rows, Tx, Value};

/// A connection with its statements prepared once each.
pub(super) struct Engine {
    pub(super) connection: Connection,
    /// `$1` to `?1`, by the address of the text: statements are constants of the program.
    spelled: HashMap<(usize, usize), String>,
}

impl Engine {
    pub(super) fn new(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(256);
        // Without it, plans look at bound values, and a statement is parsed anew whenever its values change.
        if let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true) {
            tracing::warn!(%error, "statements will be prepared more often than they need to be");
        }
        Self { connection, spelled: HashMap::new() }
    }
}

impl Tx for Engine {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let mut statement = prepare(&self.connection, &mut self.spelled, sql)?;
        let changed = statement.execute(rusqlite::params_from_iter(params)).map_err(|e| refine(&e))?;
        Ok(changed as u64)
    }

    fn writes_many_at_once(&self) -> bool {
        false
    }

    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Rows, DbError> {
        let mut statement = prepare(&self.connection, &mut self.spelled, sql)?;
        let columns = statement.column_count();
        let mut found = statement.query(rusqlite::params_from_iter(params)).map_err(|e| refine(&e))?;
        let mut rows = Rows::new();
        while let Some(row) = found.next().map_err(|e| refine(&e))? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(value(row.get_ref(column).map_err(|e| refine(&e))?)?);
            }
            rows.push(Row(values));
        }
        Ok(rows)
    }
}

fn prepare<'c>(
    connection: &'c Connection,
    spelled: &mut HashMap<(usize, usize), String>,
    sql: &'static str,
) -> Result<rusqlite::CachedStatement<'c>, DbError> {
    let text = spelled.entry((sql.as_ptr() as usize, sql.len())).or_insert_with(|| sql.replace('$', "?"));
    connection.prepare_cached(text).map_err(|e| refine(&e))
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Param::Null => ValueRef::Null,
            Param::Int(value) => ValueRef::Integer(value),
            Param::Text(value) => ValueRef::Text(value.as_bytes()),
            Param::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, DbError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(value) => Value::Text(
            String::from_utf8(value.to_vec()).map_err(|_| DbError::Corrupt("text is not UTF-8".to_owned()))?,
        ),
        ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
        ValueRef::Real(_) => return Err(DbError::Corrupt("a column holds a fraction".to_owned())),
    })
}

/// A broken unique key is a fact that callers ask about; anything else is the engine's trouble.
pub(super) fn refine(error: &rusqlite::Error) -> DbError {
    if let rusqlite::Error::SqliteFailure(failure, _) = error
        && failure.code == ErrorCode::ConstraintViolation
        && matches!(
            failure.extended_code,
            rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY | rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
        )
    {
        return DbError::Exists;
    }
    DbError::Engine(error.to_string())
}
