//! The handles under which users are found, and the values by which they are listed.

use std::sync::LazyLock;

use cognate_domain::user::UserId;

use crate::tx::{self, DbError, MANY, Param, Tx};
use crate::users;

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

/// A handle that a user is to have, or a value by which one is to be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry<'a> {
    /// The kind of the handle, or the name of the attribute.
    pub kind: &'a str,
    /// The handle, or the value.
    pub value: &'a str,
    /// Whose it is.
    pub user: &'a UserId,
}

/// Gives users who are to be written handles that all differ; says which were free. In the order of kinds and values it
/// costs least.
pub fn claim_aliases(tx: &mut dyn Tx, pool: &str, claims: &[Entry<'_>]) -> Result<Vec<bool>, DbError> {
    static CLAIM_MANY: LazyLock<String> = LazyLock::new(|| {
        let rows = tx::many_rows(3);
        format!("INSERT INTO user_aliases (pool, kind, value, user_id) VALUES {rows} ON CONFLICT DO NOTHING")
    });
    let mut were_free = Vec::with_capacity(claims.len());
    for chunk in tx::in_many(tx, claims) {
        if chunk.len() < MANY {
            for claim in chunk {
                were_free.push(claim_alias(tx, pool, claim.kind, claim.value, claim.user)?);
            }
        } else if tx.execute(&CLAIM_MANY, &params(pool, chunk))? == MANY as u64 {
            were_free.extend([true; MANY]);
        } else {
            for claim in chunk {
                let is_theirs = owner(tx, pool, claim.kind, claim.value)?.as_ref() == Some(claim.user);
                // Theirs from before, if they are there already.
                were_free.push(is_theirs && users::by_id(tx, pool, claim.user)?.is_none());
            }
        }
    }
    Ok(were_free)
}

/// Makes users findable by values.
pub fn insert_values(tx: &mut dyn Tx, pool: &str, values: &[Entry<'_>]) -> Result<(), DbError> {
    static INSERT_MANY: LazyLock<String> = LazyLock::new(|| {
        let rows = tx::many_rows(3);
        format!("INSERT INTO user_attributes (pool, name, value, user_id) VALUES {rows} ON CONFLICT DO NOTHING")
    });
    for chunk in tx::in_many(tx, values) {
        if chunk.len() < MANY {
            chunk.iter().try_for_each(|entry| insert_value(tx, pool, entry.kind, entry.value, entry.user))?;
        } else {
            tx.execute(&INSERT_MANY, &params(pool, chunk))?;
        }
    }
    Ok(())
}

fn params<'a>(pool: &'a str, entries: &[Entry<'a>]) -> Vec<Param<'a>> {
    let rows = entries
        .iter()
        .flat_map(|entry| [Param::Text(entry.kind), Param::Bytes(entry.value.as_bytes()), Param::Bytes(entry.user)]);
    std::iter::once(Param::Text(pool)).chain(rows).collect()
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
