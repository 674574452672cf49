//! Users: one row each, with the handles and search entries that `user_index` keeps in step.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cognate_domain::User;
use cognate_domain::user::UserId;
use cognate_model::{Timestamp, UserStatusType};

use crate::srp_verifiers;
use crate::tx::{self, DbError, MANY, Param, Row, Tx};

/// Writes a new user. The handles are written by [`crate::user_index::insert`].
pub fn insert(tx: &mut dyn Tx, pool: &str, user: &User) -> Result<(), DbError> {
    if insert_unless_there(tx, pool, user)? { Ok(()) } else { Err(DbError::Exists) }
}

/// The same; says whether the id was free, and writes nothing if it was not.
pub fn insert_unless_there(tx: &mut dyn Tx, pool: &str, user: &User) -> Result<bool, DbError> {
    insert_texts(tx, pool, user, &Texts::of(user)?)
}

fn insert_texts(tx: &mut dyn Tx, pool: &str, user: &User, texts: &Texts) -> Result<bool, DbError> {
    let rows = tx.execute(
        "INSERT INTO users (pool, id, version, username, status, enabled, created, modified, attributes, hidden) \
         VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        &[
            Param::Text(pool),
            Param::Bytes(&user.id),
            Param::Text(&user.username),
            Param::Text(user.status.as_str()),
            Param::Int(i64::from(user.enabled)),
            Param::Int(user.created.micros()),
            Param::Int(user.modified.micros()),
            Param::Text(&texts.attributes),
            Param::Text(&texts.hidden),
        ],
    )?;
    if rows > 0
        && let Some(sealed) = &user.hidden.password.fresh_verifier
    {
        srp_verifiers::insert(tx, pool, &user.id, sealed)?;
    }
    Ok(rows > 0)
}

/// What is written of a user as JSON, made ahead of the transaction.
#[derive(Debug, Clone)]
pub struct Texts {
    attributes: String,
    hidden: String,
}

impl Texts {
    /// Those of this user.
    pub fn of(user: &User) -> Result<Self, DbError> {
        Ok(Self { attributes: tx::to_json(&user.attributes)?, hidden: tx::to_json(&user.hidden)? })
    }
}

/// Writes users whose ids differ and are free ([`known`] tells). In the order of ids it costs least.
pub fn insert_all(tx: &mut dyn Tx, pool: &str, users: &[(&User, &Texts)]) -> Result<(), DbError> {
    static INSERT_MANY: LazyLock<String> = LazyLock::new(|| {
        let columns = "pool, id, username, status, enabled, created, modified, attributes, hidden, version";
        format!("INSERT INTO users ({columns}) VALUES {} ON CONFLICT DO NOTHING", tx::many_rows(9))
    });
    for chunk in tx::in_many(tx, users) {
        if chunk.len() < MANY {
            for (user, texts) in chunk {
                // Where it is not, somebody wrote one of them a moment ago.
                tx::changed(u64::from(insert_texts(tx, pool, user, texts)?))?;
            }
            continue;
        }
        let rows = chunk.iter().flat_map(|(user, texts)| {
            [
                Param::Bytes(&user.id),
                Param::Text(&user.username),
                Param::Text(user.status.as_str()),
                Param::Int(i64::from(user.enabled)),
                Param::Int(user.created.micros()),
                Param::Int(user.modified.micros()),
                Param::Text(&texts.attributes),
                Param::Text(&texts.hidden),
                Param::Int(1),
            ]
        });
        let params: Vec<Param<'_>> = std::iter::once(Param::Text(pool)).chain(rows).collect();
        if tx.execute(&INSERT_MANY, &params)? != MANY as u64 {
            return Err(DbError::Changed);
        }
        for (user, _) in chunk {
            if let Some(sealed) = &user.hidden.password.fresh_verifier {
                srp_verifiers::insert(tx, pool, &user.id, sealed)?;
            }
        }
    }
    Ok(())
}

/// Those of the ids that belong to users.
pub fn known(tx: &mut dyn Tx, pool: &str, ids: &[&UserId]) -> Result<BTreeSet<UserId>, DbError> {
    static SELECT_MANY: LazyLock<String> = LazyLock::new(|| {
        let ids: Vec<String> = (0..MANY).map(|number| format!("${}", number + 2)).collect();
        format!("SELECT id FROM users WHERE pool = $1 AND id IN ({})", ids.join(", "))
    });
    let mut known = BTreeSet::new();
    for chunk in ids.chunks(MANY) {
        let Some(last) = chunk.last() else { continue };
        // What is missing in the last chunk is asked for again and again.
        let padded = chunk.iter().chain(std::iter::repeat(last)).take(MANY).map(|id| Param::Bytes(id.as_slice()));
        let params: Vec<Param<'_>> = std::iter::once(Param::Text(pool)).chain(padded).collect();
        for mut row in tx.query(&SELECT_MANY, &params)? {
            known.insert(row.id(0)?);
        }
    }
    Ok(known)
}

/// Writes a changed user, unless it changed since it was read.
pub fn update(tx: &mut dyn Tx, pool: &str, user: &User) -> Result<(), DbError> {
    let attributes = tx::to_json(&user.attributes)?;
    let hidden = tx::to_json(&user.hidden)?;
    let rows = tx.execute(
        "UPDATE users SET version = version + 1, status = $1, enabled = $2, modified = $3, attributes = $4, \
         hidden = $5 WHERE pool = $6 AND id = $7 AND version = $8",
        &[
            Param::Text(user.status.as_str()),
            Param::Int(i64::from(user.enabled)),
            Param::Int(user.modified.micros()),
            Param::Text(&attributes),
            Param::Text(&hidden),
            Param::Text(pool),
            Param::Bytes(&user.id),
            Param::Int(user.version),
        ],
    )?;
    tx::changed(rows)?;
    match &user.hidden.password.fresh_verifier {
        Some(sealed) => srp_verifiers::put(tx, pool, &user.id, sealed),
        None => Ok(()),
    }
}

/// A user by the `sub`. In a transaction that writes, the user is not removed before its commit: so nothing is written
/// for one who is gone.
pub fn by_id(tx: &mut dyn Tx, pool: &str, id: &UserId) -> Result<Option<User>, DbError> {
    tx.query_one(
        "SELECT id, version, username, status, enabled, created, modified, attributes, hidden \
         FROM users WHERE pool = $1 AND id = $2 /*stays*/",
        &[Param::Text(pool), Param::Bytes(id)],
    )?
    .map(from_row)
    .transpose()
}

/// A user by a handle, in one query: this is the commonest read of all.
pub fn by_alias(tx: &mut dyn Tx, pool: &str, kind: &str, value: &str) -> Result<Option<User>, DbError> {
    tx.query_one(
        "SELECT u.id, u.version, u.username, u.status, u.enabled, u.created, u.modified, u.attributes, u.hidden \
         FROM user_aliases a JOIN users u ON u.pool = a.pool AND u.id = a.user_id \
         WHERE a.pool = $1 AND a.kind = $2 AND a.value = $3 /*u stays*/",
        &[Param::Text(pool), Param::Text(kind), Param::Bytes(value.as_bytes())],
    )?
    .map(from_row)
    .transpose()
}

/// The same as [`by_id`] for whoever removes the user. It takes no hold of them: of two who held the user neither could
/// remove them. That they are still as they were read is seen as they are removed.
pub fn by_id_to_delete(tx: &mut dyn Tx, pool: &str, id: &UserId) -> Result<Option<User>, DbError> {
    tx.query_one(
        "SELECT id, version, username, status, enabled, created, modified, attributes, hidden \
         FROM users WHERE pool = $1 AND id = $2",
        &[Param::Text(pool), Param::Bytes(id)],
    )?
    .map(from_row)
    .transpose()
}

/// The same as [`by_alias`] for whoever removes the user.
pub fn by_alias_to_delete(tx: &mut dyn Tx, pool: &str, kind: &str, value: &str) -> Result<Option<User>, DbError> {
    tx.query_one(
        "SELECT u.id, u.version, u.username, u.status, u.enabled, u.created, u.modified, u.attributes, u.hidden \
         FROM user_aliases a JOIN users u ON u.pool = a.pool AND u.id = a.user_id \
         WHERE a.pool = $1 AND a.kind = $2 AND a.value = $3",
        &[Param::Text(pool), Param::Text(kind), Param::Bytes(value.as_bytes())],
    )?
    .map(from_row)
    .transpose()
}

/// Users whose id lies behind `after`, in the order of ids, which is the order of creation.
pub fn list(tx: &mut dyn Tx, pool: &str, after: Option<&UserId>, limit: i64) -> Result<Vec<User>, DbError> {
    tx.query(
        "SELECT id, version, username, status, enabled, created, modified, attributes, hidden \
         FROM users WHERE pool = $1 AND id > $2 ORDER BY id LIMIT $3",
        &[Param::Text(pool), Param::Bytes(after.map_or(&[], |id| id.as_slice())), Param::Int(limit)],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// Removes the user and everything of theirs: nothing stays behind. The user goes first: that waits for those who are
/// writing something of theirs, and what they wrote is removed as well.
pub fn delete(tx: &mut dyn Tx, pool: &str, user: &User) -> Result<(), DbError> {
    let rows = tx.execute(
        "DELETE FROM users WHERE pool = $1 AND id = $2 AND version = $3",
        &[Param::Text(pool), Param::Bytes(&user.id), Param::Int(user.version)],
    )?;
    tx::changed(rows)?;
    crate::groups::remove_everywhere(tx, pool, &user.id)?;
    for statement in [
        "DELETE FROM refresh_tokens WHERE pool = $1 AND user_id = $2",
        "DELETE FROM codes WHERE pool = $1 AND user_id = $2",
        "DELETE FROM attempts WHERE pool = $1 AND user_id = $2",
        "DELETE FROM auth_events WHERE pool = $1 AND user_id = $2",
        "DELETE FROM outbox WHERE pool = $1 AND user_id = $2",
        "DELETE FROM srp_verifiers WHERE pool = $1 AND user_id = $2",
        "DELETE FROM passkeys WHERE pool = $1 AND user_id = $2",
        "DELETE FROM passkey_challenges WHERE pool = $1 AND user_id = $2",
        "DELETE FROM devices WHERE pool = $1 AND user_id = $2",
        "DELETE FROM risk_marks WHERE pool = $1 AND user_id = $2",
    ] {
        tx.execute(statement, &[Param::Text(pool), Param::Bytes(&user.id)])?;
    }
    Ok(())
}

fn from_row(mut row: Row) -> Result<User, DbError> {
    let status = row.text(3)?;
    Ok(User {
        id: row.id(0)?,
        version: row.int(1)?,
        username: row.text(2)?,
        status: UserStatusType::parse(&status).ok_or_else(|| DbError::Corrupt(format!("no status {status}")))?,
        enabled: row.int(4)? != 0,
        created: Timestamp::from_micros(row.int(5)?),
        modified: Timestamp::from_micros(row.int(6)?),
        attributes: row.json(7)?,
        hidden: row.json(8)?,
    })
}
