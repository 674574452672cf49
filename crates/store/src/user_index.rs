//! The handles under which users are found, and the values by which they are listed.

use cognate_domain::user::UserId;

use crate::tx::{self, DbError, Param, Tx};

/// Gives a user a handle. [`DbError::Exists`] when somebody has it: the primary key is the uniqueness.
pub fn insert_alias(tx: &mut dyn Tx, pool: &str, kind: &str, value: &str, user: &UserId) -> Result<(), DbError> {
    if claim_alias(tx, pool, kind, value, user)? { Ok(()) } else { Err(DbError::Exists) }
}

/// The same; says whether the handle was free.
pub fn claim_alias(tx: &mut dyn Tx, pool: &str, kind: &str, value: &str, user: &UserId) -> Result<bool, DbError> {
    let rows = tx.execute(
        "INSERT INTO user_aliases (pool, kind, value, user_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        &[Param::Text(pool), Param::Text(kind), Param::Bytes(value.as_bytes()), Param::Bytes(user)],
    )?;
    Ok(rows > 0)
}

/// Takes a handle away from a user.
pub fn delete_alias(tx: &mut dyn Tx, pool: &str, kind: &str, value: &str, user: &UserId) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM user_aliases WHERE pool = $1 AND kind = $2 AND value = $3 AND user_id = $4",
        &[Param::Text(pool), Param::Text(kind), Param::Bytes(value.as_bytes()), Param::Bytes(user)],
    )?;
    Ok(())
}

/// Who has a handle.
pub fn owner(tx: &mut dyn Tx, pool: &str, kind: &str, value: &str) -> Result<Option<UserId>, DbError> {
    tx.query_one(
        "SELECT user_id FROM user_aliases WHERE pool = $1 AND kind = $2 AND value = $3",
        &[Param::Text(pool), Param::Text(kind), Param::Bytes(value.as_bytes())],
    )?
    .map(|mut row| row.id(0))
    .transpose()
}

/// Makes a user findable by a value.
pub fn insert_value(tx: &mut dyn Tx, pool: &str, name: &str, value: &str, user: &UserId) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO user_attributes (pool, name, value, user_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        &[Param::Text(pool), Param::Text(name), Param::Bytes(value.as_bytes()), Param::Bytes(user)],
    )?;
    Ok(())
}

/// Ends that.
pub fn delete_value(tx: &mut dyn Tx, pool: &str, name: &str, value: &str, user: &UserId) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM user_attributes WHERE pool = $1 AND name = $2 AND value = $3 AND user_id = $4",
        &[Param::Text(pool), Param::Text(name), Param::Bytes(value.as_bytes()), Param::Bytes(user)],
    )?;
    Ok(())
}

/// Where a page of a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The value of the last entry.
    pub value: Vec<u8>,
    /// Its user.
    pub user: UserId,
}

/// Users with exactly this value, behind `after`, in the order of ids.
pub fn with_value(
    tx: &mut dyn Tx,
    pool: &str,
    name: &str,
    value: &[u8],
    after: Option<&UserId>,
    limit: i64,
) -> Result<Vec<Place>, DbError> {
    tx.query(
        "SELECT value, user_id FROM user_attributes WHERE pool = $1 AND name = $2 AND value = $3 AND user_id > $4 \
         ORDER BY user_id LIMIT $5",
        &[
            Param::Text(pool),
            Param::Text(name),
            Param::Bytes(value),
            Param::Bytes(after.map_or(&[], |id| id.as_slice())),
            Param::Int(limit),
        ],
    )?
    .into_iter()
    .map(place)
    .collect()
}

/// Users whose value begins with `prefix`, behind `after`, in the order of values and ids.
///
/// Two ranges rather than one with `OR`: the rest of the last value first, then the values above it, so that a page
/// costs the same wherever it lies.
pub fn with_prefix(
    tx: &mut dyn Tx,
    pool: &str,
    name: &str,
    prefix: &[u8],
    after: Option<&Place>,
    limit: i64,
) -> Result<Vec<Place>, DbError> {
    let end = tx::prefix_end(prefix);
    let mut found = match after {
        Some(place) => with_value(tx, pool, name, &place.value, Some(&place.user), limit)?,
        None => Vec::new(),
    };
    let rest = limit - i64::try_from(found.len()).unwrap_or(limit);
    if rest > 0 {
        let above = match (after, &end) {
            (None, Some(end)) => from_to(tx, pool, name, prefix, end, rest)?,
            (None, None) => from(tx, pool, name, prefix, rest)?,
            (Some(place), Some(end)) => between(tx, pool, name, &place.value, end, rest)?,
            (Some(place), None) => behind(tx, pool, name, &place.value, rest)?,
        };
        found.extend(above);
    }
    Ok(found)
}

fn from_to(
    tx: &mut dyn Tx,
    pool: &str,
    name: &str,
    low: &[u8],
    high: &[u8],
    limit: i64,
) -> Result<Vec<Place>, DbError> {
    range(
        tx,
        "SELECT value, user_id FROM user_attributes WHERE pool = $1 AND name = $2 AND value >= $3 AND value < $4 \
         ORDER BY value, user_id LIMIT $5",
        &[Param::Text(pool), Param::Text(name), Param::Bytes(low), Param::Bytes(high), Param::Int(limit)],
    )
}

fn from(tx: &mut dyn Tx, pool: &str, name: &str, low: &[u8], limit: i64) -> Result<Vec<Place>, DbError> {
    range(
        tx,
        "SELECT value, user_id FROM user_attributes WHERE pool = $1 AND name = $2 AND value >= $3 \
         ORDER BY value, user_id LIMIT $4",
        &[Param::Text(pool), Param::Text(name), Param::Bytes(low), Param::Int(limit)],
    )
}

fn between(
    tx: &mut dyn Tx,
    pool: &str,
    name: &str,
    above: &[u8],
    high: &[u8],
    limit: i64,
) -> Result<Vec<Place>, DbError> {
    range(
        tx,
        "SELECT value, user_id FROM user_attributes WHERE pool = $1 AND name = $2 AND value > $3 AND value < $4 \
         ORDER BY value, user_id LIMIT $5",
        &[Param::Text(pool), Param::Text(name), Param::Bytes(above), Param::Bytes(high), Param::Int(limit)],
    )
}

fn behind(tx: &mut dyn Tx, pool: &str, name: &str, above: &[u8], limit: i64) -> Result<Vec<Place>, DbError> {
    range(
        tx,
        "SELECT value, user_id FROM user_attributes WHERE pool = $1 AND name = $2 AND value > $3 \
         ORDER BY value, user_id LIMIT $4",
        &[Param::Text(pool), Param::Text(name), Param::Bytes(above), Param::Int(limit)],
    )
}

fn range(tx: &mut dyn Tx, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Place>, DbError> {
    tx.query(sql, params)?.into_iter().map(place).collect()
}

/// Handles that begin with `prefix`, behind `after`, in the order of values.
pub fn aliases_with_prefix(
    tx: &mut dyn Tx,
    pool: &str,
    kind: &str,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: i64,
) -> Result<Vec<Place>, DbError> {
    let end = tx::prefix_end(prefix).unwrap_or_else(|| vec![u8::MAX; 1024]);
    let (sql, low) = match after {
        Some(after) => (
            "SELECT value, user_id FROM user_aliases WHERE pool = $1 AND kind = $2 AND value > $3 AND value < $4 \
             ORDER BY value LIMIT $5",
            after,
        ),
        None => (
            "SELECT value, user_id FROM user_aliases WHERE pool = $1 AND kind = $2 AND value >= $3 AND value < $4 \
             ORDER BY value LIMIT $5",
            prefix,
        ),
    };
    range(tx, sql, &[Param::Text(pool), Param::Text(kind), Param::Bytes(low), Param::Bytes(&end), Param::Int(limit)])
}

fn place(mut row: crate::Row) -> Result<Place, DbError> {
    Ok(Place { value: row.bytes(0)?, user: row.id(1)? })
}
