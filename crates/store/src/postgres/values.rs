//! Parameters and columns on the wire, in the types that the prepared statement names.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::tx::{DbError, Param, Row, Rows, Value};

type Trouble = Box<dyn Error + Sync + Send>;

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Trouble> {
        match *self {
            Param::Null => Ok(IsNull::Yes),
            Param::Int(value) if *kind == Type::INT8 => value.to_sql(kind, out),
            Param::Int(value) if *kind == Type::INT4 => i32::try_from(value)?.to_sql(kind, out),
            // PostgreSQL's texts hold every character but this one, and says so in many words.
            Param::Text(value) if value.contains('\0') => Err("a text holds the character U+0000".into()),
            Param::Text(value) if <&str as ToSql>::accepts(kind) => value.to_sql(kind, out),
            Param::Bytes(value) if *kind == Type::BYTEA => value.to_sql(kind, out),
            other => Err(format!("{kind} is expected, not {}", name_of(&other)).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn name_of(param: &Param<'_>) -> &'static str {
    match param {
        Param::Null => "NULL",
        Param::Int(_) => "an integer",
        Param::Text(_) => "a text",
        Param::Bytes(_) => "bytes",
    }
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Trouble> {
        Ok(match *kind {
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Self::Int(i64::from(i32::from_sql(kind, raw)?)),
            Type::TEXT | Type::VARCHAR => Self::Text(String::from_sql(kind, raw)?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            _ => return Err(format!("a column is of the type {kind}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Trouble> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Rows as the tables read them.
pub(super) fn rows(found: &[tokio_postgres::Row]) -> Result<Rows, DbError> {
    let column = |row: &tokio_postgres::Row, column| {
        row.try_get::<_, Value>(column).map_err(|error| DbError::Corrupt(super::failure::text(&error)))
    };
    found.iter().map(|row| (0..row.len()).map(|at| column(row, at)).collect::<Result<_, _>>().map(Row)).collect()
}
